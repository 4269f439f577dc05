// SPDX-License-Identifier: Apache-2.0
#include "app/topic_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tickcast::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::int64_t kNowNs = 1'732'320'000'125'000'000;

std::string quote(int id) {
  return R"({"bid":"1.10","bids":"2","ask":"1.20","asks":"3","producerTime":1732320000123.000,"u":)" +
         std::to_string(id) + "}";
}

kafka::Record record(std::string_view key, std::optional<std::string_view> value, int partition = 0) {
  kafka::Record out;
  out.partition = partition;
  out.offset = 7;
  out.timestamp_ms = 1'732'320'000'123;
  out.key = key;
  out.value = value;
  return out;
}

TEST(TopicReport, OfACleanTopicHasNoFaults) {
  TopicReport report;
  report.add(record("BTCUSDT", quote(1)), kNowNs);
  report.add(record("BTCUSDT", quote(2)), kNowNs);
  report.add(record("BTCUSDT", quote(2)), kNowNs);
  report.add(record("ETHUSDT", quote(1), 1), kNowNs);
  EXPECT_THAT(report.faults(), IsEmpty());
  const std::string stats = report.stats(2, 1, kNowNs);
  EXPECT_THAT(stats, StartsWith("4 records in 2.0 s, 2/s"));
  EXPECT_THAT(stats, HasSubstr("2 symbols; 1 written again"));
  EXPECT_THAT(stats, HasSubstr("p50 2.0 ms, p99 2.0 ms"));
  EXPECT_THAT(stats, HasSubstr("BTCUSDT                1.5     2.0 ms  1.10 x 2  1.20 x 3"));
  EXPECT_EQ(stats.find("ETHUSDT"), std::string::npos) << "only the busiest one was asked for";
}

TEST(TopicReport, NamesWhatAConsumerMayStumbleOver) {
  TopicReport report;
  report.add(record("BTCUSDT", quote(5)), kNowNs);
  report.add(record("BTCUSDT", quote(4)), kNowNs);
  report.add(record("BTCUSDT", quote(6), 1), kNowNs);
  report.add(record("BTCUSDT", quote(7), 1), kNowNs);
  report.add(record("BTCUSDT", "junk"), kNowNs);
  report.add(record("ETHUSDT", "junk", 1), kNowNs);
  report.add(record("", quote(1)), kNowNs);
  report.add(record("XRPUSDT", std::nullopt), kNowNs);
  report.add(record("ETHUSDT", R"({"bid":"1","bids":"1","ask":"1","asks":"1"})"), kNowNs);
  EXPECT_THAT(report.faults(),
              ElementsAre("2 records are no quotes; first: BTCUSDT (0/7)",
                          "1 record has no key, so no symbol; first: (no key) (0/7)",
                          StartsWith("1 symbol is in more than one partition"),
                          StartsWith("1 quote has a lower u"), StartsWith("1 quote has no u"),
                          StartsWith("1 quote has no producerTime"), StartsWith("1 record is a tombstone")));
}

TEST(TopicReport, ShowsARecordAsALine) {
  wire::RecordReader reader;
  EXPECT_EQ(record_line(reader, record("BTCUSDT", quote(5)), kNowNs),
            "2024-11-23T00:00:00.123 BTCUSDT      1.10 x 2  1.20 x 3  u 5  age 2.0 ms (0/7)");
  EXPECT_EQ(record_line(reader, record("BTCUSDT", "junk"), kNowNs), "BTCUSDT is no quote (0/7)");
  EXPECT_EQ(record_line(reader, record("BTCUSDT", std::nullopt), kNowNs), "BTCUSDT tombstone (0/7)");
}

}  // namespace
}  // namespace tickcast::app
