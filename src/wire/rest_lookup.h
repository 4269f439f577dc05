// SPDX-License-Identifier: Apache-2.0
//
// The REST look-ups from a request to its answer's body: /api/v3/ping, time, exchangeInfo, ticker/bookTicker.
// What the parameters ask for, what is wrong with them in the exchange's codes and words, and the bodies; for
// every role that answers them. Facts: Spot REST API, "General endpoints", "Symbol order book ticker", "Error
// codes". Pure: the time is passed in. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "market/quote.h"
#include "market/symbol_table.h"
#include "wire/http.h"

namespace tickcast::wire {

enum class LookUp : std::uint8_t { ping, time, exchange_info, book_ticker };

// Nothing for a path that is not a look-up.
std::optional<LookUp> look_up_at(std::string_view path);

// The symbols that look-ups tell of, by number from 0.
class RestMarket {
 public:
  using Number = std::uint32_t;

  virtual Number size() const = 0;
  virtual bool listed(Number symbol) const = 0;  // one that is not is as if it did not exist
  virtual std::optional<Number> find(std::string_view name) const = 0;  // listed or not
  virtual std::string_view name(Number symbol) const = 0;
  virtual bool has_status(Number symbol, std::string_view status) const = 0;
  virtual market::Listing listing(Number symbol) const = 0;
  virtual bool quote(Number symbol, market::Quote& out) const = 0;  // false: it has none yet

 protected:
  ~RestMarket() = default;
};

// What a request asks for.
struct LookUpQuery {
  LookUp what = LookUp::ping;
  std::optional<std::vector<RestMarket::Number>> named;  // by symbol or symbols, in their order
  bool single = false;                                   // by symbol
  std::string status;                                    // symbolStatus; "" for any
  bool spot = true;                                      // permissions that our symbols have
  bool with_permission_sets = true;
  bool in_microseconds = false;  // X-MBX-TIME-UNIT, of time

  // Asks for every symbol's listing: the one large body that seldom changes (info_cache.h).
  bool whole_info() const { return what == LookUp::exchange_info && !named && status.empty() && spot; }
};

// Why a request is not answered: status 400 and rest_error(code, message).
struct RestFault {
  int code;
  std::string message;
};

// REQUIRES: look_up_at(request.path).
std::variant<LookUpQuery, RestFault> parse_look_up(const HttpRequest& request, const RestMarket& market);

// The body of the answer; a symbol without a quote is left out of bookTicker.
std::string look_up_body(const LookUpQuery& query, const RestMarket& market, std::int64_t now_ns);

}  // namespace tickcast::wire
