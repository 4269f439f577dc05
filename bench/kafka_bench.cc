// SPDX-License-Identifier: Apache-2.0
//
// The Kafka hop: from the producer's book taking a quote in to the emitter's book admitting it, through a
// real broker, beside a bare librdkafka producer and consumer (idempotent, linger 0, event fd) that move the
// same records at the same rate through the same topic, in the same run, alternately.
//
//   kafka_bench BROKERS [broker's process id] [runs] [seconds a run] [rate...]
//                                             defaults: 0 (no broker CPU), 5, 4, 1000 6000 20000 50000
//
// Prints per rate the median over the runs of p50 and p99, and of the CPU that the broker, the writing and
// the reading thread took; and ours as a ratio of bare. `tools/bench-kafka` starts a broker and warms it up.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "kafka/topic_sink.h"
#include "kafka/topic_source.h"
#include "market/book.h"
#include "net/loop.h"
#include "wire/kafka_record.h"

namespace tickcast {
namespace {

constexpr std::size_t kSymbols = 1'400;
constexpr const char* kTopic = "kafka-bench";

struct Load {
  std::string brokers;
  int broker_pid = 0;
  int runs = 5;
  int seconds = 4;
};

double thread_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

double process_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// User and system time of another process, from /proc/PID/stat.
double cpu_seconds_of(int pid) {
  if (pid == 0) return 0;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  text.erase(0, text.rfind(')') + 2);
  double user = 0;
  double system = 0;
  CHECK(std::sscanf(text.c_str(), "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lf %lf", &user, &system) == 2,
        "the broker's process can't be read: is its id right?");
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Outcome {
  double p50_us = 0;
  double p99_us = 0;
  double delivered_share = 0;
  double broker_cores = 0;
  double client_cores = 0;         // this process, librdkafka's threads included
  double write_us_per_record = 0;  // of the thread that writes
  double read_us_per_record = 0;   // of the thread that reads
};

std::string name_of(std::size_t symbol) { return "SYM" + std::to_string(100'000 + symbol) + "USDT"; }

market::Quote quote_of(std::int64_t id) {
  market::Quote quote;
  quote.update_id = id;
  quote.bid_price = {2'535'190'000 + id % 1'000, -8};
  quote.bid_quantity = {3'121'000'000, -8};
  quote.ask_price = {2'536'520'000 + id % 1'000, -8};
  quote.ask_quantity = {4'066'000'000, -8};
  return quote;
}

// Calls emit(id) at a steady rate for so long, late calls in a row; after_burst() after each row.
void pace(double rate, double seconds, std::int64_t& next_id, const std::function<void(std::int64_t)>& emit,
          const std::function<void()>& after_burst, const std::function<void(std::int64_t)>& wait) {
  const std::int64_t start_ns = steady_ns();
  const auto end_ns = start_ns + static_cast<std::int64_t>(seconds * 1e9);
  std::int64_t emitted = 0;
  for (std::int64_t now_ns = start_ns; now_ns < end_ns; now_ns = steady_ns()) {
    const auto due = static_cast<std::int64_t>(static_cast<double>(now_ns - start_ns) / 1e9 * rate) + 1;
    if (emitted < due) {
      for (; emitted < due; ++emitted) emit(next_id++);
      after_burst();
    }
    const auto next_ns = start_ns + static_cast<std::int64_t>(static_cast<double>(due) / rate * 1e9);
    wait(std::max<std::int64_t>(next_ns - steady_ns(), 0));
  }
}

// What the reading side has seen: ages in ns.
struct Seen {
  std::vector<std::int64_t> ages_ns;
  std::atomic<std::uint64_t> count{0};
  std::atomic<bool> counting{false};
  double cpu_seconds = 0;
  void note(std::int64_t age_ns) {
    if (!counting.load(std::memory_order_relaxed)) return;
    ages_ns.push_back(age_ns);
    count.store(ages_ns.size(), std::memory_order_relaxed);
  }
};

void wait_until(const std::function<bool()>& condition, std::int64_t timeout_ns) {
  const std::int64_t until_ns = steady_ns() + timeout_ns;
  while (!condition() && steady_ns() < until_ns) usleep(1'000);
}

// One side's run: `write` is called in this thread and returns the thread's CPU for `sent` records.
Outcome measure(const Load& load, double rate, Seen& seen, std::uint64_t& sent,
                const std::function<double(double seconds, std::uint64_t& sent)>& write) {
  std::uint64_t warm = 0;
  write(1, warm);
  usleep(200'000);
  seen.ages_ns.clear();
  seen.ages_ns.reserve(static_cast<std::size_t>(rate) * static_cast<std::size_t>(load.seconds) * 2);
  seen.count = 0;
  seen.counting = true;
  const double broker_before = cpu_seconds_of(load.broker_pid);
  const double process_before = process_cpu_seconds();
  const std::int64_t start_ns = steady_ns();
  sent = 0;
  const double write_cpu = write(load.seconds, sent);
  const double elapsed = static_cast<double>(steady_ns() - start_ns) / 1e9;
  Outcome out;
  out.broker_cores = (cpu_seconds_of(load.broker_pid) - broker_before) / elapsed;
  out.client_cores = (process_cpu_seconds() - process_before) / elapsed;
  wait_until([&] { return seen.count >= sent; }, 2 * kNsPerSecond);
  seen.counting = false;
  usleep(20'000);
  out.write_us_per_record = 1e6 * write_cpu / static_cast<double>(sent);
  std::sort(seen.ages_ns.begin(), seen.ages_ns.end());
  const std::size_t n = seen.ages_ns.size();
  if (n > 0) {
    out.p50_us = static_cast<double>(seen.ages_ns[n / 2]) / 1e3;
    out.p99_us = static_cast<double>(seen.ages_ns[n * 99 / 100]) / 1e3;
  }
  out.delivered_share = static_cast<double>(n) / static_cast<double>(sent);
  return out;
}

// --- bare librdkafka ---

rd_kafka_t* make_bare(rd_kafka_type_t type, const std::string& brokers) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  const auto set = [&](const char* name, const char* value) {
    CHECK(rd_kafka_conf_set(conf, name, value, error, sizeof error) == RD_KAFKA_CONF_OK, error);
  };
  set("bootstrap.servers", brokers.c_str());
  if (type == RD_KAFKA_PRODUCER) {
    set("enable.idempotence", "true");
    set("linger.ms", "0");
    set("queue.buffering.max.messages", "1000000");
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
  }
  rd_kafka_t* handle = rd_kafka_new(type, conf, error, sizeof error);
  CHECK(handle != nullptr, error);
  return handle;
}

Outcome run_bare(const Load& load, double rate, int partitions) {
  rd_kafka_t* const consumer = make_bare(RD_KAFKA_CONSUMER, load.brokers);
  rd_kafka_topic_t* const from = rd_kafka_topic_new(consumer, kTopic, nullptr);
  rd_kafka_queue_t* const queue = rd_kafka_queue_new(consumer);
  const int event = eventfd(0, EFD_NONBLOCK);
  const std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(queue, event, &one, sizeof one);
  for (int p = 0; p < partitions; ++p) rd_kafka_consume_start_queue(from, p, RD_KAFKA_OFFSET_END, queue);

  Seen seen;
  std::atomic<bool> stop{false};
  std::thread reading([&] {
    market::Quote quote;
    double before = -1;
    while (!stop) {
      pollfd waited{event, POLLIN, 0};
      poll(&waited, 1, 100);
      std::uint64_t drained = 0;
      (void)!read(event, &drained, sizeof drained);
      if (before < 0 && seen.counting) before = thread_cpu_seconds();
      while (rd_kafka_message_t* message = rd_kafka_consume_queue(queue, 0)) {
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
            wire::scan_record({static_cast<const char*>(message->payload), message->len}, quote))
          seen.note(wall_ns() - quote.admitted_ns);
        rd_kafka_message_destroy(message);
      }
      if (seen.counting) seen.cpu_seconds = thread_cpu_seconds() - before;
    }
  });

  rd_kafka_t* const producer = make_bare(RD_KAFKA_PRODUCER, load.brokers);
  rd_kafka_topic_t* const to = rd_kafka_topic_new(producer, kTopic, nullptr);
  rd_kafka_queue_t* const reports = rd_kafka_queue_get_main(producer);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kSymbols; ++i) names.push_back(name_of(i));
  std::int64_t id = 1;
  const auto write = [&](double seconds, std::uint64_t& sent) {
    const double before = thread_cpu_seconds();
    pace(
        rate, seconds, id,
        [&](std::int64_t number) {
          market::Quote quote = quote_of(number);
          quote.admitted_ns = wall_ns();
          char value[wire::kRecordBytesMax];
          const std::string& key = names[static_cast<std::size_t>(number) % kSymbols];
          rd_kafka_produce(to, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value,
                           static_cast<std::size_t>(wire::write_record(value, quote) - value), key.data(),
                           key.size(), nullptr);
          ++sent;
        },
        [] {},
        [&](std::int64_t wait_ns) {
          while (rd_kafka_event_t* told = rd_kafka_queue_poll(reports, 0)) rd_kafka_event_destroy(told);
          const timespec pause{0, static_cast<long>(std::min<std::int64_t>(wait_ns, 50 * kNsPerMs))};
          nanosleep(&pause, nullptr);
        });
    return thread_cpu_seconds() - before;
  };
  std::uint64_t sent = 0;
  usleep(500'000);
  Outcome out = measure(load, rate, seen, sent, write);
  stop = true;
  reading.join();
  out.read_us_per_record = 1e6 * seen.cpu_seconds / static_cast<double>(sent);
  for (int p = 0; p < partitions; ++p) rd_kafka_consume_stop(from, p);
  rd_kafka_queue_destroy(queue);
  rd_kafka_topic_destroy(from);
  rd_kafka_destroy(consumer);
  rd_kafka_queue_destroy(reports);
  rd_kafka_topic_destroy(to);
  rd_kafka_destroy(producer);
  close(event);
  return out;
}

// --- ours ---

struct AgeWatch final : market::BookFollower {
  explicit AgeWatch(Seen& to) : seen(to) {}
  void on_admitted(market::SymbolId, const market::Quote& quote) override {
    seen.note(wall_ns() - quote.admitted_ns);
  }
  void on_published() override {}
  Seen& seen;
};

Outcome run_ours(const Load& load, double rate, std::int64_t& id) {
  Seen seen;
  AgeWatch watch(seen);
  market::SymbolTable symbols_read;
  market::Book book_read;
  book_read.add_follower(watch);
  net::Loop reading_loop;
  kafka::SourceOptions source_options;
  source_options.settings = {load.brokers, kTopic, {}};
  source_options.lookback_ns = kNsPerSecond;
  kafka::TopicSource source(reading_loop, symbols_read, book_read, source_options);
  CHECK(source.start().has_value(), "the source did not start");
  std::thread reading([&] {
    double before = -1;
    std::atomic<bool>& counting = seen.counting;
    reading_loop.on_end_of_turn([&]() -> std::int64_t {
      if (counting && before < 0) before = thread_cpu_seconds();
      if (counting) seen.cpu_seconds = thread_cpu_seconds() - before;
      return -1;
    });
    reading_loop.run();
  });

  market::SymbolTable symbols;
  market::Book book;
  const market::SourceId live = book.add_source();
  net::Loop loop;
  kafka::SinkOptions sink_options;
  sink_options.settings = source_options.settings;
  kafka::TopicSink sink(loop, symbols, book, sink_options);
  CHECK(sink.start().has_value(), "the sink did not start");
  for (std::size_t i = 0; i < kSymbols; ++i) symbols.put_name(name_of(i));
  book.set_source(live, market::SourceState::live, market::Origin::live, wall_ns() / kNsPerMs);
  const std::int64_t until_ns = steady_ns() + 10 * kNsPerSecond;
  while (!source.stats().ready && steady_ns() < until_ns) loop.turn(kNsPerMs);
  CHECK(source.stats().ready, "the source was not ready in 10 s");

  const auto write = [&](double seconds, std::uint64_t& sent) {
    const double before = thread_cpu_seconds();
    pace(
        rate, seconds, id,
        [&](std::int64_t number) {
          market::Quote quote = quote_of(number);
          quote.admitted_ns = wall_ns();
          book.admit(static_cast<market::SymbolId>(static_cast<std::size_t>(number) % kSymbols), quote);
          ++sent;
        },
        [&] { book.publish(); },
        [&](std::int64_t wait_ns) { loop.turn(std::min<std::int64_t>(wait_ns, 50 * kNsPerMs)); });
    return thread_cpu_seconds() - before;
  };
  std::uint64_t sent = 0;
  Outcome out = measure(load, rate, seen, sent, write);
  sink.flush(kNsPerSecond);
  const auto& stats = sink.stats();
  std::fprintf(stderr, "    ours: %.1f records a batch, %lu merged, %lu failed\n",
               static_cast<double>(stats.handed) / static_cast<double>(stats.batches), stats.merged.load(),
               stats.failed.load());
  reading_loop.stop();
  reading.join();
  out.read_us_per_record = 1e6 * seen.cpu_seconds / static_cast<double>(sent);
  return out;
}

double median_of(const std::vector<Outcome>& all, double Outcome::*figure) {
  std::vector<double> values;
  for (const Outcome& one : all) values.push_back(one.*figure);
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print_row(const char* who, const std::vector<Outcome>& all) {
  std::printf(
      "  %-6s p50 %7.0f us   p99 %7.0f us   broker %5.1f %%   clients %5.1f %%   write %5.2f us   read %5.2f "
      "us   delivered %.3f\n",
      who, median_of(all, &Outcome::p50_us), median_of(all, &Outcome::p99_us),
      100 * median_of(all, &Outcome::broker_cores), 100 * median_of(all, &Outcome::client_cores),
      median_of(all, &Outcome::write_us_per_record), median_of(all, &Outcome::read_us_per_record),
      median_of(all, &Outcome::delivered_share));
}

void compare(const Load& load, double rate, int partitions, std::int64_t& id) {
  std::vector<Outcome> bare;
  std::vector<Outcome> ours;
  for (int run = 0; run < load.runs; ++run) {
    bare.push_back(run_bare(load, rate, partitions));
    ours.push_back(run_ours(load, rate, id));
  }
  std::printf("%.0f records/s\n", rate);
  print_row("bare", bare);
  print_row("ours", ours);
  const auto ratio = [&](double Outcome::*figure) {
    const double floor = median_of(bare, figure);
    return floor > 0 ? median_of(ours, figure) / floor : 0.0;
  };
  std::printf("  ratio  p50 %7.2f      p99 %7.2f      broker %5.2f\n", ratio(&Outcome::p50_us),
              ratio(&Outcome::p99_us), ratio(&Outcome::broker_cores));
  std::fflush(stdout);
}

}  // namespace
}  // namespace tickcast

int main(int argc, char** argv) {
  using namespace tickcast;
  Load load;
  CHECK(argc > 1, "kafka_bench BROKERS [broker's process id] [runs] [seconds] [rate...]");
  load.brokers = argv[1];
  if (argc > 2) load.broker_pid = std::atoi(argv[2]);
  if (argc > 3) load.runs = std::atoi(argv[3]);
  if (argc > 4) load.seconds = std::atoi(argv[4]);
  std::vector<double> rates;
  for (int i = 5; i < argc; ++i) rates.push_back(std::atof(argv[i]));
  if (rates.empty()) rates = {1'000, 6'000, 20'000, 50'000};
  set_log_level(LogLevel::warning);
  const auto made = kafka::ensure_topic({load.brokers, kTopic, {}}, {}, 5'000);
  CHECK(made.has_value(), made.has_value() ? "" : made.error().message.c_str());
  std::printf("%zu symbols, %d partitions, %d runs of %d s each, alternately\n", kSymbols, made->partitions,
              load.runs, load.seconds);
  std::int64_t id = wall_ns() / kNsPerMs;
  for (const double rate : rates) compare(load, rate, made->partitions, id);
}
