// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a batch, mostly at a producer that knows no broker: what it takes stays in its queue, and
// its reports on that bring back each record as it was taken.
#include "kafka/record_batch.h"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "kafka/client.h"
#include "kafka/test_cluster.h"
#include "kafka/topic_reader.h"
#include "net/loop.h"
#include "wire/kafka_record.h"

namespace tickcast::kafka {
namespace {

using market::Origin;
using market::SymbolId;

constexpr int kPartition = 3;
constexpr int kRoom = 5;  // records
constexpr int kDeadlineMs = 60'000;

// One record, as the producer reports on it.
struct Taken {
  SymbolId symbol{};
  std::string key;
  std::string value;
  std::string origin;  // empty: no such header
};

Taken copy_of(const rd_kafka_message_t& message) {
  Taken out;
  out.symbol = RecordBatch::symbol_of(message);
  out.key = {static_cast<const char*>(message.key), message.key_len};
  out.value = {static_cast<const char*>(message.payload), message.len};
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  std::size_t bytes = 0;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
      rd_kafka_header_get_last(headers, kOriginRecordHeader.data(), &value, &bytes) ==
          RD_KAFKA_RESP_ERR_NO_ERROR)
    out.origin = {static_cast<const char*>(value), bytes};
  return out;
}

// A producer as the sink's, with little room.
class Producer {
 public:
  explicit Producer(const Settings& settings) {
    auto conf = configure(
        settings, {{"enable.idempotence", "true"}, {"queue.buffering.max.messages", std::to_string(kRoom)}});
    rd_kafka_conf_set_events(conf->get(), RD_KAFKA_EVENT_DR);
    handle_ = std::move(*make_instance(RD_KAFKA_PRODUCER, std::move(*conf)));
    topic_ = std::move(*open_topic(*handle_, "quotes"));
    reports_.reset(rd_kafka_queue_get_main(handle_.get()));
  }

  Destination destination() const { return {*handle_, *topic_, kPartition}; }
  void break_for_good() {
    rd_kafka_test_fatal_error(handle_.get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "by a test");
  }

  // Empties the queue: what was in it, in order.
  std::vector<Taken> queued() {
    const auto count = static_cast<std::size_t>(rd_kafka_outq_len(handle_.get()));
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE);
    std::vector<Taken> out;
    while (out.size() < count) {
      const Owned<rd_kafka_event_t> told{rd_kafka_queue_poll(reports_.get(), kDeadlineMs)};
      if (!told) break;
      while (const rd_kafka_message_t* message = rd_kafka_event_message_next(told.get()))
        out.push_back(copy_of(*message));
    }
    EXPECT_EQ(out.size(), count) << "each record that was taken is reported on";
    return out;
  }

 private:
  Owned<rd_kafka_t> handle_;
  Owned<rd_kafka_topic_t> topic_;
  Owned<rd_kafka_queue_t> reports_;
};

class RecordBatchTest : public ::testing::Test {
 protected:
  SymbolId symbol(const std::string& name) { return *symbols_.put_name(name); }
  HandOver hand_over(Origin origin = Origin::live) {
    return batch_.hand_over(producer_.destination(), symbols_, origin);
  }

  Producer producer_{{}};
  market::SymbolTable symbols_;
  RecordBatch batch_;
};

market::Quote quote(std::int64_t id) {
  market::Quote out;
  out.update_id = id;
  out.bid_price = out.ask_price = {id, -8};
  out.admitted_ns = 1'732'320'000'123'456'789;
  return out;
}

std::string value_of(const market::Quote& quote) {
  char out[wire::kRecordBytesMax];
  return {out, wire::write_record(out, quote)};
}

// What comes out at the other end of a topic.
struct Arrival final : TopicReaderOwner {
  std::string key;
  std::string value;
  std::string origin;
  std::int64_t timestamp_ms = 0;
  int partition = -1;
  void on_record(const Record& record) override {
    key = record.key;
    value = record.value.value_or("");
    origin = record.origin;
    timestamp_ms = record.timestamp_ms;
    partition = record.partition;
  }
  void on_batch_end() override {}
  void on_caught_up() override {}
  void on_trouble(const std::string&) override {}
};

TEST_F(RecordBatchTest, AQuoteArrivesAsARecordWithTheTimeAtWhichItWasTakenIn) {
  TestCluster cluster;
  cluster.create_topic(kPartition + 1);
  Producer producer(cluster.settings());
  batch_.add(symbol("BTCUSDT"), quote(7), true);
  ASSERT_EQ(batch_.hand_over(producer.destination(), symbols_, Origin::replay).taken, 1U);

  net::Loop loop;
  Arrival arrival;
  TopicReader reader(loop, cluster.settings(), 60 * kNsPerSecond, arrival);
  ASSERT_TRUE(reader.start());
  const std::int64_t until_ns = steady_ns() + kDeadlineMs * kNsPerMs;
  while (arrival.partition < 0 && steady_ns() < until_ns) loop.turn(5 * kNsPerMs);
  EXPECT_EQ(arrival.key, "BTCUSDT");
  EXPECT_EQ(arrival.value, value_of(quote(7)));
  EXPECT_EQ(arrival.timestamp_ms, 1'732'320'000'123);
  EXPECT_EQ(arrival.partition, kPartition);
  EXPECT_EQ(arrival.origin, "replay");
}

