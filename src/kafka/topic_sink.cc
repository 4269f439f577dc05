// SPDX-License-Identifier: Apache-2.0
#include "kafka/topic_sink.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "base/log.h"
#include "kafka/backlog.h"
#include "kafka/client.h"
#include "kafka/record_batch.h"
#include "net/background.h"

namespace tickcast::kafka {

using market::SymbolId;

namespace {

constexpr int kAdminTimeoutMs = 3'000;
constexpr int kCompareTimeoutMs = 1'000;  // only for a remark
constexpr std::int64_t kRetryNs = 250 * kNsPerMs;
constexpr std::int64_t kTickNs = 100 * kNsPerMs;
constexpr std::int64_t kHeartbeatNs = kNsPerSecond;
constexpr std::int64_t kPartitionCheckNs = 10 * kNsPerSecond;
// A partition whose oldest quote waits so long does not keep up: several times what a broker's worst pause
// takes.
constexpr std::int64_t kKeepsUpNs = 250 * kNsPerMs;
// A quote's age is shared out: at most a quarter passes here, a tick until that is noticed, half in
// librdkafka, which looks once a second.
static_assert(kMaxAgeLeastNs / 4 + kTickNs + kMaxAgeLeastNs / 2 < kMaxAgeLeastNs);
// librdkafka sends nothing more of a partition while five of its records are unacknowledged, and its thread
// polls without a pause while it has more of them: what has to wait for its turn waits here.
constexpr std::size_t kUnderWayMax = 5;
// Batches are at least so far apart, those of all partitions together: each costs the broker about as much
// CPU, however full.
constexpr std::int64_t kGapNs = 600 * kNsPerUs;
// About so many records are handed over before librdkafka's thread, which the first of them wakes, begins to
// send: a batch of no more leaves as one request. One of more leaves in parts anyway, and does not wait for
// its turn unless much is under way.
constexpr std::size_t kWholeMax = 32;
constexpr std::size_t kUnderWayMost = 512;
constexpr int kUnknownPartition = -1;

bool means_no_topic(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
         code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

std::vector<Preset> presets(const SinkOptions& options) {
  const std::int64_t timeout_ms = options.max_age_ns / kNsPerMs / 2;
  return {{"enable.idempotence", "true"},  // and so at most five requests in flight
          {"linger.ms", "0"},
          {"message.timeout.ms", std::to_string(timeout_ms)},
          {"retry.backoff.ms", "20"},
          {"queue.buffering.max.messages", "1000000"},
          {"topic.metadata.refresh.interval.ms", "10000"}};
}

}  // namespace

struct TopicSink::Impl final : market::BookFollower, net::Ready {
  // A partition as it stands with the broker.
  struct Partition {
    Partition() : backlog(market::SymbolTable::kSymbolsMax) {}
    Backlog backlog;
    std::size_t under_way = 0;  // records handed over and not yet reported on

    bool busy() const { return under_way > 0 || !backlog.empty(); }
  };
  struct SymbolState {
    std::int16_t partition = kUnknownPartition;
    bool waits = false;  // was admitted while there was no topic
    std::uint16_t under_way = 0;
    std::int64_t handed_ns = 0;  // steady clock, the last time
  };

  Impl(net::Loop& loop_in, const market::SymbolTable& symbols_in, market::Book& book_in,
       const SinkOptions& options_in)
      : loop(loop_in),
        symbols(symbols_in),
        book(book_in),
        options(options_in),
        states(market::SymbolTable::kSymbolsMax),
        background(loop) {}

  ~Impl() {
    loop.cancel(tick_timer);
    loop.cancel(pump_timer);
    loop.cancel(retry_timer);
    if (handle) loop.remove(event.fd(), *this);
  }

  Status start() {
    const Status made = make_producer();
    if (!made) return made;
    loop.add(event.fd(), net::kReadable, *this);
    book.add_follower(*this);
    prepare();
    tick();
    return Done{};
  }

