// SPDX-License-Identifier: Apache-2.0
#include "watch/quote_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tickcast::watch {
namespace {

using testing::ElementsAre;
using Column = QuoteTable::Column;
using Taken = QuoteTable::Taken;

constexpr std::int64_t kNow = 1'000 * kNsPerSecond;
constexpr std::int64_t kWall = 1'732'320'000 * kNsPerSecond;

wire::ServedEvent quote(std::string_view symbol, std::string_view bid, std::string_view ask,
                        std::uint64_t merged = 1, std::int64_t taken_in_ns = kWall) {
  wire::ServedEvent event;
  event.ticker.symbol = symbol;
  event.ticker.quote.update_id = 1;
  event.ticker.quote.bid_price = *market::Decimal::parse(bid);
  event.ticker.quote.ask_price = *market::Decimal::parse(ask);
  event.ticker.quote.bid_quantity = event.ticker.quote.ask_quantity = *market::Decimal::parse("1.50000000");
  event.ticker.quote.admitted_ns = taken_in_ns;
  event.is_quote = true;
  event.emitter_ns = taken_in_ns;
  event.merged_updates = merged;
  return event;
}

std::vector<std::string> names(const QuoteTable& table, const std::vector<std::size_t>& order) {
  std::vector<std::string> out;
  for (const std::size_t i : order) out.push_back(table.rows()[i].symbol);
  return out;
}

TEST(QuoteTable, TheFirstQuoteOfASymbolIsNoUpdateAndHasNoAge) {
  QuoteTable table;
  EXPECT_EQ(table.take(quote("A", "1", "2"), kWall + 3600 * kNsPerSecond, kNow), Taken::first);
  table.sample(kNow, 0);
  table.sample(kNow + kNsPerSecond, 0);
  EXPECT_FALSE(table.rows()[0].ages.p50_ns) << "it may have been made an hour ago";
  EXPECT_EQ(table.rows()[0].updates_per_s, 0);
  EXPECT_EQ(table.take(quote("A", "1", "2"), kWall + 5 * kNsPerMs, kNow + kNsPerSecond), Taken::update);
  table.sample(kNow + 2 * kNsPerSecond, 2 * kNsPerMs);
  EXPECT_EQ(table.rows()[0].ages.p50_ns, 7 * kNsPerMs);
}

TEST(QuoteTable, RatesCountTheUpdatesThatWereMerged) {
  QuoteTable table;
  table.take(quote("A", "1", "2"), kWall, kNow);
  table.sample(kNow, 0);
  for (int second = 1; second <= 30; ++second) {
    for (int i = 0; i < 4; ++i) table.take(quote("A", "1", "2", 5), kWall, kNow + second * kNsPerSecond);
    table.sample(kNow + second * kNsPerSecond, 0);
  }
  EXPECT_NEAR(*table.rows()[0].updates_per_s, 20, 0.01);
}

TEST(QuoteTable, AMoveIsToldOfPricesThatChangedAlone) {
  QuoteTable table;
  table.take(quote("A", "10", "11"), kWall, kNow);
  EXPECT_EQ(table.rows()[0].bid.direction, 0) << "what is known for the first time has not moved";
  table.take(quote("A", "10.50", "11"), kWall, kNow + 1);
  EXPECT_EQ(table.rows()[0].bid.direction, 1);
  EXPECT_EQ(table.rows()[0].bid.at_ns, kNow + 1);
  EXPECT_EQ(table.rows()[0].ask.direction, 0);
  table.take(quote("A", "10.5", "10.9"), kWall, kNow + 2);
  EXPECT_EQ(table.rows()[0].bid.at_ns, kNow + 1) << "10.5 is 10.50";
  EXPECT_EQ(table.rows()[0].ask.direction, -1);
}

TEST(QuoteTable, NothingIsCurrentOnceTheConnectionHasGone) {
  QuoteTable table;
  table.take(quote("A", "10", "11"), kWall, kNow);
  table.take(quote("A", "10", "11"), kWall, kNow);
  table.sample(kNow, 0);
  table.sample(kNow + kNsPerSecond, 0);
  table.distrust();
  EXPECT_TRUE(table.rows()[0].known);
  EXPECT_FALSE(table.rows()[0].current);
  EXPECT_FALSE(table.rows()[0].updates_per_s);
  EXPECT_FALSE(table.rows()[0].ages.p50_ns);
  EXPECT_EQ(table.take(quote("A", "12", "13"), kWall, kNow), Taken::first);
  EXPECT_TRUE(table.rows()[0].current);
  EXPECT_EQ(table.rows()[0].bid.direction, 0) << "how it came to be is not known";
}

TEST(QuoteTable, DigitsNeverBecomeFewer) {
  QuoteTable table;
  table.take(quote("A", "10.25000000", "11.00000000"), kWall, kNow);
  table.take(quote("A", "10.00000000", "11.00000000"), kWall, kNow);
  EXPECT_EQ(table.rows()[0].price_digits, 2);
}

TEST(QuoteTable, IsInTheOrderAskedFor) {
  QuoteTable table;
  table.list({"EMPTY"});
  table.take(quote("BTCUSDT", "100", "101"), kWall, kNow);
  table.take(quote("ETHUSDT", "10", "10.2"), kWall, kNow);
  table.take(quote("BTCEUR", "100", "100.01"), kWall, kNow);
  const auto order = [&](std::optional<Column> column, bool descending, std::string_view filter = "") {
    return names(table, table.order(column, descending, filter));
  };
  EXPECT_THAT(order(std::nullopt, true), ElementsAre("EMPTY", "BTCUSDT", "ETHUSDT", "BTCEUR")) << "as listed";
  EXPECT_THAT(order(Column::symbol, false), ElementsAre("BTCEUR", "BTCUSDT", "EMPTY", "ETHUSDT"));
  EXPECT_THAT(order(Column::spread, true), ElementsAre("ETHUSDT", "BTCUSDT", "BTCEUR", "EMPTY"));
  EXPECT_THAT(order(Column::spread, false), ElementsAre("BTCEUR", "BTCUSDT", "ETHUSDT", "EMPTY"))
      << "what is not known comes last either way";
  EXPECT_THAT(order(Column::bid, true), ElementsAre("BTCUSDT", "BTCEUR", "ETHUSDT", "EMPTY"))
      << "equals stay";
  EXPECT_THAT(order(Column::symbol, false, "btc"), ElementsAre("BTCEUR", "BTCUSDT"));
  EXPECT_THAT(order(Column::symbol, false, "usdt th"), ElementsAre("ETHUSDT"));
  EXPECT_THAT(order(Column::symbol, false, "xyz"), ElementsAre());
}

TEST(QuoteTable, CountsSymbolsItHasNoRoomFor) {
  QuoteTable table;
  for (std::size_t i = 0; i < QuoteTable::kRowsMax; ++i)
    ASSERT_EQ(table.take(quote("S" + std::to_string(i), "1", "2"), kWall, kNow), Taken::first);
  EXPECT_EQ(table.take(quote("ONEMORE", "1", "2"), kWall, kNow), Taken::no_room);
  EXPECT_EQ(table.take(quote("S7", "1", "2"), kWall, kNow), Taken::update);
  EXPECT_EQ(table.refused(), 1u);
  EXPECT_EQ(table.known(), QuoteTable::kRowsMax);
}

}  // namespace
}  // namespace tickcast::watch
