// SPDX-License-Identifier: Apache-2.0
//
// What can be told of a symbol that is known by its name and quotes alone (from a topic, whose records carry
// no more): its assets, split at a quote asset that the exchange is known to have, and its grids, as fine as
// the finest price and quantity seen.
//
// Thread: the owner's.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "market/decimal.h"
#include "market/quote.h"
#include "market/symbol_table.h"

namespace tickcast::market {

// A listing that trades, with grids of one. The longest known quote asset at the end of the name wins; none:
// the base asset is the whole name.
Listing guess_listing(std::string_view symbol);

// The grids of symbols, learnt from their quotes.
class GridGuess {
 public:
  // True when the quote shows that a grid of the symbol is finer than known: listing() has changed.
  bool learn(SymbolId symbol, const Quote& quote);
  // Puts the grids known of `symbol` into a listing: "0.01".
  void fill(SymbolId symbol, Listing& listing) const;

 private:
  struct Digits {
    std::int8_t price = 0;  // after the point
    std::int8_t quantity = 0;
  };
  std::array<Digits, SymbolTable::kSymbolsMax> digits_{};
};

}  // namespace tickcast::market
