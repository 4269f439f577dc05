// SPDX-License-Identifier: Apache-2.0
//
// What we write has the keys that the exchange writes today, in its order: clients read some of them by place
// (the first filter is PRICE_FILTER).
#include "wire/rest.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/json_text.h"
#include "wire/json.h"

namespace tickcast::wire {
namespace {

using market::Decimal;
using market::Listing;

constexpr std::size_t kBodyBytesMax = 32 * 1024 * 1024;  // exchangeInfo of 3,000 symbols is about 5 MB
constexpr std::size_t kSymbolBytesMax = market::SymbolTable::kNameBytesMax;
constexpr std::size_t kWordBytesMax = 48;  // of a status, an asset

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kWordBytesMax && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\\' || c == '\x7f';
  });
}

// --- reading exchangeInfo ---

struct Filter {
  std::optional<std::string_view> type;
  std::optional<std::string_view> tick_size;
  std::optional<std::string_view> step_size;
};

bool read_filter(json::ondemand::value value, Listing& out) {
  json::ondemand::object object;
  if (value.get_object().get(object)) return json::skip(value);
  Filter filter;
  const bool good = json::each_member(object, [&filter](std::string_view key, json::ondemand::value member) {
    if (key == "filterType") return json::read_string(member, filter.type);
    if (key == "tickSize") return json::read_string(member, filter.tick_size);
    if (key == "stepSize") return json::read_string(member, filter.step_size);
    return json::skip(member);
  });
  if (filter.type == "PRICE_FILTER" && filter.tick_size && Decimal::parse(*filter.tick_size))
    out.tick_size = *filter.tick_size;
  if (filter.type == "LOT_SIZE" && filter.step_size && Decimal::parse(*filter.step_size))
    out.step_size = *filter.step_size;
  return good;
}

bool read_word(json::ondemand::value value, std::string& out) {
  std::optional<std::string_view> text;
  if (!json::read_string(value, text)) return false;
  out = text && is_word(*text) ? *text : std::string_view();
  return true;
}

bool read_filters(json::ondemand::value value, Listing& out) {
  json::ondemand::array array;
  if (value.get_array().get(array)) return json::skip(value);
  return json::each_element(array, [&out](json::ondemand::value filter) { return read_filter(filter, out); });
}

bool read_listing(json::ondemand::value value, std::vector<Listing>& out) {
  json::ondemand::object object;
  if (value.get_object().get(object)) return json::skip(value);
  Listing listing;
  listing.status.clear();
  const bool good = json::each_member(object, [&listing](std::string_view key, json::ondemand::value member) {
    if (key == "symbol") return read_word(member, listing.symbol);
    if (key == "status") return read_word(member, listing.status);
    if (key == "baseAsset") return read_word(member, listing.base_asset);
    if (key == "quoteAsset") return read_word(member, listing.quote_asset);
    if (key == "filters") return read_filters(member, listing);
    return json::skip(member);
  });
  if (!listing.symbol.empty() && !listing.status.empty()) out.push_back(std::move(listing));
  return good;
}

// --- errors that the exchange answers with ---

struct ErrorBody {
  std::optional<std::int64_t> code;
  std::string message;

  bool read(std::string_view key, json::ondemand::value value) {
    if (key == "code") {
      code = json::integer(json::token(value));
      return json::skip(value);
    }
    std::optional<std::string_view> text;
    if (!json::read_string(value, text)) return false;
    message = text.value_or("");
    return true;
  }
  Error error(std::string_view what) const {
    return {fmt::format("the answer to {} is the error {}: {}", what, *code, message)};
  }
};

Error not_json(std::string_view what, std::string_view body) {
  return {fmt::format(
      "the answer to {} ({} bytes) is not the JSON it should be; is this the exchange's REST address?", what,
      body.size())};
}

// --- reading ticker/bookTicker ---

bool read_value(json::ondemand::value value, std::optional<Decimal>& out) {
  std::optional<std::string_view> text;
  if (!json::read_string(value, text)) return false;
  out = text ? Decimal::parse(*text) : std::nullopt;
  return true;
}

struct TickerRow {
  std::string symbol;
  std::optional<Decimal> bid_price, bid_quantity, ask_price, ask_quantity;

