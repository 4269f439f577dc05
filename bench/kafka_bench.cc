// SPDX-License-Identifier: Apache-2.0
//
// The Kafka hop: from the producer's book taking a quote in to the emitter's book admitting it, through a
// real broker, beside a bare librdkafka producer and consumer (idempotent, linger 0, event fd) that move the
// same records at the same rate through the same topic, in the same run, alternately.
//
// Quotes come as the market's do: flushes about every millisecond, with bursts (exchange/market_model.h). A
// rate with an s behind it (6000s) is steady instead: one quote after the other at the same distance.
//
//   kafka_bench BROKERS [broker's process id] [runs] [seconds a run] [rate...]
//                                             defaults: 0 (no broker CPU), 5, 4, 1000 6000 20000 50000
//   kafka_bench BROKERS catch-up [records]    how long an emitter takes to read a topic back (300000)
//
// With KAFKA_BENCH_MIXED set also our writer with a bare reader, and the other way round.
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
#include "exchange/market_model.h"
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
  bool mixed = false;  // also our writer with a bare reader, and the other way round
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

// The quotes of a market, one after the other at the same distance.
class SteadyMarket final : public exchange::Source {
 public:
  explicit SteadyMarket(const exchange::MarketOptions& options)
      : model_(options),
        gap_ns_(static_cast<std::int64_t>(1e9 / options.events_per_second)),
        next_ns_(options.start_ns) {}
  const std::vector<market::Listing>& listings() const override { return model_.listings(); }
  const std::vector<market::Quote>& quotes() const override { return model_.quotes(); }
  std::span<const exchange::MarketEvent> due(std::int64_t now_ns) override {
    if (now_ns < next_ns_) return {};
    next_ns_ += gap_ns_;
    while (at_ == flush_.size()) {
      const auto next = model_.due(model_.next_ns());
      flush_.assign(next.begin(), next.end());
      at_ = 0;
    }
    return std::span(flush_).subspan(at_++, 1);
  }
  std::int64_t next_ns() const override { return next_ns_; }

 private:
  exchange::MarketModel model_;
  std::vector<exchange::MarketEvent> flush_;
  std::size_t at_ = 0;
  std::int64_t gap_ns_;
  std::int64_t next_ns_;
};

struct Rate {
  double events_per_second;
  bool steady;
};

