// SPDX-License-Identifier: Apache-2.0
//
// The plan of a leg: which connection carries which symbol, and how a connection's names are cut into
// SUBSCRIBE requests. Pure.
//
// The exchange allows 1,024 streams per connection; load decides before that rule does, so symbols are spread
// by the rate that is expected of them. That rate is a guess from the names alone (known majors, then the
// quote asset): good enough to keep the busiest symbols apart, and it needs no further look-up at start.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "market/quote.h"
#include "market/symbol_table.h"
#include "wire/stream_name.h"

namespace tickcast::feed {

// Events per second to expect of a symbol on an ordinary day: a guess, within a factor of ten.
double expected_rate(const market::Listing& listing);

struct RatedSymbol {
  market::SymbolId symbol{};
  double rate = 0;
};

// One list of symbols per connection; every symbol in exactly one, none over `streams_max` long, as few as
// that allows but at least `connections_min` (fewer when there are fewer symbols). Equal input, equal plan.
// REQUIRES: both at least 1.
std::vector<std::vector<market::SymbolId>> spread(std::vector<RatedSymbol> symbols,
                                                  std::size_t connections_min, std::size_t streams_max);

// The smallest `bytes_max` for which every single name that a symbol table can hold fits in a request of its
// own.
inline constexpr std::size_t kRequestBytesMin = 512;

// How many names each request takes, in order: the sum is names.size(), and wire::subscribe_request of each
// run is at most `bytes_max` bytes long whatever its id. REQUIRES: bytes_max >= kRequestBytesMin, and names
// no longer than the symbol table allows.
std::vector<std::size_t> request_lengths(std::span<const std::string> names, std::size_t bytes_max);

// "btcusdt@bookTicker", from the lower-case symbol.
std::string stream_of(std::string_view lower_case_symbol, wire::Channel channel);

}  // namespace tickcast::feed
