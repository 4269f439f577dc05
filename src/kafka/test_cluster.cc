// SPDX-License-Identifier: Apache-2.0
#include "kafka/test_cluster.h"

#include <dlfcn.h>

#include "base/check.h"
#include "kafka/client.h"

// Wants rdkafka.h before it.
#include <librdkafka/rdkafka_mock.h>

namespace tickcast::kafka {
namespace {

constexpr const char* kTopic = "quotes";
constexpr std::int16_t kProduceRequest = 0;

int refused_partition = 0;
int refusals_left = 0;

void must(rd_kafka_resp_err_t code) { CHECK(code == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(code)); }

Owned<rd_kafka_t> make_producer(const Settings& settings) {
  auto conf = configure(settings, {{"linger.ms", "0"}});
  auto made = make_instance(RD_KAFKA_PRODUCER, std::move(*conf));
  return std::move(*made);
}

}  // namespace

// Stands before librdkafka's own, which refuses nothing that a cluster can bring about.
extern "C" int rd_kafka_consume_start_queue(rd_kafka_topic_t* topic, std::int32_t partition,
                                            std::int64_t offset, rd_kafka_queue_t* queue) {
  static const auto theirs =
      reinterpret_cast<decltype(&rd_kafka_consume_start_queue)>(dlsym(RTLD_NEXT, __func__));
  const bool refused = partition == refused_partition && refusals_left > 0;
  if (refused) --refusals_left;
  return theirs(topic, refused ? -1 : partition, offset, queue);  // there is no partition -1
}

struct TestCluster::Impl {
  explicit Impl(int count)
      : brokers(count),
        owner(make_producer({"127.0.0.1:1", kTopic, {}})),
        cluster(rd_kafka_mock_cluster_new(owner.get(), count)) {
    CHECK(cluster != nullptr, "no mock cluster");
  }
  ~Impl() {
    writer_topic.reset();
    writer.reset();
    rd_kafka_mock_cluster_destroy(cluster);
  }

  int brokers;
  Owned<rd_kafka_t> owner;
  rd_kafka_mock_cluster_t* cluster;
  Owned<rd_kafka_t> writer;
  Owned<rd_kafka_topic_t> writer_topic;
};

TestCluster::TestCluster(int brokers) : impl_(std::make_unique<Impl>(brokers)) {}
TestCluster::~TestCluster() = default;

Settings TestCluster::settings() const {
  return {rd_kafka_mock_cluster_bootstraps(impl_->cluster), kTopic, {}};
}

void TestCluster::create_topic(int partitions) {
  must(rd_kafka_mock_topic_create(impl_->cluster, kTopic, partitions, impl_->brokers));
}

void TestCluster::move_leader(int partition, int broker) {
  must(rd_kafka_mock_partition_set_leader(impl_->cluster, kTopic, partition, broker));
}

void TestCluster::set_up(bool up) {
  for (int id = 1; id <= impl_->brokers; ++id)
    must(up ? rd_kafka_mock_broker_set_up(impl_->cluster, id)
            : rd_kafka_mock_broker_set_down(impl_->cluster, id));
}

void TestCluster::lose_sequence() {
  rd_kafka_mock_push_request_errors(impl_->cluster, kProduceRequest, 1,
                                    RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
}

void TestCluster::refuse_produce() {
  rd_kafka_mock_push_request_errors(impl_->cluster, kProduceRequest, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
}

void TestCluster::set_round_trip(int milliseconds) {
  for (int id = 1; id <= impl_->brokers; ++id)
    must(rd_kafka_mock_broker_set_rtt(impl_->cluster, id, milliseconds));
}

void TestCluster::refuse_to_read(int partition, int times) {
  refused_partition = partition;
  refusals_left = times;
}

void TestCluster::write(std::string_view key, std::optional<std::string_view> value) {
  if (!impl_->writer) {
    impl_->writer = make_producer(settings());
    auto opened = open_topic(*impl_->writer, kTopic);
    impl_->writer_topic = std::move(*opened);
  }
  void* const bytes = const_cast<char*>(value ? value->data() : nullptr);
  const std::size_t count = value ? value->size() : 0;
  const int produced = rd_kafka_produce(impl_->writer_topic.get(), 0, RD_KAFKA_MSG_F_COPY, bytes, count,
                                        key.empty() ? nullptr : key.data(), key.size(), nullptr);
  CHECK(produced == 0, "the record was not taken");
  must(rd_kafka_flush(impl_->writer.get(), 20'000));
}

}  // namespace tickcast::kafka
