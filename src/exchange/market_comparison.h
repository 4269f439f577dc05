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
  double here_low = 0;  // over the two symbols looked at closely
  double here_high = 0;
  double slack = 1;  // agreed is from real_low / slack to real_high * slack
  bool agrees = false;
};

// Meaningful over five minutes or more of a market at its usual rate, the two symbols being the busiest.
// Figures of the market as a whole are left out of one with few symbols.
std::vector<Comparison> compare_with_real(const MarketFigures& figures);

// A line each, columns aligned: figure, real, measured here, and what does not agree marked.
std::string comparison_table(const std::vector<Comparison>& rows);

}  // namespace tickcast::exchange
