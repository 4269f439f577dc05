// SPDX-License-Identifier: Apache-2.0
#include "wire/rest_lookup.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include <fmt/core.h>

#include "base/check.h"
#include "wire/rest.h"

namespace tickcast::wire {
namespace {

using Number = RestMarket::Number;
using Checked = std::optional<RestFault>;  // nothing: all is well

constexpr std::int64_t kNsPerUs = 1'000;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::string_view kSymbolRange = R"(^[\w\-._&&[^a-z]]{1,50}$)";
constexpr std::string_view kStatuses[] = {"TRADING", "HALT", "BREAK", "END_OF_DAY", "CANCEL_ONLY"};

struct Endpoint {
  std::string_view path;
  LookUp what;
  std::span<const std::string_view> parameters;
};

constexpr std::array<std::string_view, 3> kTickerParameters = {"symbol", "symbols", "symbolStatus"};
constexpr std::array<std::string_view, 5> kInfoParameters = {"symbol", "symbols", "symbolStatus",
                                                             "permissions", "showPermissionSets"};
constexpr Endpoint kEndpoints[] = {
    {"/api/v3/ping", LookUp::ping, {}},
    {"/api/v3/time", LookUp::time, {}},
    {"/api/v3/exchangeInfo", LookUp::exchange_info, kInfoParameters},
    {"/api/v3/ticker/bookTicker", LookUp::book_ticker, kTickerParameters},
};

const Endpoint* endpoint_at(std::string_view path) {
  const auto* const found = std::ranges::find(kEndpoints, path, &Endpoint::path);
  return found == std::end(kEndpoints) ? nullptr : found;
}

RestFault illegal_characters(std::string_view parameter, std::string_view range) {
  return {-1100,
          fmt::format("Illegal characters found in parameter '{}'; legal range is '{}'.", parameter, range)};
}

RestFault invalid_combination() { return {-1128, "Combination of optional parameters invalid."}; }

// --- parameters ---

// The query has only these parameters, each once and not empty.
Checked check_parameters(const HttpRequest& request, std::span<const std::string_view> known) {
  std::set<std::string_view> seen;
  std::size_t read = 0;
  for (const auto& [name, value] : request.query) {
    if (!seen.insert(name).second)
      return RestFault{-1101, fmt::format("Duplicate values for parameter '{}'.", name)};
    if (std::ranges::find(known, name) != known.end()) {
      if (value.empty()) return RestFault{-1105, fmt::format("Parameter '{}' was empty.", name)};
      ++read;
    }
  }
  if (read == request.query.size()) return {};
  if (known.empty()) {
    return RestFault{
        -1101, fmt::format("Too many parameters; expected '0' and received '{}'.", request.query.size())};
  }
  return RestFault{
      -1104, fmt::format("Not all sent parameters were read; read '{}' parameter(s) but was sent '{}'.", read,
                         request.query.size())};
}

bool legal_symbol(std::string_view symbol) {
  if (symbol.empty() || symbol.size() > market::SymbolTable::kNameBytesMax) return false;
  return std::ranges::all_of(symbol, [](char c) {
    const bool ascii_word =
        (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    return ascii_word || static_cast<unsigned char>(c) >= 0x80;
  });
}

Checked name_symbol(const RestMarket& market, std::string_view parameter, std::string_view symbol,
                    LookUpQuery& query) {
  if (!legal_symbol(symbol)) return illegal_characters(parameter, kSymbolRange);
  const auto number = market.find(symbol);
  if (!number || !market.listed(*number)) return RestFault{-1121, "Invalid symbol."};
  auto& named = *query.named;
  if (std::ranges::find(named, *number) != named.end()) {
    return RestFault{-1151, "Symbol is present multiple times in the list."};
  }
  if (!query.status.empty() && !market.has_status(*number, query.status)) {
    return RestFault{-1220, "The symbol's status does not match the requested symbolStatus."};
  }
  named.push_back(*number);
  return {};
}

Checked select_named(const RestMarket& market, const HttpRequest& request, LookUpQuery& query) {
  const auto symbol = request.query_value("symbol");
  const auto symbols = request.query_value("symbols");
  if (!symbol && !symbols) return {};
  if (symbol && symbols) return invalid_combination();
  query.named.emplace();
  query.single = symbol.has_value();
  if (symbol) return name_symbol(market, "symbol", *symbol, query);
  const auto list = parse_symbols_parameter(*symbols);
  if (!list) return illegal_characters("symbols", kSymbolRange);
  for (const auto& each : *list) {
    if (auto fault = name_symbol(market, "symbols", each, query)) return fault;
  }
  return {};
}

Checked select_status(const HttpRequest& request, LookUpQuery& query) {
  const auto status = request.query_value("symbolStatus");
  if (!status) return {};
  if (std::ranges::find(kStatuses, *status) == std::end(kStatuses)) {
    return RestFault{-1122, "Invalid symbolStatus."};
  }
  query.status = *status;
  return {};
}

// exchangeInfo alone: permissions=SPOT or ["SPOT","MARGIN"], and whether the answer tells them.
Checked select_permissions(const HttpRequest& request, LookUpQuery& query) {
  if (const auto permissions = request.query_value("permissions")) {
    const std::string list =
        permissions->starts_with('[') ? std::string(*permissions) : fmt::format("[\"{}\"]", *permissions);
    const auto parsed = parse_symbols_parameter(list);
    if (!parsed) return illegal_characters("permissions", "^[A-Z0-9_]{1,20}$");
    if (query.named) return invalid_combination();
    query.spot = std::ranges::find(*parsed, "SPOT") != parsed->end();
  }
  if (const auto show = request.query_value("showPermissionSets")) {
    if (*show != "true" && *show != "false") return illegal_characters("showPermissionSets", "true|false");
    query.with_permission_sets = *show == "true";
  }
  return {};
}

Checked select(const RestMarket& market, const HttpRequest& request, LookUpQuery& query) {
  if (auto fault = select_status(request, query)) return fault;
  if (auto fault = select_named(market, request, query)) return fault;
  if (auto fault = select_permissions(request, query)) return fault;
  if (query.what == LookUp::exchange_info && query.named && !query.status.empty())
    return invalid_combination();
  market::Quote quote;
  if (query.what == LookUp::book_ticker && query.single && !market.quote(query.named->front(), quote)) {
    return RestFault{-1121, "Invalid symbol."};
  }
  return {};
}

// --- bodies ---

std::vector<Number> selected(const RestMarket& market, const LookUpQuery& query) {
  if (query.named) return *query.named;
  std::vector<Number> all;
  if (!query.spot) return all;
  for (Number symbol = 0; symbol < market.size(); ++symbol) {
    const bool fits = query.status.empty() || market.has_status(symbol, query.status);
    if (market.listed(symbol) && fits) all.push_back(symbol);
  }
  return all;
}

std::string info_body(const LookUpQuery& query, const RestMarket& market, std::int64_t now_ns) {
  std::vector<market::Listing> listings;
  for (const Number symbol : selected(market, query)) listings.push_back(market.listing(symbol));
  return exchange_info(listings, now_ns / kNsPerMs, query.with_permission_sets);
}

std::string ticker_body(const LookUpQuery& query, const RestMarket& market) {
  std::string rows;
  for (const Number symbol : selected(market, query)) {
    market::Quote quote;
    if (!market.quote(symbol, quote)) continue;
    if (!rows.empty()) rows += ',';
    rows += rest_ticker(market.name(symbol), quote);
  }
  return query.single ? rows : "[" + rows + "]";
}

}  // namespace

std::optional<LookUp> look_up_at(std::string_view path) {
  const Endpoint* const endpoint = endpoint_at(path);
  return endpoint == nullptr ? std::nullopt : std::optional(endpoint->what);
}

std::variant<LookUpQuery, RestFault> parse_look_up(const HttpRequest& request, const RestMarket& market) {
  const Endpoint* const endpoint = endpoint_at(request.path);
  CHECK(endpoint != nullptr, "a request that is no look-up was taken for one");
  if (auto fault = check_parameters(request, endpoint->parameters)) return *std::move(fault);
  LookUpQuery query;
  query.what = endpoint->what;
  const auto unit = header(request.headers, "X-MBX-TIME-UNIT").value_or("");
  query.in_microseconds = unit == "MICROSECOND" || unit == "microsecond";
  if (auto fault = select(market, request, query)) return *std::move(fault);
  return query;
}

std::string look_up_body(const LookUpQuery& query, const RestMarket& market, std::int64_t now_ns) {
  switch (query.what) {
    case LookUp::ping:
      return "{}";
    case LookUp::time:
      return server_time(now_ns / (query.in_microseconds ? kNsPerUs : kNsPerMs));
    case LookUp::exchange_info:
      return info_body(query, market, now_ns);
    case LookUp::book_ticker:
      return ticker_body(query, market);
  }
  return {};
}

}  // namespace tickcast::wire
