// SPDX-License-Identifier: Apache-2.0
//
// The Kafka hop: from the producer's book taking a quote in to the emitter's book admitting it, through a
// real broker, beside a bare librdkafka producer and consumer (idempotent, event fd) that move the
// same records at the same rate through the same topic, in the same run, alternately.
//
// Quotes come as the market's do: flushes about every millisecond, with bursts (exchange/market_model.h), and
// both sides get the same ones. A rate with an s behind it (6000s) is steady instead: one quote after the
// other at the same distance.
//
// Bare stands there once per fixed linger. Prints per rate and way the median over the runs of p50 and p99,
// and of the CPU that the broker, this process, the writing and the reading thread took; and of the pairs of
// ours and the first linger the median ratio, with the least and the largest. `tools/bench-kafka` starts a
// broker and warms it up.
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

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <librdkafka/rdkafka.h>
#include <time.h>

#include "bare_kafka.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "exchange/market_model.h"
#include "kafka/topic_sink.h"
#include "kafka/topic_source.h"
#include "market/book.h"
#include "net/loop.h"
#include "wire/kafka_record.h"

namespace tickcast::bench {
namespace {

struct Load {
  std::string brokers;
  std::string topic;
  int partitions = 1;
  int broker_pid = 0;  // 0: its CPU is not measured
  int runs = 5;
  int seconds = 4;
  std::vector<std::string> lingers_ms{"0"};
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

// Plays a market for so long: emit(symbol, quote) for each event, after_flush() after each flush, wait(ns)
// until the next.
void play(exchange::Source& market, double seconds,
          const std::function<void(std::uint32_t, const market::Quote&)>& emit,
          const std::function<void()>& after_flush, const std::function<void(std::int64_t)>& wait) {
  const std::int64_t end_ns = steady_ns() + static_cast<std::int64_t>(seconds * 1e9);
  while (steady_ns() < end_ns) {
    for (auto flush = market.due(wall_ns()); !flush.empty(); flush = market.due(wall_ns())) {
      for (const exchange::MarketEvent& event : flush) emit(event.symbol, event.quote);
      after_flush();
    }
    wait(std::clamp<std::int64_t>(market.next_ns() - wall_ns(), 0, 50 * kNsPerMs));
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

// --- the two ways to write and to read ---

class Writer {
 public:
  virtual ~Writer() = default;
  // Writes the market for so long; returns how many records, and what this thread's CPU was.
  virtual std::uint64_t write(double seconds, double& cpu_seconds) = 0;
};

class Reader {
 public:
  virtual ~Reader() = default;
  Seen& seen() { return seen_; }

 protected:
  Seen seen_;
};

class BareReader final : public Reader {
 public:
  BareReader(const Load& load)
      : partitions_(load.partitions),
        consumer_(make_bare_consumer(load.brokers)),
        topic_(rd_kafka_topic_new(consumer_, load.topic.c_str(), nullptr)),
        queue_(rd_kafka_queue_new(consumer_)),
        event_(eventfd(0, EFD_NONBLOCK)) {
    static constexpr std::uint64_t kOne = 1;
    rd_kafka_queue_io_event_enable(queue_, event_, &kOne, sizeof kOne);
    for (int p = 0; p < partitions_; ++p)
      rd_kafka_consume_start_queue(topic_, p, RD_KAFKA_OFFSET_END, queue_);
    thread_ = std::thread([this] { read(); });
    usleep(500'000);
  }
  ~BareReader() override {
    stop_ = true;
    thread_.join();
    for (int p = 0; p < partitions_; ++p) rd_kafka_consume_stop(topic_, p);
    rd_kafka_queue_destroy(queue_);
    rd_kafka_topic_destroy(topic_);
    rd_kafka_destroy(consumer_);
    close(event_);
  }

 private:
  void read() {
    market::Quote quote;
    double before = -1;
    while (!stop_) {
      pollfd waited{event_, POLLIN, 0};
      poll(&waited, 1, 100);
      std::uint64_t drained = 0;
      (void)!::read(event_, &drained, sizeof drained);
      if (before < 0 && seen_.counting) before = thread_cpu_seconds();
      while (rd_kafka_message_t* message = rd_kafka_consume_queue(queue_, 0)) {
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
            wire::scan_record({static_cast<const char*>(message->payload), message->len}, quote))
          seen_.note(wall_ns() - quote.admitted_ns);
        rd_kafka_message_destroy(message);
      }
      if (seen_.counting) seen_.cpu_seconds = thread_cpu_seconds() - before;
    }
  }

  int partitions_;
  rd_kafka_t* consumer_;
  rd_kafka_topic_t* topic_;
  rd_kafka_queue_t* queue_;
  int event_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class BareWriter final : public Writer {
 public:
  BareWriter(const Load& load, const Rate& rate, int episode, const std::string& linger_ms)
      : market_(make_market(rate, episode)),
        producer_(make_bare_producer(load.brokers, linger_ms)),
        topic_(rd_kafka_topic_new(producer_, load.topic.c_str(), nullptr)),
        reports_(rd_kafka_queue_get_main(producer_)) {}
  ~BareWriter() override {
    rd_kafka_flush(producer_, 1'000);
    rd_kafka_queue_destroy(reports_);
    rd_kafka_topic_destroy(topic_);
    rd_kafka_destroy(producer_);
  }

  std::uint64_t write(double seconds, double& cpu_seconds) override {
    std::uint64_t sent = 0;
    const double before = thread_cpu_seconds();
    play(
        *market_, seconds,
        [&](std::uint32_t symbol, const market::Quote& told) {
          market::Quote quote = stamped(told);
          char value[wire::kRecordBytesMax];
          const std::string& key = market_->listings()[symbol].symbol;
          rd_kafka_produce(topic_, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value,
                           static_cast<std::size_t>(wire::write_record(value, quote) - value), key.data(),
                           key.size(), nullptr);
          ++sent;
        },
        [] {},
        [&](std::int64_t wait_ns) {
          while (rd_kafka_event_t* told = rd_kafka_queue_poll(reports_, 0)) rd_kafka_event_destroy(told);
          const timespec pause{0, static_cast<long>(wait_ns)};
          nanosleep(&pause, nullptr);
        });
    cpu_seconds = thread_cpu_seconds() - before;
    return sent;
  }

 private:
  std::unique_ptr<exchange::Source> market_;
  rd_kafka_t* producer_;
  rd_kafka_topic_t* topic_;
  rd_kafka_queue_t* reports_;
};

class OurReader final : public Reader, private market::BookFollower {
 public:
  explicit OurReader(const Load& load) : source_(loop_, symbols_, book_, options(load)) {
    book_.add_follower(*this);
    CHECK(source_.start().has_value(), "the source did not start");
    thread_ = std::thread([this] {
      double before = -1;
      loop_.on_end_of_turn([&]() -> std::int64_t {
        if (!seen_.counting) return -1;
        if (before < 0) before = thread_cpu_seconds();
        seen_.cpu_seconds = thread_cpu_seconds() - before;
        return -1;
      });
      loop_.run();
    });
    wait_until([this] { return source_.stats().ready.load(); }, 10 * kNsPerSecond);
    CHECK(source_.stats().ready, "the source was not ready in 10 s");
  }
  ~OurReader() override {
    loop_.stop();
    thread_.join();
  }

 private:
  static kafka::SourceOptions options(const Load& load) {
    kafka::SourceOptions out;
    out.settings = {load.brokers, load.topic, {}};
    out.lookback_ns = kNsPerSecond;
    return out;
  }
  void on_admitted(market::SymbolId, const market::Quote& quote) override {
    seen_.note(wall_ns() - quote.admitted_ns);
  }
  void on_published() override {}

  net::Loop loop_;
  market::SymbolTable symbols_;
  market::Book book_;
  kafka::TopicSource source_;
  std::thread thread_;
};

class OurWriter final : public Writer {
 public:
  OurWriter(const Load& load, const Rate& rate, int episode)
      : market_(make_market(rate, episode)),
        live_(book_.add_source()),
        sink_(loop_, symbols_, book_, options(load)) {
    CHECK(sink_.start().has_value(), "the sink did not start");
    for (const market::Listing& listing : market_->listings()) symbols_.put(listing);
    book_.set_source(live_, market::SourceState::live, market::Origin::live, wall_ns() / kNsPerMs);
  }
  ~OurWriter() override {
    sink_.flush(kNsPerSecond);
    const auto& stats = sink_.stats();
    std::fprintf(stderr, "    ours: %.1f records a batch, %lu merged, %lu failed\n",
                 static_cast<double>(stats.handed) / static_cast<double>(stats.batches), stats.merged.value(),
                 stats.failed.value());
  }

  std::uint64_t write(double seconds, double& cpu_seconds) override {
    std::uint64_t sent = 0;
    const double before = thread_cpu_seconds();
    play(
        *market_, seconds,
        [&](std::uint32_t symbol, const market::Quote& event) {
          book_.admit(static_cast<market::SymbolId>(symbol), stamped(event));
          ++sent;
        },
        [&] { book_.publish(); }, [&](std::int64_t wait_ns) { loop_.turn(wait_ns); });
    cpu_seconds = thread_cpu_seconds() - before;
    return sent;
  }

 private:
  static kafka::SinkOptions options(const Load& load) {
    kafka::SinkOptions out;
    out.settings = {load.brokers, load.topic, {}};
    return out;
  }

  std::unique_ptr<exchange::Source> market_;
  net::Loop loop_;
  market::SymbolTable symbols_;
  market::Book book_;
  market::SourceId live_;
  kafka::TopicSink sink_;
};

// Warms a pair up for a second, then measures it.
Outcome measure(const Load& load, const Rate& rate, Seen& seen, Writer& writer) {
  double write_cpu = 0;
  writer.write(1, write_cpu);
  usleep(200'000);
  seen.ages_ns.clear();
  seen.ages_ns.reserve(static_cast<std::size_t>(rate.events_per_second) *
                       static_cast<std::size_t>(load.seconds) * 3);
  seen.count = 0;
  seen.counting = true;
  const double broker_before = cpu_seconds_of(load.broker_pid);
  const double process_before = process_cpu_seconds();
  const std::int64_t start_ns = steady_ns();
  const std::uint64_t sent = writer.write(load.seconds, write_cpu);
  const double elapsed = static_cast<double>(steady_ns() - start_ns) / 1e9;
  Outcome out;
  out.broker_cores = (cpu_seconds_of(load.broker_pid) - broker_before) / elapsed;
  out.client_cores = (process_cpu_seconds() - process_before) / elapsed;
  wait_until([&] { return seen.count >= sent; }, kNsPerSecond);
  seen.counting = false;
  usleep(20'000);
  out.write_us_per_record = 1e6 * write_cpu / static_cast<double>(sent);
  out.read_us_per_record = 1e6 * seen.cpu_seconds / static_cast<double>(sent);
  std::sort(seen.ages_ns.begin(), seen.ages_ns.end());
  const std::size_t n = seen.ages_ns.size();
  if (n > 0) {
    out.p50_us = static_cast<double>(seen.ages_ns[n / 2]) / 1e3;
    out.p99_us = static_cast<double>(seen.ages_ns[n * 99 / 100]) / 1e3;
  }
  out.delivered_share = static_cast<double>(n) / static_cast<double>(sent);
  return out;
}

Outcome run_ours(const Load& load, const Rate& rate, int episode) {
  OurReader reader(load);
  OurWriter writer(load, rate, episode);
  return measure(load, rate, reader.seen(), writer);
}

Outcome run_bare(const Load& load, const Rate& rate, int episode, const std::string& linger_ms) {
  BareReader reader(load);
  BareWriter writer(load, rate, episode, linger_ms);
  return measure(load, rate, reader.seen(), writer);
}

double median_of(const std::vector<Outcome>& all, double Outcome::*figure) {
  std::vector<double> values;
  for (const Outcome& one : all) values.push_back(one.*figure);
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print_row(const std::string& who, const std::vector<Outcome>& all) {
  std::printf(
      "  %-13s p50 %7.0f us   p99 %7.0f us   broker %5.1f %%   clients %5.1f %%   write %5.2f us   read "
      "%5.2f "
      "us   delivered %.3f\n",
      who.c_str(), median_of(all, &Outcome::p50_us), median_of(all, &Outcome::p99_us),
      100 * median_of(all, &Outcome::broker_cores), 100 * median_of(all, &Outcome::client_cores),
      median_of(all, &Outcome::write_us_per_record), median_of(all, &Outcome::read_us_per_record),
      median_of(all, &Outcome::delivered_share));
}

void compare(const Load& load, const Rate& rate) {
  std::vector<std::vector<Outcome>> bare(load.lingers_ms.size());
  std::vector<Outcome> ours;
  for (int run = 0; run < load.runs; ++run) {
    for (std::size_t i = 0; i < bare.size(); ++i)
      bare[i].push_back(run_bare(load, rate, run, load.lingers_ms[i]));
    ours.push_back(run_ours(load, rate, run));
  }
  std::printf("%.0f records/s%s\n", rate.events_per_second, rate.steady ? ", steady" : "");
  for (std::size_t i = 0; i < bare.size(); ++i) print_row("bare linger " + load.lingers_ms[i], bare[i]);
  print_row("ours", ours);
  const auto ratio = [&](double Outcome::*figure) {
    std::vector<double> pairs;
    for (std::size_t i = 0; i < ours.size(); ++i)
      pairs.push_back(bare[0][i].*figure > 0 ? ours[i].*figure / (bare[0][i].*figure) : 0);
    std::sort(pairs.begin(), pairs.end());
    return fmt::format("{:.2f} ({:.2f} to {:.2f})", pairs[pairs.size() / 2], pairs.front(), pairs.back());
  };
  fmt::print("  ours / bare of each pair: p50 {}   p99 {}   broker {}   clients {}\n",
             ratio(&Outcome::p50_us), ratio(&Outcome::p99_us), ratio(&Outcome::broker_cores),
             ratio(&Outcome::client_cores));
  std::fflush(stdout);
}

Rate to_rate(const std::string& text) { return {std::stod(text), text.ends_with('s')}; }

}  // namespace
}  // namespace tickcast::bench

int main(int argc, char** argv) {
  using namespace tickcast;
  bench::Load load;
  std::vector<std::string> rates{"1000", "6000", "20000", "50000", "6000s", "20000s", "50000s"};
  CLI::App app("The Kafka hop, ours beside bare librdkafka");
  app.add_option("--brokers", load.brokers)->required();
  app.add_option("--broker-pid", load.broker_pid, "whose CPU to measure");
  app.add_option("--partitions", load.partitions, "of the topic")->check(CLI::Range(1, 100));
  app.add_option("--lingers", load.lingers_ms, "of the bare producer, ms: 0,1,5")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--runs", load.runs)->check(CLI::PositiveNumber);
  app.add_option("--seconds", load.seconds, "a run")->check(CLI::PositiveNumber);
  app.add_option("RATES", rates, "records/s; with an s behind it: steady");
  CLI11_PARSE(app, argc, argv);
  set_log_level(LogLevel::warning);
  load.topic = "kafka-hop-" + std::to_string(load.partitions);
  kafka::TopicOptions topic;
  topic.partitions = load.partitions;
  const auto made = kafka::ensure_topic({load.brokers, load.topic, {}}, topic, 5'000);
  CHECK(made.has_value(), made.has_value() ? "" : made.error().message.c_str());
  std::printf("%zu symbols, %d partitions, %d runs of %d s each, alternately\n", bench::kSymbols,
              made->partitions, load.runs, load.seconds);
  for (const std::string& rate : rates) bench::compare(load, bench::to_rate(rate));
}
