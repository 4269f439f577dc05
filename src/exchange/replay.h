// SPDX-License-Identifier: Apache-2.0
//
// Replay: a recording as a Source: its book tickers at the distances in time at which they were received, or
// scaled. Reads the line forms of wire/recording.h, plain or gzip. Played are the lines of Spot; those of
// other venues only when the file has no other. Other frames (trades, depth, replies) are passed over and
// counted. Ends with the file and is quiet from then on.
//
// Thread: its owner's. Memory: one line, one flush and the symbols; the file is read twice, first for its
// symbols and their first quotes, then as it is played.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "exchange/source.h"

namespace tickcast::exchange {

// Bounds of a recording; one that exceeds them is refused by open_replay().
inline constexpr std::size_t kReplayLineBytesMax = 16 * 1024 * 1024;
inline constexpr double kReplaySpeedMin = 0.001;
inline constexpr double kReplaySpeedMax = 1000;
inline constexpr std::size_t kReplayFlushEventsMax =
    4096;  // more are played as several flushes of the same moment

class Replay final : public Source {
 public:
  // What the first reading found.
  struct Summary {
    std::uint64_t lines = 0;
    std::uint64_t tickers = 0;       // that will be played
    std::uint64_t other_venues = 0;  // tickers of venues that are not played
    std::uint64_t other_frames = 0;  // frames of other kinds
    std::uint64_t unreadable = 0;    // lines and frames that are none of these; a URL line is one
    std::int64_t first_ns = 0;       // epoch, as recorded
    std::int64_t last_ns = 0;
  };

  ~Replay() override;

  market::Origin origin() const override { return market::Origin::replay; }

  // Symbols in order of appearance. Assets are split off at known quote assets; the grids are the finest
  // digits seen.
  const std::vector<market::Listing>& listings() const override;
  // A symbol's first quote stands in until its first event is played.
  const std::vector<market::Quote>& quotes() const override;
  std::span<const MarketEvent> due(std::int64_t now_ns) override;
  std::int64_t next_ns() const override;  // after the end: the largest int64

  const Summary& summary() const;

 private:
  friend Result<std::unique_ptr<Replay>> open_replay(const std::string& path, double speed,
                                                     std::int64_t start_ns);
  struct Impl;
  explicit Replay(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Plays the file at `path` from `start_ns` (epoch) on, `speed` times as fast as it was recorded.
Result<std::unique_ptr<Replay>> open_replay(const std::string& path, double speed, std::int64_t start_ns);

}  // namespace tickcast::exchange
