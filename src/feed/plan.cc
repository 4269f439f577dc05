// SPDX-License-Identifier: Apache-2.0
#include "feed/plan.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/json_text.h"
#include "wire/control.h"
#include "wire/stream_name.h"

namespace tickcast::feed {
namespace {

struct NamedRate {
  std::string_view asset;
  double rate;
};

// From recorded sessions: BTCUSDT about 115 events/s, ETHUSDT 90, the next handful some tens; a mid-rank USDT
// pair a few.
constexpr NamedRate kBaseFactors[] = {{"BTC", 25}, {"ETH", 20}, {"SOL", 10}, {"XRP", 8},  {"BNB", 8},
                                      {"DOGE", 6}, {"ADA", 4},  {"AVAX", 3}, {"LINK", 3}, {"LTC", 3}};
constexpr NamedRate kQuoteRates[] = {{"USDT", 4.5}, {"FDUSD", 3}, {"USDC", 3},  {"BTC", 1.5},
                                     {"TRY", 1.5},  {"EUR", 1},   {"BNB", 0.7}, {"ETH", 0.7}};
constexpr double kOtherQuoteRate = 0.3;

double look_up(std::span<const NamedRate> table, std::string_view asset, double otherwise) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const NamedRate& row) { return row.asset == asset; });
  return found == table.end() ? otherwise : found->rate;
}

// subscribe_request without a name, with the longest id there is.
std::size_t empty_request_bytes() {
  static const std::size_t bytes =
      wire::subscribe_request({}, std::numeric_limits<std::int64_t>::min()).size();
  return bytes;
}

}  // namespace

double expected_rate(const market::Listing& listing) {
  return look_up(kQuoteRates, listing.quote_asset, kOtherQuoteRate) *
         look_up(kBaseFactors, listing.base_asset, 1);
}

std::vector<std::vector<market::SymbolId>> spread(std::vector<RatedSymbol> symbols,
                                                  std::size_t connections_min, std::size_t streams_max) {
  CHECK(connections_min >= 1 && streams_max >= 1,
        "a leg was planned without connections or without streams on them");
  const std::size_t needed = (symbols.size() + streams_max - 1) / streams_max;
  const std::size_t connections = std::min(symbols.size(), std::max(connections_min, needed));

  // The heaviest first, each to the connection with the least so far: no connection ends far above the mean.
  std::stable_sort(symbols.begin(), symbols.end(),
                   [](const RatedSymbol& a, const RatedSymbol& b) { return a.rate > b.rate; });
  std::vector<std::vector<market::SymbolId>> plan(connections);
  std::vector<double> load(connections, 0);
  for (const RatedSymbol& rated : symbols) {
    std::size_t best = connections;
    for (std::size_t i = 0; i < connections; ++i) {
      if (plan[i].size() < streams_max && (best == connections || load[i] < load[best])) best = i;
    }
    CHECK(best < connections, "a leg's connections have no room for its symbols");
    plan[best].push_back(rated.symbol);
    load[best] += rated.rate;
  }
  return plan;
}

std::vector<std::size_t> request_lengths(std::span<const std::string> names, std::size_t bytes_max) {
  CHECK(bytes_max >= kRequestBytesMin, "requests are limited to fewer bytes than one stream name may need");
  std::vector<std::size_t> lengths;
  std::size_t bytes = 0;
  for (const std::string& name : names) {
    const std::size_t name_bytes = json_string(name).size() + 1;  // and its comma
    if (lengths.empty() || bytes + name_bytes > bytes_max) {
      lengths.push_back(0);
      bytes = empty_request_bytes();
      CHECK(bytes + name_bytes <= bytes_max, "a stream name is longer than a request may be");
    }
    bytes += name_bytes;
    ++lengths.back();
  }
  return lengths;
}

std::string stream_of(std::string_view lower_case_symbol, wire::Channel channel) {
  std::string name(lower_case_symbol);
  name += '@';
  name += wire::channel_name(channel);
  return name;
}

}  // namespace tickcast::feed