  Status make_producer() {
    auto conf = configure(options.settings, presets(options));
    if (!conf) return conf.error();
    rd_kafka_conf_set_events(conf->get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    auto made = make_instance(RD_KAFKA_PRODUCER, std::move(*conf));
    if (!made) return made.error();
    auto opened = open_topic(**made, options.settings.topic);
    if (!opened) return opened.error();
    topic = std::move(*opened);
    handle = std::shared_ptr<rd_kafka_t>(std::move(*made));
    reports.reset(rd_kafka_queue_get_main(handle.get()));
    reports_watched = false;
    stats.instances.add();
    return Done{};
  }

  // --- the topic ---

  // Looks for the topic, and makes it when it is missing. Until then nothing waits but the book itself.
  void prepare() {
    prepared = false;
    stats.taking.set(0);
    background.run(
        [settings = options.settings, topic_options = options.topic] {
          return ensure_topic(settings, topic_options, kAdminTimeoutMs);
        },
        [this](const Result<TopicFound>& found) {
          if (found) return begin(*found);
          if (failure_log.allow(loop.now_ns()))
            log_warning("kafka", "{}; trying again", found.error().message);
          retry_timer = loop.after(kRetryNs, [this] { prepare(); });
        });
  }

  void begin(const TopicFound& found) {
    if (found.created) {
      log_info("kafka", "made topic {} with {} partitions", options.settings.topic, found.partitions);
    } else {
      log_info("kafka", "writing to topic {}, {} partitions", options.settings.topic, found.partitions);
      compare();
    }
    take_partitions(found.partitions);
    prepared = true;
    next_check_ns = loop.now_ns() + kPartitionCheckNs;
    write_all();
  }

  void compare() {
    background.run(
        [settings = options.settings, topic_options = options.topic] {
          return compare_topic(settings, topic_options, kCompareTimeoutMs);
        },
        [this](const std::string& differs) {
          if (!differs.empty())
            log_warning("kafka", "topic {} is used as it is: {}", options.settings.topic, differs);
        });
  }

  void take_partitions(int count) {
    partitions.clear();
    for (int p = 0; p < count; ++p) partitions.push_back(std::make_unique<Partition>());
    for (SymbolState& state : states) state = {};
  }

  void check_partitions() {
    next_check_ns = loop.now_ns() + kPartitionCheckNs;
    background.run(
        [handle = handle, topic_name = options.settings.topic] {
          return count_partitions(*handle, topic_name, kAdminTimeoutMs);
        },
        [this](const Result<int>& count) {
          if (!prepared || !count) return;
          if (*count == 0) return prepare();
          if (static_cast<std::size_t>(*count) == partitions.size()) return;
          log_info("kafka", "topic {} has {} partitions now", options.settings.topic, *count);
          take_partitions(*count);
          write_all();
        });
  }

  // The newest quote of every symbol is to be written.
  void write_all() {
    for (std::size_t i = 0; i < symbols.size(); ++i) write_newest(static_cast<SymbolId>(i));
    pump_all();
  }

  // --- what is to be written ---

  Partition& partition_of(SymbolId symbol) {
    SymbolState& state = states[market::index(symbol)];
    if (state.partition == kUnknownPartition) {
      const std::string_view key = symbols.name(symbol);
      // The Java client's hash, so that producers of every kind agree.
      state.partition = static_cast<std::int16_t>(
          rd_kafka_msg_partitioner_murmur2(topic.get(), key.data(), key.size(),
                                           static_cast<std::int32_t>(partitions.size()), nullptr, nullptr));
    }
    return *partitions[static_cast<std::size_t>(state.partition)];
  }

  void on_admitted(SymbolId symbol, const market::Quote& quote) override {
    if (!prepared)  // every symbol's newest goes first then
      return stats.merged.add(std::exchange(states[market::index(symbol)].waits, true) ? 1 : 0);
    stats.merged.add(partition_of(symbol).backlog.add(symbol, quote, loop.now_ns()));
  }

  // False: it was to be written already.
  bool write_newest(SymbolId symbol) {
    market::Book::Entry held;
    return book.read(symbol, held) && partition_of(symbol).backlog.add_newest(symbol);
  }

  void on_published() override { pump_all(); }

  // --- handing over ---

  // Hands over what may go now. Reports are looked at here and in every tick; they wake the loop only while
  // something waits for one, since they come together with what readers wait for, on the same cores.
  void pump_all() {
    take_reports();
    if (!prepared) return;
    const std::int64_t now_ns = steady_ns();
    bool waits = false;
    for (std::size_t p = 0; p < partitions.size(); ++p) waits |= pump(static_cast<int>(p), now_ns);
    if (waits == reports_watched) return;
    reports_watched = waits;
    waits ? event.watch(*reports) : event.forget(*reports);
    if (waits) loop.again(event.fd(), net::kReadable, *this);  // one may have come just before
  }

  // True: more can go only after a report.
  bool pump(int number, std::int64_t now_ns) {
    Partition& partition = *partitions[static_cast<std::size_t>(number)];
    if (partition.backlog.empty()) return false;
    if (partition.under_way >= under_way_max(partition)) return true;
    if (now_ns != batches_ns && now_ns < batches_ns + kGapNs) {  // those of all partitions go together
      pump_at(batches_ns + kGapNs);
      return false;
    }
    const std::size_t most = away ? 1 : options.records_per_request_max;
    write_batch(partition.backlog, most);
    const std::size_t count = hand_over(number);
    if (count == 0) return false;
    batches_ns = now_ns;
    partition.under_way += count;
    stats.batches.add();
    return false;
  }

  // While the broker is away one record at a time tries it: what waits stays young here.
  std::size_t under_way_max(const Partition& partition) const {
    if (away) return 1;
    return partition.backlog.size() > kWholeMax ? kUnderWayMost : kUnderWayMax;
  }

  void pump_at(std::int64_t moment_ns) {
    if (pump_timer != 0) return;
    pump_timer = loop.at(moment_ns, [this] {
      pump_timer = 0;
      pump_all();
    });
  }

  // Takes up to `most` records from a backlog.
  void write_batch(Backlog& backlog, std::size_t most) {
    batch.clear();
    for (; !backlog.empty() && batch.records().size() < most; backlog.pop()) {
      const Backlog::Item& item = backlog.front();
      market::Book::Entry held;
      if (item.newest) book.read(item.symbol, held);
      batch.add(item.symbol, item.newest ? held.quote : item.quote, item.newest);
    }
  }

  // Returns how many librdkafka took of the batch; of the others the symbols' newest quotes wait again.
  std::size_t hand_over(int partition) {
    const auto records = batch.records();
    const auto [taken, refusal] =
        batch.hand_over({*handle, *topic, partition}, symbols, book.source().origin);
    const std::int64_t now_ns = wall_ns();
    for (const RecordBatch::Record& record : records.first(taken)) note_handed(record, now_ns);
    for (const RecordBatch::Record& record : records.subspan(taken))
      stats.merged.add(write_newest(record.symbol) ? 0 : 1);
    stats.handed.add(taken);
    if (taken < records.size() && refusal != RD_KAFKA_RESP_ERR__QUEUE_FULL) note_failure(refusal);
    return taken;
  }

  void note_handed(const RecordBatch::Record& record, std::int64_t now_ns) {
    last_handed_ns = loop.now_ns();
    SymbolState& state = states[market::index(record.symbol)];
    ++state.under_way;
    state.handed_ns = last_handed_ns;
    // One written again has an age that says nothing of the way.
    if (!record.newest)
      stats.produced_age.add(now_ns - (record.event_ns != 0 ? record.event_ns : record.admitted_ns));
  }

  // --- what became of it ---

  void on_ready(std::uint32_t) override {
    event.drain();
    pump_all();
  }

  void take_reports() {
    bool broken = false;
    while (const Owned<rd_kafka_event_t> told{rd_kafka_queue_poll(reports.get(), 0)}) {
      if (rd_kafka_event_type(told.get()) == RD_KAFKA_EVENT_DR) {
        while (const rd_kafka_message_t* message = rd_kafka_event_message_next(told.get())) settle(*message);
      } else if (rd_kafka_event_type(told.get()) == RD_KAFKA_EVENT_ERROR) {
        broken |= note_error(*told);
      }
    }
    if (broken) return replace_producer();
    if (prepared && std::exchange(no_topic, false)) prepare();
  }

  void settle(const rd_kafka_message_t& message) {
    const SymbolId symbol = RecordBatch::symbol_of(message);
    SymbolState& state = states[market::index(symbol)];
    // Records from before the partitions were counted anew are not counted any more.
    if (state.under_way > 0) --state.under_way;
    const auto number = static_cast<std::size_t>(message.partition);
    if (number < partitions.size() && partitions[number]->under_way > 0) --partitions[number]->under_way;
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      stats.delivered.add();
      stats.produce_time.add(rd_kafka_message_latency(&message) * kNsPerUs);
      stats.taking.set(1);
      if (std::exchange(away, false)) {
        if (std::exchange(outage_told, false)) log_info("kafka", "the broker takes records again");
        write_due_after_outage();
      }
      return;
    }
    stats.failed.add();
    note_failure(message.err);
    // Its last quote still has to get there, unless a newer one is on its way.
    if (state.under_way == 0 && prepared) write_newest(symbol);
  }

