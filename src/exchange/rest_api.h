// SPDX-License-Identifier: Apache-2.0
//
// RestApi: the exchange's REST look-ups that stream clients make: ping, time, exchangeInfo,
// ticker/bookTicker, with weights, headers and error bodies. Facts: Spot REST API, "General endpoints",
// "Symbol order book ticker", "Limits", "Error codes". Pure: the time is passed in.
//
// Thread: the exchange's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "exchange/board.h"
#include "exchange/rules.h"
#include "wire/http.h"

namespace tickcast::exchange {

class RestApi {
 public:
  // Both must outlive it.
  RestApi(const Board& board, const Rules& rules) : board_(board), rules_(rules), budget_(rules) {}

  // `address` is the peer's, without its port.
  wire::HttpResponse answer(const wire::HttpRequest& request, std::string_view address, std::int64_t now_ns);

 private:
  const Board& board_;
  const Rules& rules_;
  WeightBudget budget_;
};

// What the exchange, or the network in front of it, says with this status; Retry-After goes with 418, 429 and
// 503.
wire::HttpResponse refusal(int status, std::int64_t retry_after_s, std::int64_t now_ns);

// 404 as the exchange has it: an HTML body only for who asks for one.
wire::HttpResponse not_found(const wire::HttpRequest& request);

wire::HttpResponse json_response(int status, std::string body);

}  // namespace tickcast::exchange
