// SPDX-License-Identifier: Apache-2.0
//
// Random: seeded random numbers for the synthetic market. Own generator and own distributions, because those
// of <random> differ between standard libraries and a seed must give the same market everywhere. Normal
// variates come from a table of quantiles: |z| <= 3.7, no rejection, one look-up.
//
// Thread: its owner's. The tables are shared and constant.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace tickcast::exchange {

class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (auto& word : state_) word = split(seed);
  }

  // xoshiro256++ (Blackman, Vigna): 64 uniform bits.
  std::uint64_t bits() {
    const std::uint64_t out = rotate(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return out;
  }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }  // [0, 1)
  bool chance(double probability) { return uniform() < probability; }
  // [0, bound). REQUIRES: 0 < bound < 2^53
  std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>(uniform() * static_cast<double>(bound));
  }
  double exponential() { return -std::log1p(-uniform()); }  // mean 1
  double normal() { return (*quantiles_)[bits() >> (64 - kQuantileBits)]; }

  // Mixes a seed and a number into a seed of its own.
  static std::uint64_t mix(std::uint64_t seed, std::uint64_t number) {
    seed ^= number * 0x9E3779B97F4A7C15u;
    return split(seed);
  }

 private:
  static constexpr unsigned kQuantileBits = 12;
  using Quantiles = std::array<double, std::size_t{1} << kQuantileBits>;

  static std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  // SplitMix64: advances the seed.
  static std::uint64_t split(std::uint64_t& seed) {
    std::uint64_t z = (seed += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  static const Quantiles& quantiles();

  std::array<std::uint64_t, 4> state_;
  const Quantiles* quantiles_ = &quantiles();
};

// scale * exp(sigma * z) for a z from Random::normal() or a walk of such: straight lines between the entries
// of a table over
// [-kSpan, kSpan], constant outside
// and from z_max on.
class LognormalTable {
 public:
  static constexpr double kSpan = 4.0;
  explicit LognormalTable(double sigma, double scale = 1.0, double z_max = kSpan);
  double operator()(double z) const {
    const double at = (z + kSpan) * kStepsPerUnit;
    if (!(at > 0)) return values_.front();
    const auto i = static_cast<std::size_t>(at);
    if (i + 1 >= values_.size()) return values_.back();
    return values_[i] + (at - static_cast<double>(i)) * (values_[i + 1] - values_[i]);
  }

 private:
  static constexpr double kStepsPerUnit = 32;
  std::array<double, static_cast<std::size_t>(2 * kSpan * kStepsPerUnit) + 1> values_;
};

}  // namespace tickcast::exchange