  // Everything that waits in order is older than what the book holds by now.
  void write_due_after_outage() {
    for (const auto& partition : partitions) stats.merged.add(partition->backlog.give_up_order());
  }

  void note_failure(rd_kafka_resp_err_t code) {
    if (means_no_topic(code)) no_topic = true;
    stats.taking.set(0);
    if (std::exchange(away, true)) return;
    stats.outages.add();
    // A limit of its own: what librdkafka says just before must not silence it.
    outage_told = outage_log.allow(loop.now_ns());
    if (outage_told)
      log_warning("kafka", "records are not taken: {}; the newest of each symbol waits", describe(code));
  }

  // True: this producer will never work again.
  bool note_error(rd_kafka_event_t& told) {
    const rd_kafka_resp_err_t code = rd_kafka_event_error(&told);
    if (rd_kafka_event_error_is_fatal(&told) != 0 || code == RD_KAFKA_RESP_ERR__FATAL) {
      log_warning("kafka", "the producer broke for good: {}; making a new one",
                  rd_kafka_event_error_string(&told));
      return true;
    }
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) name_brokers(*handle);
    if (failure_log.allow(loop.now_ns())) log_warning("kafka", "{}", rd_kafka_event_error_string(&told));
    return false;
  }

  void replace_producer() {
    topic.reset();
    reports.reset();
    // Its threads may take a while to end; what it still had is written again, as it is now.
    background.run([old = std::move(handle)]() mutable { return old.reset(), 0; }, [](int) {});
    const Status made = make_producer();
    CHECK(made.has_value(), "settings that made a producer once make it again");
    prepare();
  }

