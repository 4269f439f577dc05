// SPDX-License-Identifier: Apache-2.0
//
// Histogram: how often each duration was seen, in fixed memory, from 1 ns to over an hour. Log-linear, as
// Gil Tene's HDR histogram at two significant digits: exact below 256, above it 128 steps per doubling, so a
// value that is read back is at most 1/128 above one that was recorded.
//
// Plain data without pointers: it may lie in memory that processes share. Thread: the owner's.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tickcast::load {

class Histogram {
 public:
  static constexpr int kValueBits = 42;  // a larger value counts as the largest; largest() stays exact
  static constexpr std::int64_t kValueMax = (std::int64_t{1} << kValueBits) - 1;

  // A negative value counts as 0.
  void record(std::int64_t value) {
    if (value < 0) value = 0;
    if (value > largest_) largest_ = value;
    ++counts_[bucket_of(value > kValueMax ? kValueMax : value)];
    ++count_;
  }
  void add(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::int64_t largest() const { return largest_; }
  // The value that `percent` of all values do not exceed: the upper end of the bucket in which the nearest
  // rank lies, and never more than largest(). 0 when there are none. REQUIRES: 0 <= percent <= 100.
  std::int64_t at_percent(double percent) const;

 private:
  static constexpr int kStepBits = 7;  // steps per doubling: 128
  static constexpr std::size_t kLinear = std::size_t{2} << kStepBits;
  static constexpr std::size_t kBuckets = kLinear + ((kValueBits - kStepBits - 1) << kStepBits);

  static std::size_t bucket_of(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    if (bits < kLinear) return bits;
    const int shift = static_cast<int>(std::bit_width(bits)) - kStepBits - 1;
    return (static_cast<std::size_t>(shift) << kStepBits) + (bits >> shift);
  }
  static std::int64_t upper_end(std::size_t bucket);

  std::uint64_t count_ = 0;
  std::int64_t largest_ = 0;
  std::array<std::uint64_t, kBuckets> counts_{};
};

}  // namespace tickcast::load
