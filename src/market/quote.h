// SPDX-License-Identifier: Apache-2.0
//
// Quote: the best bid and ask of one symbol, and the times at which it passed each hop. Plain data.
#pragma once

#include <cstdint>
#include <type_traits>

#include "market/decimal.h"

namespace tickcast::market {

// Dense index of a symbol, given by the SymbolTable: 0, 1, 2, ...
enum class SymbolId : std::uint16_t {};
constexpr std::size_t index(SymbolId id) { return static_cast<std::size_t>(id); }

// A source that gives no update id (a REST look-up, another producer's record).
inline constexpr std::int64_t kNoUpdateId = 0;

struct Quote {
  std::int64_t update_id =
      kNoUpdateId;    // the exchange's `u`: greater is newer, per symbol; steps are irregular
  Decimal bid_price;  // a side without orders is zero in price and quantity
  Decimal bid_quantity;
  Decimal ask_price;
  Decimal ask_quantity;
  std::int64_t event_ns = 0;     // when the exchange made it, epoch; 0: the source does not tell
  std::int64_t received_ns = 0;  // when its bytes were read from the source's socket, epoch
  std::int64_t admitted_ns = 0;  // when the book of the first tickcast took it in, epoch

  // The same prices and quantities, whatever the id and the times.
  bool same_values(const Quote& other) const {
    return bid_price == other.bid_price && bid_quantity == other.bid_quantity &&
           ask_price == other.ask_price && ask_quantity == other.ask_quantity;
  }
};
static_assert(std::is_trivially_copyable_v<Quote> && sizeof(Quote) == 96);

}  // namespace tickcast::market