  // --- now and then ---

  void tick() {
    tick_timer = loop.after(kTickNs, [this] { tick(); });
    if (!prepared) return take_reports();
    count_queue();
    const std::int64_t now_ns = loop.now_ns();
    const std::int64_t keeps_up_ns = std::min(kKeepsUpNs, options.max_age_ns / 4);
    if (now_ns >= next_check_ns) check_partitions();
    for (const auto& partition : partitions) {
      const std::int64_t since_ns = partition->backlog.waiting_since_ns();
      if (since_ns != 0 && now_ns - since_ns > keeps_up_ns)
        stats.merged.add(partition->backlog.give_up_order());
    }
    if (options.rewrite_after_ns > 0 && book.source().state == market::SourceState::live && !away)
      write_again(now_ns);
    pump_all();
  }

  void count_queue() {
    std::size_t waiting = 0;
    std::size_t under_way = 0;
    for (const auto& partition : partitions) {
      waiting += partition->backlog.size();
      under_way += partition->under_way;
    }
    stats.waiting.set(waiting);
    stats.under_way.set(under_way);
  }

  // Goes round all symbols three times per period, so that none waits longer than the period says.
  void write_again(std::int64_t now_ns) {
    const std::size_t count = symbols.size();
    if (count == 0) return;
    const std::int64_t round_ns = options.rewrite_after_ns / 3;
    again_share += static_cast<double>(count) * static_cast<double>(kTickNs) / static_cast<double>(round_ns);
    for (; again_share >= 1; --again_share) {
      const auto symbol = static_cast<SymbolId>(again_next++ % count);
      if (symbols.trading(symbol) && now_ns - states[market::index(symbol)].handed_ns >= 2 * round_ns)
        rewrite(symbol);
    }
    if (now_ns - last_handed_ns >= kHeartbeatNs) rewrite(static_cast<SymbolId>(again_next++ % count));
  }

