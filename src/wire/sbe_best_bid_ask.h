// SPDX-License-Identifier: Apache-2.0
//
// BestBidAskStreamEvent: Binance's binary message of a best bid and ask, in Simple Binary Encoding (schema 1,
// version 0, template 10001). Written, not read. Pure. Little-endian, fields not aligned:
//
//   offset bytes
//      0     2    blockLength = 50     bytes from 8 on before the symbol
//      2     2    templateId = 10001
//      4     2    schemaId = 1
//      6     2    version = 0
//      8     8    eventTime            µs since the epoch
//     16     8    bookUpdateId         `u`; 0: the source told none
//     24     1    priceExponent        a price is its mantissa * 10^priceExponent
//     25     1    qtyExponent          a quantity likewise
//     26     8    bidPrice             mantissa
//     34     8    bidQty
//     42     8    askPrice
//     50     8    askQty
//     58     1    n, the symbol's length
//     59     n    symbol               UTF-8, upper case
//
// eventTime is the exchange's where the source tells it, else when this system took the quote in.
//
// Bid and ask share an exponent: that of the one with more decimals, so that both keep theirs. Where the
// other's mantissa would not fit 64 bits then, trailing zeros of the finer one give way. What fits no common
// exponent even so (bid and ask nineteen digits apart) has no message.
#pragma once

#include <cstddef>
#include <string_view>

#include "market/quote.h"
#include "market/symbol_table.h"

namespace tickcast::wire {

inline constexpr std::size_t kBestBidAskBytesMax = 59 + market::SymbolTable::kNameBytesMax;

// Writes the message (room for kBestBidAskBytesMax) and returns its end; null: the quote has none.
char* write_best_bid_ask(char* out, std::string_view symbol, const market::Quote& quote);

}  // namespace tickcast::wire
