// SPDX-License-Identifier: Apache-2.0
#include "exchange/rest_api.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include <fmt/core.h>

#include "wire/rest.h"

namespace tickcast::exchange {
namespace {

constexpr std::string_view kSymbolRange = R"(^[\w\-._&&[^a-z]]{1,50}$)";
constexpr std::string_view kStatuses[] = {"TRADING", "HALT", "BREAK", "END_OF_DAY", "CANCEL_ONLY"};

// The answer to a request that is wrong: the exchange's code and words.
struct Wrong {
  int code;
  std::string message;
};
using Checked = std::optional<Wrong>;  // nothing: all is well

wire::HttpResponse wrong_request(const Wrong& wrong) {
  return json_response(400, wire::rest_error(wrong.code, wrong.message));
}

Wrong illegal_characters(std::string_view parameter, std::string_view range) {
  return {-1100,
          fmt::format("Illegal characters found in parameter '{}'; legal range is '{}'.", parameter, range)};
}

// --- parameters ---

// The query has only these parameters, each once and not empty.
Checked check_parameters(const wire::HttpRequest& request, std::span<const std::string_view> known) {
  std::set<std::string_view> seen;
  std::size_t read = 0;
  for (const auto& [name, value] : request.query) {
    if (!seen.insert(name).second)
      return Wrong{-1101, fmt::format("Duplicate values for parameter '{}'.", name)};
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      if (value.empty()) return Wrong{-1105, fmt::format("Parameter '{}' was empty.", name)};
      ++read;
    }
  }
  if (read == request.query.size()) return {};
  if (known.empty()) {
    return Wrong{-1101,
                 fmt::format("Too many parameters; expected '0' and received '{}'.", request.query.size())};
  }
  return Wrong{
      -1104, fmt::format("Not all sent parameters were read; read '{}' parameter(s) but was sent '{}'.", read,
                         request.query.size())};
}

bool legal_symbol(std::string_view symbol) {
  if (symbol.empty() || symbol.size() > market::SymbolTable::kNameBytesMax) return false;
  return std::all_of(symbol.begin(), symbol.end(), [](char c) {
    const bool ascii_word =
        (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    return ascii_word || static_cast<unsigned char>(c) >= 0x80;
  });
}

// Which symbols a request is about.
struct Selection {
  std::optional<std::vector<SymbolNumber>> named;  // by symbol or symbols, in their order
  bool single = false;                             // by symbol
  std::string status;                              // symbolStatus; "" for any
  bool spot = true;                                // permissions that our symbols have
  bool with_permission_sets = true;
};

Checked name_symbol(const Board& board, std::string_view parameter, const std::string& symbol,
                    Selection& selection) {
  if (!legal_symbol(symbol)) return illegal_characters(parameter, kSymbolRange);
  const auto number = board.find(symbol);
  if (!number || !board.listed(*number)) return Wrong{-1121, "Invalid symbol."};
  auto& named = *selection.named;
  if (std::find(named.begin(), named.end(), *number) != named.end()) {
    return Wrong{-1151, "Symbol is present multiple times in the list."};
  }
  if (!selection.status.empty() && board.status(*number) != selection.status) {
    return Wrong{-1220, "The symbol's status does not match the requested symbolStatus."};
  }
  named.push_back(*number);
  return {};
}

Checked select_named(const Board& board, const wire::HttpRequest& request, Selection& selection) {
  const auto symbol = request.query_value("symbol");
  const auto symbols = request.query_value("symbols");
  if (!symbol && !symbols) return {};
  if (symbol && symbols) return Wrong{-1128, "Combination of optional parameters invalid."};
  selection.named.emplace();
  selection.single = symbol.has_value();
  if (symbol) return name_symbol(board, "symbol", std::string(*symbol), selection);
  const auto list = wire::parse_symbols_parameter(*symbols);
  if (!list) return illegal_characters("symbols", kSymbolRange);
  if (list->empty()) return Wrong{-1105, "Parameter 'symbols' was empty."};
  for (const auto& each : *list) {
    if (auto wrong = name_symbol(board, "symbols", each, selection)) return wrong;
  }
  return {};
}

Checked select_status(const wire::HttpRequest& request, Selection& selection) {
  const auto status = request.query_value("symbolStatus");
  if (!status) return {};
  if (std::find(std::begin(kStatuses), std::end(kStatuses), *status) == std::end(kStatuses)) {
    return Wrong{-1122, "Invalid symbolStatus."};
  }
  selection.status = *status;
  return {};
}

// exchangeInfo alone: permissions=SPOT or ["SPOT","MARGIN"], and whether the reply tells them.
Checked select_permissions(const wire::HttpRequest& request, Selection& selection) {
  if (const auto permissions = request.query_value("permissions")) {
    const std::string list =
        permissions->starts_with('[') ? std::string(*permissions) : fmt::format("[\"{}\"]", *permissions);
    const auto parsed = wire::parse_symbols_parameter(list);
    if (!parsed) return illegal_characters("permissions", "^[A-Z0-9_]{1,20}$");
    if (selection.named) return Wrong{-1128, "Combination of optional parameters invalid."};
    selection.spot = std::find(parsed->begin(), parsed->end(), "SPOT") != parsed->end();
  }
  if (const auto show = request.query_value("showPermissionSets")) {
    if (*show != "true" && *show != "false") return illegal_characters("showPermissionSets", "true|false");
    selection.with_permission_sets = *show == "true";
  }
  return {};
}

Checked select(const Board& board, const wire::HttpRequest& request, Selection& selection) {
  if (auto wrong = select_status(request, selection)) return wrong;
  if (auto wrong = select_named(board, request, selection)) return wrong;
  return select_permissions(request, selection);
}

std::vector<SymbolNumber> selected(const Board& board, const Selection& selection) {
  if (selection.named) return *selection.named;
  std::vector<SymbolNumber> all;
  if (!selection.spot) return all;
  for (SymbolNumber symbol = 0; symbol < board.size(); ++symbol) {
    const bool fits = selection.status.empty() || board.status(symbol) == selection.status;
    if (board.listed(symbol) && fits) all.push_back(symbol);
  }
  return all;
}

// --- endpoints ---

wire::HttpResponse ping(const Board&, const wire::HttpRequest&, std::int64_t) {
  return json_response(200, "{}");
}

wire::HttpResponse time(const Board&, const wire::HttpRequest& request, std::int64_t now_ns) {
  const auto unit = wire::header(request.headers, "X-MBX-TIME-UNIT").value_or("");
  const bool micros = unit == "MICROSECOND" || unit == "microsecond";
  return json_response(200, wire::server_time(now_ns / (micros ? kNsPerUs : kNsPerMs)));
}

wire::HttpResponse exchange_info(const Board& board, const wire::HttpRequest& request, std::int64_t now_ns) {
  Selection selection;
  if (const auto wrong = select(board, request, selection)) return wrong_request(*wrong);
  if (selection.named && !selection.status.empty()) {
    return wrong_request({-1128, "Combination of optional parameters invalid."});
  }
  std::vector<market::Listing> listings;
  for (const SymbolNumber symbol : selected(board, selection)) {
    listings.push_back(board.listing(symbol));
    listings.back().status = board.status(symbol);
  }
  return json_response(200, wire::exchange_info(listings, now_ns / kNsPerMs, selection.with_permission_sets));
}

wire::HttpResponse book_ticker(const Board& board, const wire::HttpRequest& request, std::int64_t) {
  Selection selection;
  if (const auto wrong = select(board, request, selection)) return wrong_request(*wrong);
  const auto symbols = selected(board, selection);
  const auto ticker = [&board](SymbolNumber symbol) {
    return wire::rest_ticker(board.listing(symbol).symbol, board.quote(symbol));
  };
  if (selection.single) return json_response(200, ticker(symbols.front()));
  std::string body = "[";
  for (const SymbolNumber symbol : symbols) {
    if (body.size() > 1) body += ',';
    body += ticker(symbol);
  }
  body += ']';
  return json_response(200, std::move(body));
}

struct Endpoint {
  std::string_view path;
  std::uint32_t weight;
  std::uint32_t weight_of_one;  // with `symbol`
  std::span<const std::string_view> parameters;
  wire::HttpResponse (*answer)(const Board& board, const wire::HttpRequest& request, std::int64_t now_ns);
};

constexpr std::array<std::string_view, 3> kTickerParameters = {"symbol", "symbols", "symbolStatus"};
constexpr std::array<std::string_view, 5> kInfoParameters = {"symbol", "symbols", "symbolStatus",
                                                             "permissions", "showPermissionSets"};
constexpr Endpoint kEndpoints[] = {
    {"/api/v3/ping", 1, 1, {}, ping},
    {"/api/v3/time", 1, 1, {}, time},
    {"/api/v3/exchangeInfo", 20, 20, kInfoParameters, exchange_info},
    {"/api/v3/ticker/bookTicker", 4, 2, kTickerParameters, book_ticker},
};

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

wire::HttpResponse RestApi::answer(const wire::HttpRequest& request, std::string_view address,
                                   std::int64_t now_ns) {
  const auto* endpoint = std::find_if(std::begin(kEndpoints), std::end(kEndpoints),
                                      [&request](const Endpoint& each) { return each.path == request.path; });
  if (endpoint == std::end(kEndpoints)) return not_found(request);
  if (request.method != "GET") {
    return {.status = 405, .headers = {{"Allow", "GET"}}, .body = ""};
  }
  const bool one = request.query_value("symbol").has_value();
  const auto verdict = budget_.charge(address, one ? endpoint->weight_of_one : endpoint->weight, now_ns);
  wire::HttpResponse response;
  if (verdict.status == 429) {
    response = json_response(
        429, wire::rest_error(-1003, limit_words("Too much", rules_.weight_per_minute_max, "")));
  } else if (verdict.status != 200) {
    response = refusal(verdict.status, verdict.retry_after_s, now_ns);
  } else if (const auto wrong = check_parameters(request, endpoint->parameters)) {
    response = wrong_request(*wrong);
  } else {
    response = endpoint->answer(board_, request, now_ns);
  }
  if (verdict.status == 429)
    response.headers.emplace_back("Retry-After", std::to_string(verdict.retry_after_s));
  response.headers.emplace_back("X-MBX-USED-WEIGHT", std::to_string(verdict.used));
  response.headers.emplace_back("X-MBX-USED-WEIGHT-1M", std::to_string(verdict.used));
  return response;
}

}  // namespace tickcast::exchange
