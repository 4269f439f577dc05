// SPDX-License-Identifier: Apache-2.0
//
// What the sink promises of its batches, and of records that are not taken.
#include "kafka/topic_sink.h"

#include <numeric>

#include <gtest/gtest.h>

#include "kafka/test_ends.h"

namespace tickcast::kafka {
namespace {

class TopicSinkTest : public TopicTest {
 protected:
  TopicSinkTest() { cluster_.create_topic(1); }

  // Nothing is written but what is admitted, and nothing fails because the machine was busy.
  SinkOptions options() const {
    SinkOptions options = sink_options(cluster_);
    options.rewrite_after_ns = 0;
    options.max_age_ns = kDeadlineNs;
    return options;
  }
  // Until each quote that was admitted is acknowledged by the broker or counted as merged. REQUIRES that none
  // fails.
  bool settle(const Writer& writer) {
    const SinkStats& stats = writer.sink.stats();
    return reach([&] { return stats.handed + stats.merged == admitted_ && stats.delivered == stats.handed; });
  }
  void admit(Writer& writer, int symbol, std::int64_t id) {
    writer.admit(name(symbol), id);
    ++admitted_;
  }
  // The first quote has arrived: from here on batches go as they come.
  bool begin(Writer& writer) {
    admit(writer, 0, 1);
    writer.book.publish();
    return settle(writer);
  }

