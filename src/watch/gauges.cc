// SPDX-License-Identifier: Apache-2.0
#include "watch/gauges.h"

#include <algorithm>

namespace tickcast::watch {
namespace {

constexpr std::int64_t kDriftParts = 50'000;  // clocks drift by 20 ppm

// Value at a fraction of the order. Reorders the values. REQUIRES: there are some.
std::int64_t at_fraction(std::vector<std::int64_t>& values, double fraction) {
  const auto rank =
      std::min(values.size() - 1, static_cast<std::size_t>(fraction * static_cast<double>(values.size())));
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

}  // namespace

void Rate::add(std::int64_t now_ns, std::uint64_t events) {
  advance(now_ns);
  at(bucket_) += events;
}

double Rate::per_second(std::int64_t now_ns) {
  if (since_ == kNone) return 0;
  advance(now_ns);
  const std::int64_t whole = std::min(kBuckets, bucket_ - since_);
  if (whole <= 0) return 0;
  std::uint64_t sum = 0;
  for (std::int64_t back = 1; back <= whole; ++back) sum += at(bucket_ - back);
  return static_cast<double>(sum) * static_cast<double>(kNsPerSecond) /
         static_cast<double>(whole * kBucketNs);
}

void Rate::advance(std::int64_t now_ns) {
  const std::int64_t bucket = now_ns / kBucketNs;
  if (bucket_ == kNone) bucket_ = since_ = bucket;
  if (bucket - bucket_ > kBuckets + 1) bucket_ = bucket - (kBuckets + 1);
  while (bucket_ < bucket) at(++bucket_) = 0;
}

void Percentiles::add(std::int64_t now_ns, std::int64_t value_ns) {
  const Sample sample{now_ns, value_ns};
  if (samples_.size() < samples_max_) {
    samples_.push_back(sample);
    return;
  }
  samples_[next_] = sample;
  next_ = (next_ + 1) % samples_max_;
}

Ages Percentiles::ages(std::int64_t now_ns, std::optional<std::int64_t> offset_ns) const {
  std::vector<std::int64_t> recent;
  recent.reserve(samples_.size());
  for (const Sample& sample : samples_) {
    if (now_ns - sample.at_ns < kWindowNs) recent.push_back(sample.value_ns);
  }
  if (recent.empty() || !offset_ns) return {};
  const auto told = [&](double fraction) {
    return std::max<std::int64_t>(0, at_fraction(recent, fraction) + *offset_ns);
  };
  return {told(0.5), told(0.99)};
}

void ClockOffset::received(std::int64_t sent_there_ns, std::int64_t received_here_ns) {
  widen(received_here_ns);
  low_ns_ = std::max(low_ns_, sent_there_ns - received_here_ns);
  high_ns_ = std::max(low_ns_, high_ns_);
}

void ClockOffset::answered(std::int64_t asked_here_ns, std::int64_t sent_there_ns,
                           std::int64_t received_here_ns) {
  received(sent_there_ns, received_here_ns);
  const std::int64_t trip_ns = received_here_ns - asked_here_ns;
  fastest_ns_ = std::min(fastest_ns_.value_or(trip_ns), trip_ns);
  high_ns_ = std::max(low_ns_, std::min(high_ns_, sent_there_ns - asked_here_ns));
}

void ClockOffset::widen(std::int64_t here_ns) {
  const std::int64_t drift_ns = at_ns_ ? std::max<std::int64_t>(0, here_ns - *at_ns_) / kDriftParts : 0;
  if (low_ns_ != kNoLow) low_ns_ -= drift_ns;
  if (high_ns_ != kNoHigh) high_ns_ += drift_ns;
  if (!at_ns_ || drift_ns != 0) at_ns_ = here_ns;  // many short steps must not be rounded away
}

std::optional<std::int64_t> ClockOffset::value_ns() const {
  if (!known()) return std::nullopt;
  return low_ns_ + (high_ns_ - low_ns_) / 2;
}

}  // namespace tickcast::watch
