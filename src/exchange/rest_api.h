// SPDX-License-Identifier: Apache-2.0
//
// RestApi: the exchange's REST look-ups that stream clients make (wire/rest_lookup.h), told of the board,
// with the exchange's weights, limits and headers. Facts: Spot REST API, "Limits". Pure: the time is passed
// in.
//
// Thread: the exchange's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "exchange/board.h"
#include "exchange/rules.h"
#include "wire/http.h"
#include "wire/info_cache.h"

namespace tickcast::exchange {

class RestApi {
 public:
  // Both must outlive it.
  RestApi(const Board& board, const Rules& rules) : board_(board), rules_(rules), budget_(rules) {}

  // `address` is the peer's, without its port.
  wire::HttpResponse answer(const wire::HttpRequest& request, std::string_view address, std::int64_t now_ns);

 private:
  wire::HttpResponse look_up(const wire::HttpRequest& request, std::int64_t now_ns);

  const Board& board_;
  const Rules& rules_;
  WeightBudget budget_;
  wire::InfoCache info_;
};

// What the exchange, or the network in front of it, says with this status; Retry-After goes with 418, 429 and
// 503.
wire::HttpResponse refusal(int status, std::int64_t retry_after_s, std::int64_t now_ns);

// 404 as the exchange has it: an HTML body only for who asks for one.
wire::HttpResponse not_found(const wire::HttpRequest& request);

wire::HttpResponse json_response(int status, std::string body);

}  // namespace tickcast::exchange
