// SPDX-License-Identifier: Apache-2.0
//
// Market comparison: the figures of a market beside those measured on the real one, and whether they agree.
// The real ones come from two Spot symbols recorded in August 2024 (BTCUSDT, ETHUSDT, eleven minutes around
// midnight), from the 24-hour ticker of January 2024 (rates by rank) and from order books of all symbols
// (spreads).
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "exchange/market_stats.h"

namespace tickcast::exchange {

struct Comparison {
  std::string figure;
  double real_low = 0;  // over symbols and periods
  double real_high = 0;
  double synthetic_low = 0;  // over the two symbols looked at closely
  double synthetic_high = 0;
  double slack = 1;  // agreed is from real_low / slack to real_high * slack
  bool agrees = false;
};

// REQUIRES: figures over ten minutes or more of a market at its usual rate; the two symbols are the busiest
// ones.
std::vector<Comparison> compare_with_real(const MarketFigures& figures);

// A line each, columns aligned: figure, real, synthetic, and what does not agree marked.
std::string comparison_table(const std::vector<Comparison>& rows);

}  // namespace tickcast::exchange
