// SPDX-License-Identifier: Apache-2.0
//
// The synthetic universe: which symbols trade, at which price, on which grids, how often and how wide. Shapes
// follow Binance Spot: quote assets by share of listings, tick sizes of 1 to 10 basis points of the price,
// step sizes of 3 to 30 cents, event rates by rank, names of 4 to 13 characters of which some begin with a
// digit and some are Chinese. Well-known symbols come with plausible prices, the rest is made up.
//
// Pure, made once. The names depend on the number of symbols alone; prices, spreads and sizes vary with the
// seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "market/symbol_table.h"

namespace tickcast::exchange {

struct SyntheticSymbol {
  market::Listing listing;
  std::int64_t tick_e8 = 1;      // price grid in 1e-8
  std::int64_t step_e8 = 1;      // quantity grid in 1e-8
  std::int64_t price_ticks = 1;  // where it starts
  double rate_share = 0;         // of all events; all symbols' sum is 1
  double spread_ticks = 1;       // what its spread returns to
  double jump_ticks = 1;         // median of a price move; below 1 means that most moves are one tick
  double quantity_lots = 1;      // median quantity
};

// By descending rate: number 0 is BTCUSDT. REQUIRES: 1 <= count <= market::SymbolTable::kSymbolsMax
std::vector<SyntheticSymbol> make_universe(std::size_t count, std::uint64_t seed);

}  // namespace tickcast::exchange
