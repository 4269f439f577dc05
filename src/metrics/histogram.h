// SPDX-License-Identifier: Apache-2.0
//
// Histogram: how durations spread over fixed buckets, from 50 us to 10 s. Fixed and the same everywhere, so
// that shards, processes and machines can be summed.
//
// Thread: one writer; any reads (counter.h). Adding costs a few comparisons and two plain stores.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "metrics/counter.h"

namespace tickcast::metrics {

class Histogram {
 public:
  // Upper bounds, inclusive; what is longer than the last counts in one more bucket.
  static constexpr std::array<std::int64_t, 17> kBoundsNs = {
      50 * kNsPerUs,  100 * kNsPerUs, 250 * kNsPerUs,   500 * kNsPerUs,   1 * kNsPerMs,     2 * kNsPerMs,
      5 * kNsPerMs,   10 * kNsPerMs,  25 * kNsPerMs,    50 * kNsPerMs,    100 * kNsPerMs,   250 * kNsPerMs,
      500 * kNsPerMs, kNsPerSecond,   2 * kNsPerSecond, 5 * kNsPerSecond, 10 * kNsPerSecond};
  static constexpr std::size_t kBuckets = kBoundsNs.size() + 1;

  // A negative duration (clocks of two machines) counts as none.
  void add(std::int64_t duration_ns) {
    if (duration_ns < 0) duration_ns = 0;
    std::size_t bucket = 0;
    while (bucket < kBoundsNs.size() && duration_ns > kBoundsNs[bucket]) ++bucket;
    buckets_[bucket].add();
    sum_ns_.add(static_cast<std::uint64_t>(duration_ns));
  }

  // What was read, to be summed over writers.
  struct Reading {
    std::array<std::uint64_t, kBuckets> buckets{};
    std::uint64_t sum_ns = 0;

    Reading& operator+=(const Reading& other) {
      for (std::size_t i = 0; i < kBuckets; ++i) buckets[i] += other.buckets[i];
      sum_ns += other.sum_ns;
      return *this;
    }
  };
  Reading read() const {
    Reading out;
    for (std::size_t i = 0; i < kBuckets; ++i) out.buckets[i] = buckets_[i].value();
    out.sum_ns = sum_ns_.value();
    return out;
  }

 private:
  std::array<Counter, kBuckets> buckets_;
  Counter sum_ns_;
};

}  // namespace tickcast::metrics
