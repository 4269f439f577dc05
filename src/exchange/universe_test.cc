// SPDX-License-Identifier: Apache-2.0
#include "exchange/universe.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "market/decimal.h"

namespace tickcast::exchange {
namespace {

std::size_t characters(const std::string& utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

const market::Listing* find(const std::vector<SyntheticSymbol>& universe, std::string_view symbol) {
  for (const auto& each : universe) {
    if (each.listing.symbol == symbol) return &each.listing;
  }
  return nullptr;
}

double share_if(const std::vector<SyntheticSymbol>& universe, const auto& condition) {
  const auto count = std::count_if(universe.begin(), universe.end(), condition);
  return static_cast<double>(count) / static_cast<double>(universe.size());
}

TEST(Universe, NamesAreUniqueAndAsLongAsTheExchanges) {
  for (const std::size_t count : {1U, 2U, 7U, 60U, 1400U, 8192U}) {
    const auto universe = make_universe(count, 1);
    ASSERT_EQ(universe.size(), count);
    std::set<std::string> names;
    for (const auto& symbol : universe) {
      EXPECT_TRUE(names.insert(symbol.listing.symbol).second) << symbol.listing.symbol;
      EXPECT_GE(characters(symbol.listing.symbol), 4U) << symbol.listing.symbol;
      EXPECT_LE(characters(symbol.listing.symbol), 13U) << symbol.listing.symbol;
      EXPECT_LE(symbol.listing.symbol.size(), market::SymbolTable::kNameBytesMax);
      EXPECT_EQ(symbol.listing.symbol, symbol.listing.base_asset + symbol.listing.quote_asset);
      EXPECT_NE(symbol.listing.base_asset, symbol.listing.quote_asset);
    }
  }
}

TEST(Universe, HoldsTheNamesThatBreakClients) {
  const auto universe = make_universe(1400, 1);
  EXPECT_EQ(universe[0].listing.symbol, "BTCUSDT");
  EXPECT_EQ(universe[1].listing.symbol, "ETHUSDT");
  for (const char* name : {"1INCHBTC", "1000SATSFDUSD", "币安人生USDT", "我踏马来了USDT", "龙虾USDT", "4USDT",
                           "BTCTRY", "ETHBTC"}) {
    EXPECT_NE(find(universe, name), nullptr) << name;
  }
  EXPECT_EQ(find(universe, "BTCETH"), nullptr);
  EXPECT_EQ(find(universe, "币安人生USDT")->base_asset, "币安人生");
}

TEST(Universe, QuoteAssetsHaveTheirSharesOfTheListings) {
  const auto universe = make_universe(1400, 1);
  const std::map<std::string, double> expected{{"USDT", 376}, {"BTC", 272}, {"TRY", 206}, {"FDUSD", 93},
                                               {"USDC", 80},  {"ETH", 61},  {"BNB", 50},  {"EUR", 34}};
  for (const auto& each : expected) {
    const auto& [quote, listings] = each;
    const double share =
        share_if(universe, [&](const auto& s) { return s.listing.quote_asset == each.first; });
    EXPECT_NEAR(share, listings / 1172, 0.001) << quote;
  }
}

TEST(Universe, TickSizesAreSpreadAsOnTheExchange) {
  const auto universe = make_universe(1400, 1);
  const std::map<std::int64_t, double> expected{{1, 0.21},         {10, 0.07},         {100, 0.06},
                                                {1'000, 0.08},     {10'000, 0.20},     {100'000, 0.16},
                                                {1'000'000, 0.15}, {10'000'000, 0.04}, {100'000'000, 0.03}};
  for (const auto& each : expected) {
    const auto& [tick_e8, share] = each;
    EXPECT_NEAR(share_if(universe, [&](const auto& s) { return s.tick_e8 == each.first; }), share, 0.05)
        << tick_e8;
  }
}

TEST(Universe, GridsAreWrittenWithEightDigits) {
  for (const auto& symbol : make_universe(1400, 1)) {
    const auto tick = market::Decimal::parse(symbol.listing.tick_size);
    const auto step = market::Decimal::parse(symbol.listing.step_size);
    ASSERT_TRUE(tick && step);
    EXPECT_EQ(*tick, (market::Decimal{symbol.tick_e8, -8}));
    EXPECT_EQ(*step, (market::Decimal{symbol.step_e8, -8}));
  }
}

TEST(Universe, RatesFallByRankAsOnTheExchange) {
  const auto universe = make_universe(1400, 1);
  const auto top = [&](std::size_t n) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += universe[i].rate_share;
    return sum;
  };
  EXPECT_NEAR(top(1400), 1, 1e-9);
  EXPECT_NEAR(top(1), 0.02, 0.002);
  EXPECT_NEAR(top(10), 0.11, 0.015);
  EXPECT_NEAR(top(100), 0.45, 0.03);
  EXPECT_NEAR(top(500), 0.86, 0.04);
  EXPECT_TRUE(std::is_sorted(universe.begin(), universe.end(),
                             [](const auto& a, const auto& b) { return a.rate_share > b.rate_share; }));
}

TEST(Universe, TheSeedMovesPricesAndLeavesNames) {
  const auto one = make_universe(300, 1);
  const auto two = make_universe(300, 2);
  std::size_t moved = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].listing.symbol, two[i].listing.symbol);
    if (one[i].price_ticks != two[i].price_ticks) ++moved;
  }
  EXPECT_GT(moved, 250U);
}

TEST(Universe, PricesOfAPairFollowFromItsAssets) {
  const auto universe = make_universe(1400, 1);
  std::map<std::string, double> prices;
  for (const auto& s : universe)
    prices[s.listing.symbol] = static_cast<double>(s.price_ticks * s.tick_e8) * 1e-8;
  EXPECT_NEAR(prices["BTCUSDT"], 61686, 6000);
  EXPECT_NEAR(prices["ETHBTC"], prices["ETHUSDT"] / prices["BTCUSDT"], 0.1 * prices["ETHBTC"]);
  EXPECT_NEAR(prices["SOLTRY"], prices["SOLUSDT"] * prices["USDCTRY"], 0.3 * prices["SOLTRY"]);
  EXPECT_NEAR(prices["USDCUSDT"], 1, 0.005);
}

}  // namespace
}  // namespace tickcast::exchange