  bool read(std::string_view key, json::ondemand::value value) {
    if (key == "symbol") return read_word(value, symbol);
    if (key == "bidPrice") return read_value(value, bid_price);
    if (key == "bidQty") return read_value(value, bid_quantity);
    if (key == "askPrice") return read_value(value, ask_price);
    if (key == "askQty") return read_value(value, ask_quantity);
    return json::skip(value);
  }
  void append_to(std::vector<RestTicker>& out) {
    if (symbol.empty() || !bid_price || !bid_quantity || !ask_price || !ask_quantity) return;
    RestTicker& ticker = out.emplace_back();
    ticker.symbol = std::move(symbol);
    ticker.quote.bid_price = *bid_price;
    ticker.quote.bid_quantity = *bid_quantity;
    ticker.quote.ask_price = *ask_price;
    ticker.quote.ask_quantity = *ask_quantity;
  }
};

bool read_row(json::ondemand::value value, std::vector<RestTicker>& out) {
  json::ondemand::object object;
  if (value.get_object().get(object)) return json::skip(value);
  TickerRow row;
  const bool good = json::each_member(
      object, [&row](std::string_view key, json::ondemand::value member) { return row.read(key, member); });
  row.append_to(out);
  return good;
}

// --- writing ---

// Assets of a symbol of which only the name is known: the longest known quote asset at its end, and what is
// before it.
std::pair<std::string_view, std::string_view> split_assets(std::string_view symbol) {
  constexpr std::string_view kQuoteAssets[] = {"FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD1",
                                               "DAI",   "BTC",  "ETH",  "BNB",  "TRY",  "EUR",
                                               "BRL",   "JPY",  "GBP",  "USD",  "XRP",  "TRX"};
  for (const std::string_view quote : kQuoteAssets) {
    if (symbol.size() > quote.size() && symbol.ends_with(quote))
      return {symbol.substr(0, symbol.size() - quote.size()), quote};
  }
  return {symbol, "USDT"};
}

constexpr std::string_view kInfoHead = R"({{"timezone":"UTC","serverTime":{},)";

constexpr std::string_view kInfoLimits =
    R"("rateLimits":[)"
    R"({"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000},)"
    R"({"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":50},)"
    R"({"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":160000},)"
    R"({"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":300000}],"exchangeFilters":[],"symbols":[)";

constexpr std::string_view kSymbolHead =
    R"({{"symbol":{},"status":{},"baseAsset":{},"baseAssetPrecision":8,"quoteAsset":{},"quotePrecision":8,)"
    R"("quoteAssetPrecision":8,"baseCommissionPrecision":8,"quoteCommissionPrecision":8,)"
    R"("orderTypes":["LIMIT","LIMIT_MAKER","MARKET","STOP_LOSS","STOP_LOSS_LIMIT","TAKE_PROFIT","TAKE_PROFIT_LIMIT"],)"
    R"("icebergAllowed":true,"ocoAllowed":true,"otoAllowed":true,"opoAllowed":true,"quoteOrderQtyMarketAllowed":true,)"
    R"("allowTrailingStop":true,"cancelReplaceAllowed":true,"amendAllowed":true,"pegInstructionsAllowed":true,)"
    R"("isSpotTradingAllowed":true,"isMarginTradingAllowed":false,"filters":[)";

constexpr std::string_view kSymbolFilters =
    R"({{"filterType":"PRICE_FILTER","minPrice":"{0}","maxPrice":"922327.00000000","tickSize":"{0}"}},)"
    R"({{"filterType":"LOT_SIZE","minQty":"{1}","maxQty":"9000000000.00000000","stepSize":"{1}"}},)"
    R"({{"filterType":"ICEBERG_PARTS","limit":10}},)"
    R"({{"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":"9000000000.00000000","stepSize":"0.00000000"}},)"
    R"({{"filterType":"NOTIONAL","minNotional":"0.00010000","applyMinToMarket":true,"maxNotional":"9000000.00000000",)"
    R"("applyMaxToMarket":false,"avgPriceMins":5}},)"
    R"({{"filterType":"MAX_NUM_ORDERS","maxNumOrders":200}}],"permissions":[],)";

constexpr std::string_view kSymbolTail =
    R"("defaultSelfTradePreventionMode":"EXPIRE_MAKER",)"
    R"("allowedSelfTradePreventionModes":["EXPIRE_TAKER","EXPIRE_MAKER","EXPIRE_BOTH"]}})";

