// SPDX-License-Identifier: Apache-2.0
#include "load/streams.h"

#include <set>

#include <gtest/gtest.h>

namespace tickcast::load {
namespace {

std::string fault_of(std::string_view text) {
  const auto parsed = parse_streams(text);
  return parsed ? "" : parsed.error().message;
}

TEST(Streams, ANumberIsThatManySymbolsOfTheQuoteStream) {
  EXPECT_EQ(parse_streams("100")->count, 100u);
  EXPECT_EQ(parse_streams("100")->form, "@quote");
  EXPECT_TRUE(parse_streams("100")->timed);
  EXPECT_EQ(parse_streams("7@bookTicker")->form, "@bookTicker");
  EXPECT_FALSE(parse_streams("7@bookTicker")->timed);
  EXPECT_EQ(parse_streams("50@quote@1000ms")->form, "@quote@1000ms");
}

TEST(Streams, NamesAreTakenAsInAUrl) {
  const auto streams = parse_streams("btcusdt@quote@100ms/ethusdt@quote@100ms").value();
  EXPECT_EQ(streams.symbols, (std::vector<std::string>{"btcusdt", "ethusdt"}));
  EXPECT_EQ(streams.form, "@quote@100ms");
  EXPECT_TRUE(parse_streams("!quote@arr@1000ms")->all);
}

TEST(Streams, WhatCannotBeMeasuredIsRefusedInWordsThatHelp) {
  EXPECT_NE(fault_of("").find("100"), std::string::npos);
  EXPECT_NE(fault_of("0").find("100"), std::string::npos);
  EXPECT_NE(fault_of("btcusdt@depth").find("btcusdt@depth"), std::string::npos);
  EXPECT_NE(fault_of("5@bestBidAsk").find("5@bestBidAsk"), std::string::npos);
  EXPECT_NE(fault_of("btcusdt@quote/ethusdt@bookTicker").find("one form"), std::string::npos);
  EXPECT_NE(fault_of("btcusdt@quote/!quote").find("one form"), std::string::npos);
  EXPECT_NE(fault_of("1025").find("1024"), std::string::npos);
}

class WatchlistsTest : public testing::Test {
 protected:
  WatchlistsTest() {
    for (int i = 0; i < 40; ++i) table_.put_name("S" + std::to_string(i));
    table_.set_status(*table_.put_name("HALTED"), "BREAK");
  }
  market::SymbolTable table_;
};

TEST_F(WatchlistsTest, OfACountIsTheSameForAllAndNamesWhatTrades) {
  Watchlists watchlists(parse_streams("1000").value(), {}, table_);
  EXPECT_EQ(watchlists.of(1), watchlists.of(2));
  EXPECT_EQ(watchlists.of(1)->symbols.size(), 40u);
  EXPECT_EQ(watchlists.of(1)->target.find("halted"), std::string::npos);
}

TEST_F(WatchlistsTest, DistinctOnesDifferByClientAndRepeatBySeed) {
  Watchlists watchlists(parse_streams("3@bookTicker").value(), {.distinct = true, .seed = 5}, table_);
  Watchlists again(parse_streams("3@bookTicker").value(), {.distinct = true, .seed = 5}, table_);
  std::set<std::string> targets;
  for (std::uint32_t client = 0; client < 50; ++client) {
    const auto list = watchlists.of(client);
    EXPECT_EQ(std::set(list->symbols.begin(), list->symbols.end()).size(), 3u);
    EXPECT_EQ(list->target, again.of(client)->target);
    targets.insert(list->target);
  }
  EXPECT_GT(targets.size(), 45u);
}

TEST_F(WatchlistsTest, AskForTheirStreamsAsTheServersPathsWant) {
  const auto names = parse_streams("s2@quote/s1@quote").value();
  Watchlists raw(names, {}, table_);
  EXPECT_EQ(raw.of(0)->target, "/ws/s1@quote/s2@quote");
  Watchlists combined(names, {.combined = true}, table_);
  EXPECT_EQ(combined.of(0)->target, "/stream?streams=s1@quote/s2@quote");
  Watchlists all(parse_streams("!quote@arr").value(), {}, table_);
  EXPECT_EQ(all.of(0)->target, "/ws/!quote@arr");
}

TEST_F(WatchlistsTest, EncodeNamesBeyondAscii) {
  Watchlists watchlists(parse_streams("\u5e01usdt@quote").value(), {}, table_);
  EXPECT_EQ(watchlists.of(0)->target, "/ws/%E5%B8%81usdt@quote");
}

TEST_F(WatchlistsTest, KnowWhereASymbolStandsInThem) {
  Watchlists watchlists(parse_streams("s2@quote/s1@quote").value(), {}, table_);
  EXPECT_EQ(watchlists.of(0)->place_of(*table_.find("S2")), 1u);
  EXPECT_EQ(watchlists.of(0)->place_of(*table_.find("S3")), Watchlist::npos);
}

}  // namespace
}  // namespace tickcast::load