  TestCluster cluster_;
  std::uint64_t admitted_ = 0;
};

TEST_F(TopicSinkTest, WhatComesWhileRecordsAreUnacknowledgedIsOneBatchAfterwards) {
  Reader reader(loop_, source_options(cluster_));
  Writer writer(loop_, options());
  ASSERT_TRUE(begin(writer));
  constexpr int kRoundTripMs = 100;
  cluster_.set_round_trip(kRoundTripMs);
  const std::uint64_t before = writer.sink.stats().batches;
  const std::int64_t begun_ns = steady_ns();
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    for (int symbol = 0; symbol < 3; ++symbol) admit(writer, symbol, 2 + round);
    writer.book.publish();
    loop_.turn(kNsPerMs);  // long enough for a batch of its own
  }
  ASSERT_TRUE(settle(writer));
  // Two a round trip, because librdkafka may send a batch in two parts.
  const auto round_trips = static_cast<std::uint64_t>((steady_ns() - begun_ns) / kNsPerMs / kRoundTripMs);
  EXPECT_LE(writer.sink.stats().batches - before, 2 + 2 * round_trips) << "not one a round";
  cluster_.set_round_trip(0);
  EXPECT_TRUE(reach([&] { return same_ends(writer, reader); }));
  EXPECT_FALSE(reader.watch.went_back);
  EXPECT_EQ(reader.watch.admitted, admitted_ - writer.sink.stats().merged) << "in order, none left out";
}

TEST_F(TopicSinkTest, OfABusyMarketBatchesGoWhileRecordsAreUnacknowledgedUpToABound) {
  Reader reader(loop_, source_options(cluster_));
  Writer writer(loop_, options());
  ASSERT_TRUE(begin(writer));
  constexpr std::int64_t kRoundTripMs = 200;
  cluster_.set_round_trip(kRoundTripMs);
  const std::uint64_t before = writer.sink.stats().handed;
  const std::int64_t begun_ns = steady_ns();
  constexpr int kRounds = 30;
  constexpr int kSymbols = 50;  // more than leave as one request
  for (int round = 0; round < kRounds; ++round) {
    for (int symbol = 0; symbol < kSymbols; ++symbol) admit(writer, symbol, 2 + round);
    writer.book.publish();
    loop_.turn(kNsPerMs);
  }
  const std::uint64_t handed = writer.sink.stats().handed - before;
  EXPECT_GT(handed, 2U * kSymbols) << "the first batch was not waited for";
  if (steady_ns() - begun_ns < kRoundTripMs * kNsPerMs) {
    EXPECT_LT(handed, kRounds * kSymbols) << "what the broker does not take waits here";
  }
  cluster_.set_round_trip(0);
  ASSERT_TRUE(settle(writer));
  EXPECT_TRUE(reach([&] { return same_ends(writer, reader); }));
  EXPECT_FALSE(reader.watch.went_back);
}

TEST_F(TopicSinkTest, BatchesAreApartHoweverOftenTheBookIsPublished) {
  constexpr std::int64_t kGapNs = 600 * kNsPerUs;  // as the header promises
  Writer writer(loop_, options());
  ASSERT_TRUE(begin(writer));
  for (int burst = 0; burst < 20; ++burst) {
    const std::uint64_t before = writer.sink.stats().batches;
    const std::int64_t begun_ns = steady_ns();
    for (int i = 0; i < 4; ++i) {  // few enough not to wait for an acknowledgement
      admit(writer, i, 2 + burst);
      writer.book.publish();
    }
    const std::int64_t took_ns = steady_ns() - begun_ns;
    ASSERT_LE(writer.sink.stats().batches - before, 1U + static_cast<std::uint64_t>(took_ns / kGapNs));
    ASSERT_TRUE(settle(writer));
  }
}

TEST_F(TopicSinkTest, WhatTheLibraryHasNoRoomForIsMergedAndTheNewestOfEverySymbolArrives) {
  Reader reader(loop_, source_options(cluster_));
  SinkOptions small = options();
  small.settings.config = {{"queue.buffering.max.messages", "10"}};
  Writer writer(loop_, small);
  ASSERT_TRUE(begin(writer));
  constexpr int kQuotes = 50;
  for (int i = 0; i < kQuotes; ++i) admit(writer, 0, 2 + i);
  writer.book.publish();
  EXPECT_EQ(writer.sink.stats().handed, 11U) << "what there is room for";
  EXPECT_EQ(writer.sink.stats().merged, kQuotes - 11U) << "of the others the newest waits";
  const auto ages = writer.sink.stats().produced_age.read().buckets;
  EXPECT_EQ(std::accumulate(ages.begin(), ages.end(), std::uint64_t{0}), 10U)
      << "ages of those that were handed over";
  ASSERT_TRUE(settle(writer));

  for (int round = 0; round < 5; ++round) {
    for (int symbol = 0; symbol < 100; ++symbol) admit(writer, symbol, 100 + round);
    writer.book.publish();
    loop_.turn(kNsPerMs);
  }
  ASSERT_TRUE(settle(writer)) << "each quote was either written or counted as merged";
  EXPECT_TRUE(reach([&] { return same_ends(writer, reader); }));
  EXPECT_FALSE(reader.watch.went_back);
  EXPECT_EQ(writer.sink.stats().failed, 0U);
  EXPECT_EQ(writer.sink.stats().outages, 0U) << "a full queue is no broker that is away";
}

TEST_F(TopicSinkTest, OfRecordsThatTheBrokerRefusesTheSymbolsNewestQuotesAreWritten) {
  Reader reader(loop_, source_options(cluster_));
  Writer writer(loop_, options());
  ASSERT_TRUE(begin(writer));
  cluster_.refuse_produce();
  for (int symbol = 0; symbol < 3; ++symbol) admit(writer, symbol, 2);
  writer.book.publish();
  admit(writer, 0, 3);  // while its 2 is on its way
  writer.book.publish();
  ASSERT_TRUE(reach([&] { return same_ends(writer, reader); }));
  EXPECT_FALSE(reader.watch.went_back);
  EXPECT_GE(writer.sink.stats().failed, 1U) << "those that left as the first request";
  EXPECT_GE(writer.sink.stats().outages, 1U);
  EXPECT_TRUE(reach([&] { return writer.sink.stats().taking == 1; })) << "it goes on";
}

}  // namespace
}  // namespace tickcast::kafka