void append_symbol(std::string& out, const Listing& listing, bool with_permission_sets) {
  const auto split = split_assets(listing.symbol);
  const std::string_view base = listing.base_asset.empty() ? split.first : listing.base_asset;
  const std::string_view quote = listing.quote_asset.empty() ? split.second : listing.quote_asset;
  const auto end = std::back_inserter(out);
  fmt::format_to(end, kSymbolHead, json_string(listing.symbol), json_string(listing.status),
                 json_string(base), json_string(quote));
  fmt::format_to(end, kSymbolFilters, listing.tick_size, listing.step_size);
  out += with_permission_sets ? R"("permissionSets":[["SPOT"]],)" : R"("permissionSets":[],)";
  fmt::format_to(end, kSymbolTail);
}

}  // namespace

Result<std::vector<Listing>> parse_exchange_info(std::string_view json) {
  json::Text text(kBodyBytesMax);
  std::vector<Listing> listings;
  ErrorBody failure;
  bool has_symbols = false;
  const bool good = json::read_object(text, json, [&](std::string_view key, json::ondemand::value value) {
    if (key == "code" || key == "msg") return failure.read(key, value);
    json::ondemand::array symbols;
    if (key != "symbols" || value.get_array().get(symbols)) return json::skip(value);
    has_symbols = true;
    return json::each_element(symbols,
                              [&](json::ondemand::value row) { return read_listing(row, listings); });
  });
  if (good && has_symbols) return listings;
  if (good && failure.code) return failure.error("exchangeInfo");
  return not_json("exchangeInfo", json);
}

std::string exchange_info_head(std::int64_t server_time_ms) { return fmt::format(kInfoHead, server_time_ms); }

std::string exchange_info(const std::vector<Listing>& listings, std::int64_t server_time_ms,
                          bool with_permission_sets) {
  std::string out = exchange_info_head(server_time_ms);
  out.reserve(1024 + listings.size() * 1700);
  out += kInfoLimits;
  for (const Listing& listing : listings) {
    if (listing.status == market::kGone) continue;
    if (out.back() != '[') out += ',';
    append_symbol(out, listing, with_permission_sets);
  }
  return out + "]}";
}

Result<std::vector<RestTicker>> parse_rest_tickers(std::string_view json) {
  json::Text text(kBodyBytesMax);
  std::vector<RestTicker> tickers;
  if (json::read_array(text, json, [&tickers](json::ondemand::value row) { return read_row(row, tickers); }))
    return tickers;
  tickers.clear();
  TickerRow row;
  ErrorBody failure;
  const bool good = json::read_object(text, json, [&](std::string_view key, json::ondemand::value value) {
    return key == "code" || key == "msg" ? failure.read(key, value) : row.read(key, value);
  });
  if (!good) return not_json("ticker/bookTicker", json);
  if (failure.code) return failure.error("ticker/bookTicker");
  row.append_to(tickers);
  return tickers;
}

std::string rest_ticker(std::string_view symbol, const market::Quote& quote) {
  return fmt::format(R"({{"symbol":{},"bidPrice":"{}","bidQty":"{}","askPrice":"{}","askQty":"{}"}})",
                     json_string(symbol), quote.bid_price.text(), quote.bid_quantity.text(),
                     quote.ask_price.text(), quote.ask_quantity.text());
}

std::string server_time(std::int64_t ms) { return fmt::format(R"({{"serverTime":{}}})", ms); }

std::string rest_error(int code, std::string_view message) {
  return fmt::format(R"({{"code":{},"msg":{}}})", code, json_string(message));
}

Result<std::vector<std::string>> parse_symbols_parameter(std::string_view json) {
  json::Text text(kBodyBytesMax);
  std::vector<std::string> symbols;
  bool all_names = true;
  const bool good = json::read_array(text, json, [&](json::ondemand::value value) {
    std::string name;
    if (!read_word(value, name)) return false;
    all_names = all_names && !name.empty() && name.size() <= kSymbolBytesMax;
    symbols.push_back(std::move(name));
    return true;
  });
  if (good && all_names && !symbols.empty()) return symbols;
  return Error{R"(the parameter 'symbols' must be a list of symbols such as ["BTCUSDT","BNBBTC"])"};
}

}  // namespace tickcast::wire
