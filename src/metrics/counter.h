// SPDX-License-Identifier: Apache-2.0
//
// Counter: a number that one thread changes and any thread may read, without locks and without a locked
// instruction: on the data path it costs what a plain variable does.
//
// Thread: one writer (whoever owns what is counted); any reads, and sees each number alone as it was a moment
// ago: two of them need not fit together.
#pragma once

#include <atomic>
#include <cstdint>

namespace tickcast::metrics {

class Counter {
 public:
  void add(std::uint64_t by = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  void operator++() { add(); }
  // For what goes up and down (a gauge).
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }

  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }
  operator std::uint64_t() const { return value(); }  // NOLINT: it is that number

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace tickcast::metrics
