// SPDX-License-Identifier: Apache-2.0
//
// The REST look-ups of the exchange that stream clients make first (facts of Binance's /api/v3): JSON <->
// values, read and written. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "market/quote.h"
#include "market/symbol_table.h"

namespace tickcast::wire {

// GET /api/v3/exchangeInfo -> the listings. Unknown keys are ignored; a symbol without a usable name or
// status is left out.
Result<std::vector<market::Listing>> parse_exchange_info(std::string_view json);
// Symbols that are gone are left out; an asset that is not known is split off the name.
std::string exchange_info(const std::vector<market::Listing>& listings, std::int64_t server_time_ms,
                          bool with_permission_sets = true);
// What it begins with: all that depends on the time.
std::string exchange_info_head(std::int64_t server_time_ms);

// GET /api/v3/ticker/bookTicker -> symbol and values; no id, no time. Rows that do not fit exactly are left
// out.
struct RestTicker {
  std::string symbol;
  market::Quote quote;
};
Result<std::vector<RestTicker>> parse_rest_tickers(std::string_view json);     // an array, or one object
std::string rest_ticker(std::string_view symbol, const market::Quote& quote);  // one object

// {"serverTime":1499827319559}
std::string server_time(std::int64_t ms);

// {"code":-1121,"msg":"Invalid symbol."}
std::string rest_error(int code, std::string_view message);

// The value of `symbols=["BTCUSDT","BNBBTC"]`; an error for anything else.
Result<std::vector<std::string>> parse_symbols_parameter(std::string_view json);

}  // namespace tickcast::wire