std::unique_ptr<exchange::Source> make_market(const Rate& rate) {
  exchange::MarketOptions options;
  options.symbols = kSymbols;
  options.events_per_second = rate.events_per_second;
  options.start_ns = wall_ns();
  if (rate.steady) return std::make_unique<SteadyMarket>(options);
  return std::make_unique<exchange::MarketModel>(options);
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

// Taken in now, with an id above that of every quote before, in whatever run.
market::Quote stamped(market::Quote quote) {
  static std::int64_t last_id = wall_ns() / kNsPerUs;
  quote.update_id = ++last_id;
  quote.admitted_ns = wall_ns();
  return quote;
}

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

class BareReader final : public Reader {
 public:
  BareReader(const Load& load, int partitions)
      : partitions_(partitions),
        consumer_(make_bare(RD_KAFKA_CONSUMER, load.brokers)),
        topic_(rd_kafka_topic_new(consumer_, kTopic, nullptr)),
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
  BareWriter(const Load& load, const Rate& rate)
      : market_(make_market(rate)),
        producer_(make_bare(RD_KAFKA_PRODUCER, load.brokers)),
        topic_(rd_kafka_topic_new(producer_, kTopic, nullptr)),
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
    out.settings = {load.brokers, kTopic, {}};
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
  OurWriter(const Load& load, const Rate& rate)
      : market_(make_market(rate)), live_(book_.add_source()), sink_(loop_, symbols_, book_, options(load)) {
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
    out.settings = {load.brokers, kTopic, {}};
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

Outcome run_pair(const Load& load, const Rate& rate, int partitions, bool our_writer, bool our_reader) {
  std::unique_ptr<Reader> reader;
  if (our_reader) {
    reader = std::make_unique<OurReader>(load);
  } else {
    reader = std::make_unique<BareReader>(load, partitions);
  }
  std::unique_ptr<Writer> writer;
  if (our_writer) {
    writer = std::make_unique<OurWriter>(load, rate);
  } else {
    writer = std::make_unique<BareWriter>(load, rate);
  }
  return measure(load, rate, reader->seen(), *writer);
}

// --- catching up ---

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
void fill_topic(const Load& load, std::size_t records) {
  const std::unique_ptr<exchange::Source> market = make_market({1'000, true});
  rd_kafka_t* const producer = make_bare(RD_KAFKA_PRODUCER, load.brokers);
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(producer, kTopic, nullptr);
  char value[wire::kRecordBytesMax];
  for (std::size_t i = 0; i < records; ++i) {
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
double catch_up_seconds(const Load& load, std::size_t& records) {
  net::Loop loop;
  market::SymbolTable symbols;
  market::Book book;
  kafka::SourceOptions options;
  options.settings = {load.brokers, kTopic, {}};
  kafka::TopicSource source(loop, symbols, book, options);
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
double bare_catch_up_seconds(const Load& load, int partitions, std::size_t records) {
  rd_kafka_t* const consumer = make_bare(RD_KAFKA_CONSUMER, load.brokers);
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(consumer, kTopic, nullptr);
  rd_kafka_queue_t* const queue = rd_kafka_queue_new(consumer);
  const std::int64_t start_ns = steady_ns();
  for (int p = 0; p < partitions; ++p)
    rd_kafka_consume_start_queue(topic, p, RD_KAFKA_OFFSET_BEGINNING, queue);
  for (std::size_t seen = 0; seen < records;) {
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

void measure_catch_up(const Load& load, int partitions, std::size_t records) {
  fill_topic(load, records);
  std::vector<double> ours;
  std::vector<double> bare;
  for (int run = 0; run < load.runs; ++run) {
    std::size_t read = 0;
    ours.push_back(catch_up_seconds(load, read));
    CHECK(read >= records, "the source was ready before it had read everything");
    bare.push_back(bare_catch_up_seconds(load, partitions, records));
  }
  std::sort(ours.begin(), ours.end());
  std::sort(bare.begin(), bare.end());
  std::printf("%zu records read back, median of %d (least, most)\n", records, load.runs);
  for (const auto& [who, all] : {std::pair{"bare", bare}, std::pair{"ours", ours}})
    std::printf("  %s %.3f s (%.3f, %.3f)\n", who, all[all.size() / 2], all.front(), all.back());
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

void compare(const Load& load, const Rate& rate, int partitions) {
  std::vector<Outcome> bare;
  std::vector<Outcome> our_writer;
  std::vector<Outcome> our_reader;
  std::vector<Outcome> ours;
  for (int run = 0; run < load.runs; ++run) {
    bare.push_back(run_pair(load, rate, partitions, false, false));
    if (load.mixed) our_writer.push_back(run_pair(load, rate, partitions, true, false));
    if (load.mixed) our_reader.push_back(run_pair(load, rate, partitions, false, true));
    ours.push_back(run_pair(load, rate, partitions, true, true));
  }
  std::printf("%.0f records/s%s\n", rate.events_per_second, rate.steady ? ", steady" : "");
  print_row("bare", bare);
  if (load.mixed) print_row("writer", our_writer);
  if (load.mixed) print_row("reader", our_reader);
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
  const bool catch_up = argc > 2 && std::string(argv[2]) == "catch-up";
  if (argc > 2 && !catch_up) load.broker_pid = std::atoi(argv[2]);
  if (argc > 3 && !catch_up) load.runs = std::atoi(argv[3]);
  if (argc > 4) load.seconds = std::atoi(argv[4]);
  set_log_level(LogLevel::warning);
  const auto made = kafka::ensure_topic({load.brokers, kTopic, {}}, {}, 5'000);
  CHECK(made.has_value(), made.has_value() ? "" : made.error().message.c_str());
  if (catch_up) {
    measure_catch_up(load, made->partitions, argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 300'000);
    return 0;
  }
  std::vector<Rate> rates;
  for (int i = 5; i < argc; ++i)
    rates.push_back({std::atof(argv[i]), std::string(argv[i]).find('s') != std::string::npos});
  if (rates.empty())
    for (const bool steady : {false, true})
      for (const double rate : {1'000.0, 6'000.0, 20'000.0, 50'000.0}) rates.push_back({rate, steady});
  load.mixed = std::getenv("KAFKA_BENCH_MIXED") != nullptr;
  std::printf("%zu symbols, %d partitions, %d runs of %d s each, alternately\n", kSymbols, made->partitions,
              load.runs, load.seconds);
  for (const Rate& rate : rates) compare(load, rate, made->partitions);
}
