// SPDX-License-Identifier: Apache-2.0
#include "exchange/random.h"

#include <algorithm>

namespace tickcast::exchange {

const Random::Quantiles& Random::quantiles() {
  // Inverts the normal distribution by bisection at the middle of each of 4,096 equal slices, then scales to
  // unit variance, of which the missing tails hold a little.
  static const Quantiles table = [] {
    Quantiles out{};
    double square = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double p = (static_cast<double>(i) + 0.5) / static_cast<double>(out.size());
      double low = -6;
      double high = 6;
      for (int step = 0; step < 60; ++step) {
        const double middle = 0.5 * (low + high);
        (0.5 * std::erfc(-middle / std::sqrt(2.0)) < p ? low : high) = middle;
      }
      out[i] = low;
      square += low * low;
    }
    const double scale = std::sqrt(static_cast<double>(out.size()) / square);
    for (double& z : out) z *= scale;
    return out;
  }();
  return table;
}

LognormalTable::LognormalTable(double sigma, double scale, double z_max) : values_{} {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const double z = static_cast<double>(i) / kStepsPerUnit - kSpan;
    values_[i] = scale * std::exp(sigma * std::min(z, z_max));
  }
}

}  // namespace tickcast::exchange
