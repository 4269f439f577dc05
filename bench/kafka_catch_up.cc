// SPDX-License-Identifier: Apache-2.0
//
// How long an emitter takes to read a topic back at its start, beside a bare librdkafka consumer that reads
// the same records, alternately, in the same run. `tools/bench-kafka catch-up` starts a broker for it.
#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "bare_kafka.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "kafka/topic_admin.h"
#include "kafka/topic_source.h"
#include "market/book.h"
#include "net/loop.h"
#include "wire/kafka_record.h"

namespace tickcast::bench {
namespace {

constexpr const char* kTopic = "kafka-catch-up";

struct Options {
  std::string brokers;
  std::size_t records = 300'000;
  int runs = 5;
};

// Takes the reports of what the broker took, until no more than so many records wait.
void settle(rd_kafka_t* producer, int records) {
  rd_kafka_queue_t* const reports = rd_kafka_queue_get_main(producer);
  const std::int64_t until_ns = steady_ns() + 30 * kNsPerSecond;
  while (rd_kafka_outq_len(producer) > records) {
    if (rd_kafka_event_t* told = rd_kafka_queue_poll(reports, 100)) rd_kafka_event_destroy(told);
    CHECK(steady_ns() < until_ns, "the broker did not take the records in 30 s");
  }
  rd_kafka_queue_destroy(reports);
}

// Records of the market's symbols in turn, as fast as the broker takes them.
void fill_topic(const Options& options) {
  const std::unique_ptr<exchange::Source> market = make_market({1'000, true}, 0);
  rd_kafka_t* const producer = make_bare_producer(options.brokers, "0");
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(producer, kTopic, nullptr);
  char value[wire::kRecordBytesMax];
  for (std::size_t i = 0; i < options.records; ++i) {
    const std::string& key = market->listings()[i % kSymbols].symbol;
    const char* const end = wire::write_record(value, stamped(market->quotes()[i % kSymbols]));
    CHECK(rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value,
                           static_cast<std::size_t>(end - value), key.data(), key.size(), nullptr) == 0,
          "librdkafka took no record");
    if (i % 10'000 == 0) settle(producer, 100'000);
  }
  settle(producer, 0);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(producer);
}

// From nothing to every record of the last minute taken in.
double catch_up_seconds(const Options& options, std::size_t& records) {
  net::Loop loop;
  market::SymbolTable symbols;
  market::Book book;
  kafka::SourceOptions source_options;
  source_options.settings = {options.brokers, kTopic, {}};
  kafka::TopicSource source(loop, symbols, book, source_options);
  const std::int64_t start_ns = steady_ns();
  CHECK(source.start().has_value(), "the source did not start");
  while (!source.stats().ready) {
    loop.turn(kNsPerSecond);
    CHECK(steady_ns() - start_ns < 30 * kNsPerSecond, "the source was not ready in 30 s");
  }
  records = source.stats().records;
  return static_cast<double>(steady_ns() - start_ns) / 1e9;
}

// The same with librdkafka alone: from the partitions' begin, each record only counted.
double bare_catch_up_seconds(const Options& options, int partitions) {
  rd_kafka_t* const consumer = make_bare_consumer(options.brokers);
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(consumer, kTopic, nullptr);
  rd_kafka_queue_t* const queue = rd_kafka_queue_new(consumer);
  const std::int64_t start_ns = steady_ns();
  for (int p = 0; p < partitions; ++p)
    rd_kafka_consume_start_queue(topic, p, RD_KAFKA_OFFSET_BEGINNING, queue);
  for (std::size_t seen = 0; seen < options.records;) {
    rd_kafka_message_t* const message = rd_kafka_consume_queue(queue, 1'000);
    CHECK(message != nullptr, "the broker went silent");
    seen += message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? 1 : 0;
    rd_kafka_message_destroy(message);
  }
  const double seconds = static_cast<double>(steady_ns() - start_ns) / 1e9;
  for (int p = 0; p < partitions; ++p) rd_kafka_consume_stop(topic, p);
  rd_kafka_queue_destroy(queue);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(consumer);
  return seconds;
}

void measure(const Options& options, int partitions) {
  fill_topic(options);
  std::vector<double> ours;
  std::vector<double> bare;
  for (int run = 0; run < options.runs; ++run) {
    std::size_t read = 0;
    ours.push_back(catch_up_seconds(options, read));
    CHECK(read >= options.records, "the source was ready before it had read everything");
    bare.push_back(bare_catch_up_seconds(options, partitions));
  }
  std::sort(ours.begin(), ours.end());
  std::sort(bare.begin(), bare.end());
  std::printf("%zu records read back, median of %d (least, most)\n", options.records, options.runs);
  for (const auto& [who, all] : {std::pair{"bare", bare}, std::pair{"ours", ours}})
    std::printf("  %s %.3f s (%.3f, %.3f)\n", who, all[all.size() / 2], all.front(), all.back());
}

}  // namespace
}  // namespace tickcast::bench

int main(int argc, char** argv) {
  using namespace tickcast;
  bench::Options options;
  CLI::App app("Reading a topic back at start, ours beside bare librdkafka");
  app.add_option("--brokers", options.brokers)->required();
  app.add_option("--records", options.records)->check(CLI::PositiveNumber);
  app.add_option("--runs", options.runs)->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  set_log_level(LogLevel::warning);
  const auto made = kafka::ensure_topic({options.brokers, bench::kTopic, {}}, {}, 5'000);
  CHECK(made.has_value(), made.has_value() ? "" : made.error().message.c_str());
  bench::measure(options, made->partitions);
}