  void rewrite(SymbolId symbol) {
    write_newest(symbol);
    stats.rewritten.add();
  }

  void flush(std::int64_t timeout_ns) {
    if (!prepared) return;
    const std::int64_t until_ns = steady_ns() + timeout_ns;
    const auto busy = [this] {
      return std::ranges::any_of(partitions, [](const auto& partition) { return partition->busy(); });
    };
    for (pump_all(); busy() && steady_ns() < until_ns;) {
      rd_kafka_flush(handle.get(), 10);
      pump_all();
    }
  }

  net::Loop& loop;
  const market::SymbolTable& symbols;
  market::Book& book;
  const SinkOptions options;
  SinkStats stats;
  QueueEvent event;
  std::shared_ptr<rd_kafka_t> handle;  // shared with a look-up that is under way
  Owned<rd_kafka_topic_t> topic;
  Owned<rd_kafka_queue_t> reports;
  bool reports_watched = false;  // they wake the loop
  std::vector<std::unique_ptr<Partition>> partitions;
  std::vector<SymbolState> states;  // by symbol
  RecordBatch batch;                // the one being handed over
  net::Background background;

  bool prepared = false;  // the topic is there
  bool no_topic = false;  // a report said that it is not any more
  bool away = false;      // the last report was a failure
  bool outage_told = false;
  std::int64_t last_handed_ns = 0;
  std::int64_t batches_ns = 0;     // steady clock, the last ones
  std::int64_t next_check_ns = 0;  // of the number of partitions
  std::size_t again_next = 0;      // symbol
  double again_share = 0;          // of a symbol, left over from the last tick
  net::Loop::TimerId tick_timer = 0;
  net::Loop::TimerId pump_timer = 0;
  net::Loop::TimerId retry_timer = 0;
  LogLimit failure_log{5 * kNsPerSecond};
  LogLimit outage_log{5 * kNsPerSecond};
};

TopicSink::TopicSink(net::Loop& loop, const market::SymbolTable& symbols, market::Book& book,
                     const SinkOptions& options)
    : impl_(std::make_unique<Impl>(loop, symbols, book, options)) {}

TopicSink::~TopicSink() = default;

Status TopicSink::check(const SinkOptions& options) {
  return check_instance(RD_KAFKA_PRODUCER, options.settings, presets(options));
}

Status TopicSink::start() { return impl_->start(); }

void TopicSink::flush(std::int64_t timeout_ns) { impl_->flush(timeout_ns); }

const SinkStats& TopicSink::stats() const { return impl_->stats; }

}  // namespace tickcast::kafka
