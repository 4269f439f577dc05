// SPDX-License-Identifier: Apache-2.0
#include "exchange/rest_api.h"

#include <optional>
#include <variant>

#include <fmt/core.h>

#include "wire/gzip.h"
#include "wire/rest.h"
#include "wire/rest_lookup.h"

namespace tickcast::exchange {
namespace {

// What look-ups tell of the board.
class BoardMarket final : public wire::RestMarket {
 public:
  explicit BoardMarket(const Board& board) : board_(board) {}

  Number size() const override { return static_cast<Number>(board_.size()); }
  bool listed(Number symbol) const override { return board_.listed(symbol); }
  std::optional<Number> find(std::string_view name) const override { return board_.find(name); }
  std::string_view name(Number symbol) const override { return board_.listing(symbol).symbol; }
  bool has_status(Number symbol, std::string_view status) const override {
    return board_.status(symbol) == status;
  }
  market::Listing listing(Number symbol) const override {
    market::Listing listing = board_.listing(symbol);
    listing.status = board_.status(symbol);
    return listing;
  }
  bool quote(Number symbol, market::Quote& out) const override {
    out = board_.quote(symbol);
    return true;
  }

 private:
  const Board& board_;
};

std::uint32_t weight_of(wire::LookUp what, const wire::HttpRequest& request) {
  switch (what) {
    case wire::LookUp::ping:
    case wire::LookUp::time:
      return 1;
    case wire::LookUp::exchange_info:
      return 20;
    case wire::LookUp::book_ticker:
      return request.query_value("symbol") ? 2 : 4;
  }
  return 1;
}

std::string limit_words(std::string_view amount, std::uint32_t limit, std::string_view rest) {
  return fmt::format(
      "{} request weight used; {}. Please use WebSocket Streams for live updates to avoid {}.", amount,
      limit == 0 ? std::string(rest) : fmt::format("current limit is {} request weight per 1 MINUTE", limit),
      limit == 0 ? "bans" : "polling the API");
}

wire::HttpResponse html(int status, std::string_view title) {
  return {.status = status,
          .headers = {{"Content-Type", "text/html"}},
          .body = fmt::format(
              "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
              "</body>\r\n</html>\r\n",
              title)};
}

}  // namespace

wire::HttpResponse json_response(int status, std::string body) {
  return {
      .status = status,
      .headers = {{"Content-Type", "application/json;charset=UTF-8"}, {"Access-Control-Allow-Origin", "*"}},
      .body = std::move(body)};
}

wire::HttpResponse not_found(const wire::HttpRequest& request) {
  const auto accept = wire::header(request.headers, "Accept").value_or("");
  if (accept.find("text/html") != std::string_view::npos) return html(404, "404 Not Found");
  return {.status = 404, .headers = {}, .body = ""};
}

wire::HttpResponse refusal(int status, std::int64_t retry_after_s, std::int64_t now_ns) {
  const auto with_wait = [retry_after_s](wire::HttpResponse response) {
    response.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
    return response;
  };
  const std::int64_t until_ms = now_ns / kNsPerMs + retry_after_s * 1000;
  switch (status) {
    case 403:
      return html(403, "403 Forbidden");
    case 418:
      return with_wait(json_response(
          418, wire::rest_error(
                   -1003, limit_words("Way too much", 0, fmt::format("IP banned until {}", until_ms)))));
    case 429:
      return with_wait(json_response(429, wire::rest_error(-1003, limit_words("Too much", 6000, ""))));
    case 451:
      return json_response(451,
                           wire::rest_error(0,
                                            "Service unavailable from a restricted location according to 'b. "
                                            "Eligibility' in https://www.binance.com/en/terms."));
    case 503:
      return with_wait(html(503, "503 Service Temporarily Unavailable"));
    case 504:
      return html(504, "504 Gateway Time-out");
    default:
      return json_response(
          status, wire::rest_error(-1000, "An unknown error occurred while processing the request."));
  }
}

wire::HttpResponse RestApi::look_up(const wire::HttpRequest& request, std::int64_t now_ns) {
  const BoardMarket market(board_);
  const auto parsed = wire::parse_look_up(request, market);
  if (const auto* const fault = std::get_if<wire::RestFault>(&parsed)) {
    return json_response(400, wire::rest_error(fault->code, fault->message));
  }
  const auto& query = std::get<wire::LookUpQuery>(parsed);
  wire::HttpResponse response = json_response(200, "");
  if (query.whole_info()) {
    const bool gzipped = wire::accepts_gzip(request);
    response.body = gzipped ? info_.gzipped_body(query, market, board_.version(), now_ns)
                            : info_.body(query, market, board_.version(), now_ns);
    wire::add_encoding_headers(response, gzipped);
  } else {
    response.body = wire::look_up_body(query, market, now_ns);
    wire::gzip_body(request, response);
  }
  return response;
}

wire::HttpResponse RestApi::answer(const wire::HttpRequest& request, std::string_view address,
                                   std::int64_t now_ns) {
  const auto what = wire::look_up_at(request.path);
  if (!what) return not_found(request);
  if (request.method != "GET") {
    return {.status = 405, .headers = {{"Allow", "GET"}}, .body = ""};
  }
  const auto verdict = budget_.charge(address, weight_of(*what, request), now_ns);
  wire::HttpResponse response;
  if (verdict.status == 429) {
    response = json_response(
        429, wire::rest_error(-1003, limit_words("Too much", rules_.weight_per_minute_max, "")));
  } else if (verdict.status != 200) {
    response = refusal(verdict.status, verdict.retry_after_s, now_ns);
  } else {
    response = look_up(request, now_ns);
  }
  if (verdict.status == 429)
    response.headers.emplace_back("Retry-After", std::to_string(verdict.retry_after_s));
  response.headers.emplace_back("X-MBX-USED-WEIGHT", std::to_string(verdict.used));
  response.headers.emplace_back("X-MBX-USED-WEIGHT-1M", std::to_string(verdict.used));
  return response;
}

}  // namespace tickcast::exchange
