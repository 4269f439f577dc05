// SPDX-License-Identifier: Apache-2.0
#include "load/histogram.h"

#include <algorithm>
#include <cmath>

namespace tickcast::load {

void Histogram::add(const Histogram& other) {
  count_ += other.count_;
  largest_ = std::max(largest_, other.largest_);
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
}

std::int64_t Histogram::upper_end(std::size_t bucket) {
  if (bucket < kLinear) return static_cast<std::int64_t>(bucket);
  const std::size_t shift = (bucket >> kStepBits) - 1;
  const std::size_t step = bucket - (shift << kStepBits);
  return static_cast<std::int64_t>((step + 1) << shift) - 1;
}

std::int64_t Histogram::at_percent(double percent) const {
  if (count_ == 0) return 0;
  const double exact = percent / 100 * static_cast<double>(count_);
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(exact)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::min(upper_end(i), largest_);
  }
  return largest_;
}

}  // namespace tickcast::load
