// SPDX-License-Identifier: Apache-2.0
//
// The few statistics that market_stats.h and symbol_stats.h are made of. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "market/decimal.h"

namespace tickcast::exchange {

inline double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// The value below which `fraction` of the sorted values lie.
template <class T>
double quantile(const std::vector<T>& sorted, double fraction) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<std::size_t>(fraction * static_cast<double>(sorted.size()));
  return static_cast<double>(sorted[std::min(at, sorted.size() - 1)]);
}

// Mean and variance of what was added.
class Moments {
 public:
  void add(double value) {
    ++count_;
    sum_ += value;
    square_ += value * value;
  }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  double variance() const {
    return count_ == 0 ? 0 : std::max(0.0, square_ / static_cast<double>(count_) - mean() * mean());
  }
  double sd() const { return std::sqrt(variance()); }

 private:
  std::uint64_t count_ = 0;
  double sum_ = 0;
  double square_ = 0;
};

// Events per window, from the first event of the market on.
class Counts {
 public:
  explicit Counts(std::int64_t window_ns) : window_ns_(window_ns) {}

  void add(std::int64_t since_first_ns) {
    const auto at = static_cast<std::size_t>(since_first_ns / window_ns_);
    if (at >= counts_.size()) counts_.resize(at + 1);
    ++counts_[at];
  }

  // In windows `factor` times as long; the unfinished last one is left out.
  std::vector<double> windows(std::size_t factor, std::size_t windows_in_all) const {
    std::vector<double> out(windows_in_all / factor);
    for (std::size_t i = 0; i < std::min(counts_.size(), out.size() * factor); ++i) {
      out[i / factor] += static_cast<double>(counts_[i]);
    }
    return out;
  }

 private:
  std::int64_t window_ns_;
  std::vector<std::uint32_t> counts_;
};

inline Moments moments_of(const std::vector<double>& values) {
  Moments out;
  for (double v : values) out.add(v);
  return out;
}

inline double dispersion(const std::vector<double>& counts) {
  const Moments moments = moments_of(counts);
  return moments.mean() == 0 ? 0 : moments.variance() / moments.mean();
}

// The mean over `pieces` equal parts of each part's highest count over its mean.
inline double peak_to_mean(const std::vector<double>& counts, std::size_t pieces) {
  const std::size_t length = counts.size() / pieces;
  Moments out;
  for (std::size_t piece = 0; piece < pieces && length > 0; ++piece) {
    const auto first = counts.begin() + static_cast<std::ptrdiff_t>(piece * length);
    const std::vector<double> part(first, first + static_cast<std::ptrdiff_t>(length));
    const double mean = moments_of(part).mean();
    if (mean > 0) out.add(*std::max_element(part.begin(), part.end()) / mean);
  }
  return out.mean();
}

// Of one series with another (or itself) `lag` windows later.
inline double correlation(const std::vector<double>& a, const std::vector<double>& b, std::size_t lag = 0) {
  const Moments of_a = moments_of(a);
  const Moments of_b = moments_of(b);
  if (a.size() <= lag || of_a.variance() == 0 || of_b.variance() == 0) return 0;
  double sum = 0;
  for (std::size_t i = 0; i + lag < a.size(); ++i) sum += (a[i] - of_a.mean()) * (b[i + lag] - of_b.mean());
  return sum / static_cast<double>(a.size()) / (of_a.sd() * of_b.sd());
}

// As a number, for measuring: nothing that is sent passes through here.
inline double natural(market::Decimal value) {
  static const auto kUnits = [] {
    std::array<double, market::Decimal::kFractionDigitsMax + 1> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::pow(10.0, -static_cast<double>(i));
    return out;
  }();
  return static_cast<double>(value.mantissa) * kUnits[static_cast<std::size_t>(-value.exponent)];
}

}  // namespace tickcast::exchange
