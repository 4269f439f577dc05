// SPDX-License-Identifier: Apache-2.0
//
// MarketModel: a synthetic market with the statistics of the real one: universe.h says what trades,
// arrivals.h when events come and synthetic_book.h what each changes. Seeded: the same seed and start give
// the same events, byte for byte. Pure: time is passed in.
//
// Thread: its owner's. Memory: fixed after construction, but for the largest flush seen (a flush is bounded
// by kFlushEventsMax).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "exchange/source.h"

namespace tickcast::exchange {

struct MarketOptions {
  std::size_t symbols = 1400;       // 1..8192, by descending rate: number 0 is BTCUSDT
  double events_per_second = 6000;  // of all symbols together, in the long run; 0.1 or more
  std::uint64_t seed = 1;
  std::int64_t start_ns =
      0;  // epoch; update ids begin higher the later it is, so that a restarted market continues upwards
};

class MarketModel final : public Source {
 public:
  // The exchange flushes its connections about this often.
  static constexpr std::int64_t kFlushNs = 1'050'000;
  // Events of one flush; more wait for the next.
  static constexpr std::size_t kFlushEventsMax = 1 << 16;

  explicit MarketModel(const MarketOptions& options);
  ~MarketModel() override;

  const std::vector<market::Listing>& listings() const override;
  const std::vector<market::Quote>& quotes() const override;
  std::span<const MarketEvent> due(std::int64_t now_ns) override;
  std::int64_t next_ns() const override;

  // Mean events per second of each symbol, by number; their sum is MarketOptions::events_per_second.
  const std::vector<double>& rates() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickcast::exchange
