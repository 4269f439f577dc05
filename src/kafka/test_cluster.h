// SPDX-License-Identifier: Apache-2.0
//
// TestCluster: librdkafka's mock cluster, for tests: real sockets and the real protocol, brokers that go away
// and leaders that move on command, no Java. What only a real broker does is tested end to end.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/check.h"
#include "kafka/client.h"

namespace tickcast::kafka {

class TestCluster {
 public:
  explicit TestCluster(int brokers = 1) : brokers_(brokers) {
    auto conf = configure({"127.0.0.1:1", "unused", {}}, {});
    auto made = make_instance(RD_KAFKA_PRODUCER, std::move(*conf));
    owner_ = std::move(*made);
    cluster_ = rd_kafka_mock_cluster_new(owner_.get(), brokers);
    CHECK(cluster_ != nullptr, "no mock cluster");
  }
  ~TestCluster() {
    writer_topic_.reset();
    writer_.reset();
    rd_kafka_mock_cluster_destroy(cluster_);
  }
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  Settings settings() const { return {rd_kafka_mock_cluster_bootstraps(cluster_), "quotes", {}}; }
  void create_topic(int partitions) {
    const auto code = rd_kafka_mock_topic_create(cluster_, "quotes", partitions, brokers_);
    CHECK(code == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(code));
  }
  void move_leader(int partition, int broker) {
    rd_kafka_mock_partition_set_leader(cluster_, "quotes", partition, broker);
  }
  void set_up(bool up) {
    for (int id = 1; id <= brokers_; ++id)
      up ? rd_kafka_mock_broker_set_up(cluster_, id) : rd_kafka_mock_broker_set_down(cluster_, id);
  }
  void fail_next(int api_key, rd_kafka_resp_err_t code) {
    rd_kafka_mock_push_request_errors(cluster_, static_cast<std::int16_t>(api_key), 1, code);
  }
  static constexpr int kProduce = 0;

  // Another team's producer: any key and value, acknowledged before this returns.
  void write(std::string_view key, std::optional<std::string_view> value, std::int64_t timestamp_ms = 0) {
    if (!writer_) {
      auto conf = configure(settings(), {{"linger.ms", "0"}});
      auto made = make_instance(RD_KAFKA_PRODUCER, std::move(*conf));
      writer_ = std::move(*made);
      auto opened = open_topic(*writer_, "quotes");
      writer_topic_ = std::move(*opened);
    }
    void* const bytes = const_cast<char*>(value ? value->data() : nullptr);
    const std::size_t count = value ? value->size() : 0;
    const auto code = rd_kafka_producev(
        writer_.get(), RD_KAFKA_V_RKT(writer_topic_.get()), RD_KAFKA_V_PARTITION(0),
        RD_KAFKA_V_KEY(key.empty() ? nullptr : key.data(), key.size()), RD_KAFKA_V_VALUE(bytes, count),
        RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    CHECK(code == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(code));
    CHECK(rd_kafka_flush(writer_.get(), 20'000) == RD_KAFKA_RESP_ERR_NO_ERROR, "the record was not taken");
  }

 private:
  int brokers_;
  Owned<rd_kafka_t> owner_;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  Owned<rd_kafka_t> writer_;
  Owned<rd_kafka_topic_t> writer_topic_;
};

}  // namespace tickcast::kafka
