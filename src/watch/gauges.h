// SPDX-License-Identifier: Apache-2.0
//
// Gauges: rates, percentiles of ages, and how far two clocks are apart: the same methods as the live page's
// (web/gauges.js). "Here" is this machine's clock, "there" the server's; both are wall clocks in ns since
// the epoch. `now_ns` is the steady clock.
//
// Pure: the time is passed in. Thread: the owner's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"

namespace tickcast::watch {

// Events per second over the last two seconds, in buckets of a quarter.
class Rate {
 public:
  void add(std::int64_t now_ns, std::uint64_t events);
  // Over whole buckets only, and over as many as there were since the first event.
  double per_second(std::int64_t now_ns);

 private:
  static constexpr std::int64_t kBuckets = 8;
  static constexpr std::int64_t kBucketNs = 250 * kNsPerMs;
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();

  std::uint64_t& at(std::int64_t bucket) {
    return counts_[static_cast<std::size_t>(bucket) % counts_.size()];
  }
  void advance(std::int64_t now_ns);

  std::array<std::uint64_t, kBuckets + 1> counts_{};
  std::int64_t bucket_ = kNone;
  std::int64_t since_ = kNone;
};

struct Ages {
  std::optional<std::int64_t> p50_ns;
  std::optional<std::int64_t> p99_ns;
};

// The newest of the last ten seconds' values, at most so many. Takes its memory as it is filled.
class Percentiles {
 public:
  static constexpr std::int64_t kWindowNs = 10 * kNsPerSecond;

  explicit Percentiles(std::size_t samples_max) : samples_max_(samples_max) {}

  void add(std::int64_t now_ns, std::int64_t value_ns);
  // Median and 99th percentile, with the offset between the clocks that the values were taken by added;
  // never below zero, whatever the clocks say. None without a sample, or without an offset.
  Ages ages(std::int64_t now_ns, std::optional<std::int64_t> offset_ns) const;
  void clear() { samples_.clear(), next_ = 0; }

 private:
  struct Sample {
    std::int64_t at_ns;
    std::int64_t value_ns;
  };

  std::size_t samples_max_;
  std::size_t next_ = 0;
  std::vector<Sample> samples_;
};

// What must be added to here to get there, between two bounds that causality sets: an event that was sent
// there at `s` and came at `r` here says offset >= s - r; one that answers a request sent here at `q` says
// offset <= s - q. The narrowest bounds are kept and widened slowly, because clocks drift.
class ClockOffset {
 public:
  void received(std::int64_t sent_there_ns, std::int64_t received_here_ns);
  void answered(std::int64_t asked_here_ns, std::int64_t sent_there_ns, std::int64_t received_here_ns);
  void reset() { *this = {}; }

  bool known() const { return low_ns_ != kNoLow && high_ns_ != kNoHigh; }
  std::optional<std::int64_t> value_ns() const;
  // The true offset is within this of the value. REQUIRES: known().
  std::int64_t uncertainty_ns() const { return (high_ns_ - low_ns_) / 2; }
  std::optional<std::int64_t> fastest_trip_ns() const { return fastest_ns_; }

 private:
  static constexpr std::int64_t kNoLow = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kNoHigh = std::numeric_limits<std::int64_t>::max();

  void widen(std::int64_t here_ns);

  std::int64_t low_ns_ = kNoLow;
  std::int64_t high_ns_ = kNoHigh;
  std::optional<std::int64_t> at_ns_;  // when they were widened last
  std::optional<std::int64_t> fastest_ns_;
};

}  // namespace tickcast::watch
