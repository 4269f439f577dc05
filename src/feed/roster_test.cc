// SPDX-License-Identifier: Apache-2.0
#include "feed/roster.h"

#include <gtest/gtest.h>

namespace tickcast::feed {
namespace {

market::Listing listing(std::string base, std::string quote, std::string status = "TRADING") {
  market::Listing out;
  out.symbol = base + quote;
  out.status = std::move(status);
  out.base_asset = std::move(base);
  out.quote_asset = std::move(quote);
  return out;
}

std::vector<std::string> names(const market::SymbolTable& symbols, const std::vector<RatedSymbol>& rated) {
  std::vector<std::string> out;
  for (const RatedSymbol& each : rated) out.emplace_back(symbols.name(each.symbol));
  return out;
}

TEST(Roster, TakesWhatTradesAndPassesTheFilters) {
  market::SymbolTable symbols;
  Roster roster(symbols, {}, {"USDT"});
  const auto changes =
      roster.apply({listing("BTC", "USDT"), listing("ETH", "BTC"), listing("OLD", "USDT", "BREAK")});
  EXPECT_EQ(names(symbols, changes.appeared), std::vector<std::string>{"BTCUSDT"});
  EXPECT_EQ(symbols.size(), 1u);
  EXPECT_EQ(roster.size(), 1u);
}

TEST(Roster, NamesTheAskedForSymbolsThatAreNotThere) {
  market::SymbolTable symbols;
  Roster roster(symbols, {"btcusdt", "NOSUCH"}, {});
  const auto changes = roster.apply({listing("BTC", "USDT"), listing("ETH", "USDT")});
  EXPECT_EQ(names(symbols, changes.appeared), std::vector<std::string>{"BTCUSDT"});
  EXPECT_EQ(roster.never_seen(), std::vector<std::string>{"NOSUCH"});
}

TEST(Roster, FollowsASymbolThroughAPause) {
  market::SymbolTable symbols;
  Roster roster(symbols, {}, {});
  roster.apply({listing("BTC", "USDT"), listing("ETH", "USDT")});
  const auto paused = roster.apply({listing("BTC", "USDT", "BREAK"), listing("ETH", "USDT")});
  ASSERT_EQ(paused.restated.size(), 1u);
  EXPECT_FALSE(symbols.trading(paused.restated[0]));
  EXPECT_TRUE(paused.gone.empty());
  const auto resumed = roster.apply({listing("BTC", "USDT"), listing("ETH", "USDT")});
  EXPECT_EQ(resumed.restated.size(), 1u);
  EXPECT_TRUE(resumed.appeared.empty());
  EXPECT_TRUE(symbols.trading(resumed.restated[0]));
}

TEST(Roster, MarksDelistedSymbolsGoneAndTakesThemBack) {
  market::SymbolTable symbols;
  Roster roster(symbols, {}, {});
  roster.apply({listing("BTC", "USDT"), listing("ETH", "USDT")});
  const auto without = roster.apply({listing("ETH", "USDT")});
  ASSERT_EQ(without.gone.size(), 1u);
  EXPECT_EQ(symbols.listing(without.gone[0]).status, market::kGone);
  EXPECT_EQ(roster.size(), 1u);
  const auto back = roster.apply({listing("BTC", "USDT"), listing("ETH", "USDT")});
  ASSERT_EQ(back.appeared.size(), 1u);
  EXPECT_EQ(back.appeared[0].symbol, without.gone[0]) << "an id names the same symbol for good";
  EXPECT_TRUE(symbols.trading(back.appeared[0].symbol));
}

TEST(Roster, DoubtsAnAnswerInWhichMostSymbolsAreMissing) {
  market::SymbolTable symbols;
  Roster roster(symbols, {}, {});
  std::vector<market::Listing> all;
  for (int i = 0; i < 40; ++i) all.push_back(listing("C" + std::to_string(i), "USDT"));
  roster.apply(all);
  const std::vector<market::Listing> few(all.begin(), all.begin() + 5);
  const auto first = roster.apply(few);
  EXPECT_TRUE(first.doubtful);
  EXPECT_TRUE(first.gone.empty());
  EXPECT_EQ(roster.size(), 40u);
  const auto second = roster.apply(few);
  EXPECT_FALSE(second.doubtful);
  EXPECT_EQ(second.gone.size(), 35u) << "said twice, it is believed";
}

TEST(Roster, CountsWhatDoesNotFitIntoTheTable) {
  market::SymbolTable symbols;
  Roster roster(symbols, {}, {});
  const auto changes = roster.apply({listing(std::string(100, 'X'), "USDT"), listing("BTC", "USDT")});
  EXPECT_EQ(changes.refused, 1u);
  EXPECT_EQ(changes.appeared.size(), 1u);
}

}  // namespace
}  // namespace tickcast::feed
