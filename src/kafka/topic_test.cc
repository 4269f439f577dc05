// SPDX-License-Identifier: Apache-2.0
//
// The topic as sink and as source, through librdkafka's mock cluster: what arrives, and what holds while
// brokers go away, leaders move, and other producers write what they like.
#include <string>

#include <gtest/gtest.h>

#include "kafka/test_ends.h"

namespace tickcast::kafka {
namespace {

using market::Book;
using market::SourceState;
using market::SymbolId;

TEST_F(TopicTest, CarriesEveryQuoteToAReaderAndItsTimesAndOriginWithIt) {
  TestCluster cluster;
  cluster.create_topic(4);
  Reader reader(loop_, source_options(cluster));
  ASSERT_TRUE(reach([&] { return reader.source.stats().ready.load(); }));
  Writer writer(loop_, sink_options(cluster));
  writer.admit(name(0), 1);
  ASSERT_TRUE(reach([&] { return reader.last(name(0)).has_value(); }))
      << "what came before the topic was known";
  for (int round = 0; round < 10; ++round) {
    for (int symbol = 0; symbol < 50; ++symbol) writer.admit(name(symbol), 2 + round);
    writer.book.publish();
    loop_.turn(0);
  }
  ASSERT_TRUE(reach([&] { return same_ends(writer, reader); }));
  EXPECT_EQ(reader.watch.admitted, 501U) << "a link that keeps up merges nothing";
  EXPECT_FALSE(reader.watch.went_back);
  EXPECT_EQ(writer.sink.stats().merged + writer.sink.stats().failed, 0U);
  EXPECT_EQ(reader.book.source().state, SourceState::live);
  EXPECT_EQ(reader.book.source().origin, market::Origin::simulated);

  Book::Entry written;
  ASSERT_TRUE(writer.book.read(SymbolId{0}, written));
  EXPECT_EQ(reader.last(name(0))->admitted_ns, written.quote.admitted_ns / 1'000 * 1'000)
      << "the time at which the producer took it in";
  EXPECT_EQ(reader.symbols.listing(*reader.symbols.find(name(7))).quote_asset, "USDT");
}

TEST_F(TopicTest, ALateReaderFindsEverySymbolBecauseLastQuotesAreWrittenAgain) {
  TestCluster cluster;
  cluster.create_topic(2);
  SinkOptions options = sink_options(cluster);
  options.rewrite_after_ns = 300 * kNsPerMs;
  Writer writer(loop_, options);
  for (int symbol = 0; symbol < 20; ++symbol) writer.admit(name(symbol), 7);
  writer.book.publish();
  ASSERT_TRUE(reach([&] { return writer.sink.stats().rewritten >= 40; })) << "twice each";

  Reader reader(loop_, source_options(cluster));
  ASSERT_TRUE(reach([&] { return reader.source.stats().ready.load(); }));
  EXPECT_TRUE(same_ends(writer, reader)) << "all of them before it is ready";
  EXPECT_EQ(reader.watch.admitted, 20U) << "the same again is no news";

  const std::uint64_t before = writer.sink.stats().rewritten;
  writer.trust(SourceState::down);
  const std::int64_t until_ns = steady_ns() + kNsPerSecond;
  reach([&] { return steady_ns() > until_ns; });
  EXPECT_EQ(writer.sink.stats().rewritten, before) << "what nobody vouches for is not repeated";
}

TEST_F(TopicTest, ABrokerThatIsAwayBlocksNothingAndTheNewestOfEverySymbolGoesFirstWhenItIsBack) {
  TestCluster cluster;
  cluster.create_topic(2);
  Reader reader(loop_, source_options(cluster));
  SinkOptions options = sink_options(cluster);
  options.max_age_ns = kNsPerSecond;
  Writer writer(loop_, options);
  constexpr int kSymbols = 30;
  for (int symbol = 0; symbol < kSymbols; ++symbol) writer.admit(name(symbol), 1);
  writer.book.publish();
  ASSERT_TRUE(reach([&] { return reader.source.stats().ready && same_ends(writer, reader); }));

  cluster.set_up(false);
  ASSERT_TRUE(reach([&] { return reader.book.source().state == SourceState::down; }));
  const std::uint64_t admitted_before = reader.watch.admitted;
  std::int64_t id = 1;
  ASSERT_TRUE(reach([&] {
    ++id;
    for (int symbol = 0; symbol < kSymbols; ++symbol) writer.admit(name(symbol), id);
    writer.book.publish();
    return writer.sink.stats().outages > 0 && id > 300;
  }));
  EXPECT_EQ(reader.watch.admitted, admitted_before);

  cluster.set_up(true);
  ASSERT_TRUE(reach([&] { return same_ends(writer, reader); }));
  ASSERT_TRUE(reach([&] { return reader.book.source().state == SourceState::live; }));
  EXPECT_FALSE(reader.watch.went_back);
  EXPECT_LT(reader.watch.admitted - admitted_before, 10U * kSymbols)
      << "of hundreds of rounds only the last ones are written";
  EXPECT_GT(writer.sink.stats().merged, 100U * kSymbols);

  writer.admit(name(0), ++id);
  writer.book.publish();
  EXPECT_TRUE(reach([&] { return same_ends(writer, reader); })) << "and on it goes";
}

TEST_F(TopicTest, FollowsALeaderThatMovesThroughACluster) {
  TestCluster cluster(3);
  cluster.create_topic(2);
  Reader reader(loop_, source_options(cluster));
  Writer writer(loop_, sink_options(cluster));
  std::int64_t id = 0;
  for (int broker = 1; broker <= 3; ++broker) {
    cluster.move_leader(0, broker);
    cluster.move_leader(1, 4 - broker);
    for (int round = 0; round < 20; ++round) {
      ++id;
      for (int symbol = 0; symbol < 20; ++symbol) writer.admit(name(symbol), id);
      writer.book.publish();
      loop_.turn(kNsPerMs);
    }
    ASSERT_TRUE(reach([&] { return same_ends(writer, reader); })) << "leader " << broker;
  }
  EXPECT_FALSE(reader.watch.went_back);
}

TEST_F(TopicTest, AProducerThatBrokeForGoodIsReplaced) {
  TestCluster cluster;
  cluster.create_topic(1);
  Reader reader(loop_, source_options(cluster));
  Writer writer(loop_, sink_options(cluster));
  writer.admit(name(0), 1);
  writer.book.publish();
  ASSERT_TRUE(reach([&] { return same_ends(writer, reader); }));
  cluster.lose_sequence();
  writer.admit(name(0), 2);
  writer.admit(name(1), 2);
  writer.book.publish();
  ASSERT_TRUE(reach([&] { return writer.sink.stats().instances == 2; }));
  EXPECT_TRUE(reach([&] { return same_ends(writer, reader); })) << "what it still had is written again";
  EXPECT_FALSE(reader.watch.went_back);
}

// --- what other producers write ---

constexpr std::string_view kBtc = "BTCUSDT";
std::string value(std::string_view bid, std::string_view more = "") {
  return R"({"bid":")" + std::string(bid) + R"(","bids":"1","ask":"9","asks":"1")" + std::string(more) + "}";
}

TEST_F(TopicTest, RecordsWithoutAnIdCountInTheirOrder) {
  TestCluster cluster;
  cluster.create_topic(1);
  Reader reader(loop_, source_options(cluster));
  for (const std::string_view bid : {"1", "2", "3", "2"}) cluster.write(kBtc, value(bid));
  ASSERT_TRUE(reach([&] { return reader.source.stats().records == 4; }));
  EXPECT_EQ(reader.last(kBtc)->bid_price.text(), "2");
  EXPECT_EQ(reader.source.stats().admitted, 4U);
}

TEST_F(TopicTest, OverAQuoteWithAnIdOneWithoutIsTakenOnlyWhenItIsClearlyYounger) {
  TestCluster cluster;
  cluster.create_topic(1);
  Reader reader(loop_, source_options(cluster));
  cluster.write(kBtc, value("1", R"(,"producerTime":1732320000000,"u":100)"));
  cluster.write(kBtc, value("2", R"(,"producerTime":1732320001000)"));  // another producer's view of the past
  ASSERT_TRUE(reach([&] { return reader.source.stats().records == 2; }));
  EXPECT_EQ(reader.last(kBtc)->bid_price.text(), "1");
  EXPECT_EQ(reader.source.stats().older, 1U);

  cluster.write(kBtc, value("3", R"(,"producerTime":1732320002001)"));  // the one with ids has fallen silent
  cluster.write(kBtc, value("4", R"(,"producerTime":1732320002002)"));
  ASSERT_TRUE(reach([&] { return reader.source.stats().records == 4; }));
  EXPECT_EQ(reader.last(kBtc)->bid_price.text(), "4");

  cluster.write(kBtc, value("5", R"(,"producerTime":1732320003000,"u":110)"));  // it is back
  ASSERT_TRUE(reach([&] { return reader.source.stats().records == 5; }));
  EXPECT_EQ(reader.last(kBtc)->bid_price.text(), "5");
  EXPECT_FALSE(reader.watch.went_back);
}

TEST_F(TopicTest, WhatCanNotBeReadIsCountedAndHarmsNothing) {
  TestCluster cluster;
  cluster.create_topic(1);
  Reader reader(loop_, source_options(cluster));
  cluster.write(kBtc, value("1", R"(,"u":1)"));
  cluster.write(kBtc, "not json");
  cluster.write(kBtc, R"({"bid":"1"})");
  cluster.write("", value("1"));
  cluster.write(kBtc, value("12345678901234567890"));
  cluster.write("no symbol", value("1"));
  cluster.write("ETHUSDT", std::nullopt);
  cluster.write(kBtc, value("2", R"(,"u":2)"));
  ASSERT_TRUE(reach([&] { return reader.source.stats().records == 8; }));
  EXPECT_EQ(reader.last(kBtc)->bid_price.text(), "2");
  EXPECT_EQ(reader.source.stats().unreadable, 3U);
  EXPECT_EQ(reader.source.stats().unrepresentable, 1U);
  EXPECT_EQ(reader.source.stats().refused_symbols, 1U);
  EXPECT_EQ(reader.source.stats().tombstones, 1U);
  EXPECT_EQ(reader.last("ETHUSDT"), std::nullopt);
  EXPECT_FALSE(reader.symbols.trading(*reader.symbols.find("ETHUSDT"))) << "its tombstone says so";

  cluster.write("ETHUSDT", value("3", R"(,"u":3)"));
  ASSERT_TRUE(reach([&] { return reader.last("ETHUSDT").has_value(); }));
  EXPECT_TRUE(reader.symbols.trading(*reader.symbols.find("ETHUSDT")));
}

TEST_F(TopicTest, ASilentTopicIsStaleUntilTheNextRecord) {
  TestCluster cluster;
  cluster.create_topic(1);
  SourceOptions options = source_options(cluster);
  options.stale_after_ns = 300 * kNsPerMs;
  Reader reader(loop_, options);
  EXPECT_EQ(reader.book.source().state, SourceState::connecting);
  cluster.write(kBtc, value("1"));
  ASSERT_TRUE(reach([&] { return reader.book.source().state == SourceState::live; }));
  ASSERT_TRUE(reach([&] { return reader.book.source().state == SourceState::stale; }));
  cluster.write(kBtc, value("1"));
  EXPECT_TRUE(reach([&] { return reader.book.source().state == SourceState::live; }));
}

TEST_F(TopicTest, AnExchangeThatCountsAnewIsAcceptedAfterAWhile) {
  TestCluster cluster;
  cluster.create_topic(1);
  Reader reader(loop_, source_options(cluster));
  cluster.write(kBtc, value("1", R"(,"u":1000000)"));
  ASSERT_TRUE(reach([&] { return reader.last(kBtc).has_value(); }));
  std::int64_t id = 0;
  EXPECT_TRUE(reach([&] {
    cluster.write(kBtc, value("2", R"(,"u":)" + std::to_string(++id)));
    return reader.last(kBtc)->bid_price.text() == "2";
  }));
}

}  // namespace
}  // namespace tickcast::kafka