TEST_F(RecordBatchTest, RecordsAreTakenInTheirOrderAndEachReportNamesItsSymbol) {
  const SymbolId first = symbol("BTCUSDT");
  const SymbolId second = symbol("ETHUSDT");
  ASSERT_EQ(market::index(first), 0U) << "which no null pointer stands for";
  for (const SymbolId each : {second, first, second}) batch_.add(each, quote(1), false);
  const HandOver outcome = hand_over();
  EXPECT_EQ(outcome.taken, 3U);
  EXPECT_EQ(outcome.refusal, RD_KAFKA_RESP_ERR_NO_ERROR);
  const std::vector<Taken> taken = producer_.queued();
  ASSERT_EQ(taken.size(), 3U);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const SymbolId expected = i == 1 ? first : second;
    EXPECT_EQ(taken[i].symbol, expected);
    EXPECT_EQ(taken[i].key, symbols_.name(expected));
  }
}

TEST_F(RecordBatchTest, WhatWasTakenIsTheLibrarysOwnHoweverTheBatchIsUsedAfterwards) {
  batch_.add(symbol("BTCUSDT"), quote(11'111), true);
  ASSERT_EQ(hand_over(Origin::simulated).taken, 1U);
  batch_.clear();
  EXPECT_TRUE(batch_.records().empty());
  batch_.add(symbol("ETHUSDT"), quote(22'222), false);  // written over the value of before
  ASSERT_EQ(hand_over().taken, 1U) << "and not what it held before it was cleared";
  const std::vector<Taken> taken = producer_.queued();
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].value, value_of(quote(11'111)));
  EXPECT_EQ(taken[0].origin, "simulated");
  EXPECT_EQ(taken[1].value, value_of(quote(22'222)));
}

TEST_F(RecordBatchTest, TheNewestOfAMarketThatIsNotLiveSaysSoAndNoOtherRecord) {
  for (const Origin origin : {Origin::live, Origin::simulated, Origin::replay}) {
    batch_.clear();
    batch_.add(symbol("BTCUSDT"), quote(1), false);
    batch_.add(symbol("ETHUSDT"), quote(1), true);
    ASSERT_EQ(hand_over(origin).taken, 2U);
    const std::vector<Taken> taken = producer_.queued();
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[0].origin, "") << market::name(origin);
    EXPECT_EQ(taken[1].origin, origin == Origin::live ? "" : market::name(origin));
  }
}

TEST_F(RecordBatchTest, WhereRoomEndsItSaysHowManyWereTakenAndWhyNotTheNext) {
  const SymbolId btc = symbol("BTCUSDT");
  for (int id = 1; id <= kRoom + 2; ++id) batch_.add(btc, quote(id), true);
  for (int twice = 0; twice < 2; ++twice) {  // the batch holds them all still
    const HandOver outcome = hand_over(Origin::simulated);
    EXPECT_EQ(outcome.taken, static_cast<std::size_t>(kRoom));
    EXPECT_EQ(outcome.refusal, RD_KAFKA_RESP_ERR__QUEUE_FULL);
    EXPECT_EQ(hand_over(Origin::simulated).taken, 0U) << "there is no room at all";
    const std::vector<Taken> taken = producer_.queued();
    ASSERT_EQ(taken.size(), static_cast<std::size_t>(kRoom)) << "nothing of what was refused";
    for (int id = 1; id <= kRoom; ++id)
      EXPECT_EQ(taken[static_cast<std::size_t>(id - 1)].value, value_of(quote(id)));
  }
}

TEST_F(RecordBatchTest, AProducerThatBrokeForGoodIsToldFromOneThatIsFull) {
  batch_.add(symbol("BTCUSDT"), quote(1), true);
  producer_.break_for_good();
  const HandOver outcome = hand_over(Origin::simulated);
  EXPECT_EQ(outcome.taken, 0U);
  EXPECT_EQ(outcome.refusal, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
}

TEST_F(RecordBatchTest, AnEmptyBatchIsTakenWhole) {
  EXPECT_EQ(hand_over().taken, 0U);
  EXPECT_EQ(hand_over().refusal, RD_KAFKA_RESP_ERR_NO_ERROR);
}

TEST_F(RecordBatchTest, TheLongestRecordsKeepTheirValuesWhileItGrows) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  market::Quote longest = quote(kMost);
  longest.bid_price = longest.bid_quantity = longest.ask_price =
      longest.ask_quantity = {kMost, -market::Decimal::kFractionDigitsMax};
  constexpr int kRecords = 1000;
  for (int i = 0; i < kRecords; ++i) {
    longest.bid_price.mantissa = kMost - i;
    batch_.add(symbol("BTCUSDT"), longest, false);
  }
  ASSERT_EQ(batch_.records().size(), static_cast<std::size_t>(kRecords));
  ASSERT_EQ(hand_over().taken, static_cast<std::size_t>(kRoom));
  const std::vector<Taken> taken = producer_.queued();
  ASSERT_EQ(taken.size(), static_cast<std::size_t>(kRoom));
  for (int i = 0; i < kRoom; ++i) {
    longest.bid_price.mantissa = kMost - i;
    EXPECT_EQ(taken[static_cast<std::size_t>(i)].value, value_of(longest));
  }
}

}  // namespace
}  // namespace tickcast::kafka
