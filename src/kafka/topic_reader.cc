// SPDX-License-Identifier: Apache-2.0
#include "kafka/topic_reader.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "base/log.h"
#include "kafka/client.h"
#include "net/background.h"

namespace tickcast::kafka {
namespace {

constexpr int kLookupTimeoutMs = 2'000;
constexpr std::int64_t kRetryNs = 250 * kNsPerMs;
constexpr std::int64_t kPartitionCheckNs = 10 * kNsPerSecond;
constexpr std::size_t kBatchRecords = 256;
constexpr int kBatchesPerTurn = 8;
// Read back by count where no record is as young as asked for: a market that paused.
constexpr std::int64_t kTailRecords = 100'000;

struct Start {
  int partition;
  std::int64_t offset;
  std::int64_t end;  // of the partition now; 0: not known, and nothing before it matters
};

struct Lookup {
  enum class Outcome : std::uint8_t { found, no_topic, failed } outcome = Outcome::failed;
  std::string why;            // unless found
  std::vector<Start> starts;  // where to begin in each partition asked for
};

std::vector<Preset> presets() {
  return {{"auto.offset.reset", "error"},  // never skip silently
          {"enable.partition.eof", "true"},
          {"enable.auto.commit", "false"},
          {"fetch.error.backoff.ms", "20"},
          // Bytes alone (64 MB unless configured) bound what is fetched ahead: at the bound librdkafka waits
          // for a second, and a start would reach its default of 100,000 records.
          {"queued.min.messages", "10000000"},
          {"topic.metadata.refresh.interval.ms", "10000"}};
}

Lookup failed(const std::string& why) { return {Lookup::Outcome::failed, why, {}}; }

// The first offset of each partition from `first` on whose record is as young as `time_ms`, negative when
// none is; RD_KAFKA_OFFSET_BEGINNING and RD_KAFKA_OFFSET_END: where it begins and ends. Blocks.
Result<std::vector<std::int64_t>> look_up_offsets(rd_kafka_t& handle, const std::string& topic, int first,
                                                  int count, std::int64_t time_ms) {
  const Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(count));
  for (int p = first; p < count; ++p)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), p)->offset = time_ms;
  std::vector<std::int64_t> offsets;
  if (list->cnt == 0) return offsets;
  const rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(&handle, list.get(), kLookupTimeoutMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return Error{"offsets by time: " + describe(code)};
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& found = list->elems[i];
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return Error{"offset of partition " + std::to_string(found.partition) + ": " + describe(found.err)};
    offsets.push_back(found.offset);
  }
  return offsets;
}

// Looks up the partitions from `first` on. Blocks.
Lookup find_starts(rd_kafka_t& handle, const std::string& topic, int first, std::int64_t lookback_ns) {
  const auto count = count_partitions(handle, topic, kLookupTimeoutMs);
  if (!count) return failed("no broker answers: " + count.error().message);
  if (*count == 0) return {Lookup::Outcome::no_topic, "there is no topic " + topic, {}};

  Lookup lookup{Lookup::Outcome::found, {}, {}};
  if (lookback_ns == 0) {
    for (int p = first; p < *count; ++p) lookup.starts.push_back({p, RD_KAFKA_OFFSET_END, 0});
    return lookup;
  }
  const auto by_time = look_up_offsets(handle, topic, first, *count, (wall_ns() - lookback_ns) / kNsPerMs);
  if (!by_time) return failed(by_time.error().message);
  const auto begins = look_up_offsets(handle, topic, first, *count, RD_KAFKA_OFFSET_BEGINNING);
  if (!begins) return failed(begins.error().message);
  const auto ends = look_up_offsets(handle, topic, first, *count, RD_KAFKA_OFFSET_END);
  if (!ends) return failed(ends.error().message);
  for (std::size_t i = 0; i < by_time->size(); ++i) {
    const std::int64_t found = (*by_time)[i];
    const std::int64_t by_count = std::max((*begins)[i], (*ends)[i] - kTailRecords);
    lookup.starts.push_back({first + static_cast<int>(i), found >= 0 ? found : by_count, (*ends)[i]});
  }
  return lookup;
}

std::string_view origin_of(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  std::size_t bytes = 0;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      rd_kafka_header_get_last(headers, kOriginRecordHeader.data(), &value, &bytes) !=
          RD_KAFKA_RESP_ERR_NO_ERROR ||
      value == nullptr)
    return {};
  return {static_cast<const char*>(value), bytes};
}

Record view_of(const rd_kafka_message_t& message) {
  Record record;
  record.partition = message.partition;
  record.offset = message.offset;
  rd_kafka_timestamp_type_t type{};
  record.timestamp_ms = std::max<std::int64_t>(rd_kafka_message_timestamp(&message, &type), 0);
  if (message.key != nullptr) record.key = {static_cast<const char*>(message.key), message.key_len};
  if (message.payload != nullptr)
    record.value = std::string_view(static_cast<const char*>(message.payload), message.len);
  record.origin = origin_of(message);
  return record;
}

}  // namespace

struct TopicReader::Impl final : net::Ready {
  Impl(net::Loop& loop_in, const Settings& settings_in, std::int64_t lookback, TopicReaderOwner& owner_in)
      : loop(loop_in), settings(settings_in), lookback_ns(lookback), owner(owner_in), background(loop) {}

  ~Impl() {
    loop.cancel(timer);
    if (!handle) return;
    loop.remove(event.fd(), *this);
    stop_all();
  }

  Status start() {
    auto conf = configure(settings, presets());
    if (!conf) return conf.error();
    rd_kafka_conf_set_events(conf->get(), RD_KAFKA_EVENT_ERROR);
    auto made = make_instance(RD_KAFKA_CONSUMER, std::move(*conf));
    if (!made) return made.error();
    handle = std::shared_ptr<rd_kafka_t>(std::move(*made));
    auto opened = open_topic(*handle, settings.topic);
    if (!opened) return opened.error();
    topic = std::move(*opened);
    records.reset(rd_kafka_queue_new(handle.get()));
    errors.reset(rd_kafka_queue_get_main(handle.get()));
    event.watch(*records);
    event.watch(*errors);
    loop.add(event.fd(), net::kReadable, *this);
    look_up();
    return Done{};
  }

  // --- where to read ---

  // Looks for partitions that are not known yet: all of them at the start, new ones later.
  void look_up() {
    loop.cancel(timer);
    const int first = static_cast<int>(reading);
    // New partitions are young: nothing in them may be missed.
    const std::int64_t back_ns = reading == 0 || lookback_ns == 0 ? lookback_ns : kLongAgoNs;
    background.run([handle = handle, topic_name = settings.topic, first,
                    back_ns] { return find_starts(*handle, topic_name, first, back_ns); },
                   [this, first](const Lookup& lookup) {
                     if (static_cast<std::size_t>(first) == reading) begin(lookup);
                   });
  }

  void begin(const Lookup& lookup) {
    if (lookup.outcome == Lookup::Outcome::no_topic && reading > 0) return begin_anew(lookup.why);
    if (lookup.outcome != Lookup::Outcome::found) {
      owner.on_trouble(lookup.why);
      timer = loop.after(kRetryNs, [this] { look_up(); });
      return;
    }
    reading += lookup.starts.size();
    next_offsets.resize(reading, 0);
    for (const Start& start : lookup.starts) {
      behind[start.partition] = start.end;
      caught_up = false;
      refused.push_back(start);
    }
    std::erase_if(refused, [this](const Start& start) { return begin_partition(start); });
    timer = loop.after(refused.empty() ? kPartitionCheckNs : kRetryNs, [this] { look_up(); });
    tell_caught_up();
  }

  // False: librdkafka refused.
  bool begin_partition(const Start& start) {
    if (rd_kafka_consume_start_queue(topic.get(), start.partition, start.offset, records.get()) == 0)
      return true;
    if (refused_limit.allow(loop.now_ns()))
      log_warning("kafka", "partition {} of {} can't be read yet: {}; trying again", start.partition,
                  settings.topic, describe(rd_kafka_last_error()));
    return false;
  }

  bool is_refused(std::size_t partition) const {
    return std::ranges::any_of(refused, [partition](const Start& start) {
      return static_cast<std::size_t>(start.partition) == partition;
    });
  }

  void stop_all() {
    for (std::size_t p = 0; p < reading; ++p) {
      if (!is_refused(p)) rd_kafka_consume_stop(topic.get(), static_cast<int>(p));
    }
    reading = 0;
    refused.clear();
    behind.clear();
    next_offsets.clear();
  }

  void begin_anew(const std::string& why) {
    ++restarted;
    log_warning("kafka", "reading {} anew: {}", settings.topic, why);
    owner.on_trouble(why);
    stop_all();
    look_up();
  }

  std::int64_t lag() const {
    std::int64_t sum = 0;
    for (std::size_t p = 0; p < next_offsets.size(); ++p) {
      std::int64_t low = 0;
      std::int64_t high = RD_KAFKA_OFFSET_INVALID;
      if (next_offsets[p] == 0) continue;
      rd_kafka_get_watermark_offsets(handle.get(), settings.topic.c_str(), static_cast<int>(p), &low, &high);
      sum += std::max<std::int64_t>(high - next_offsets[p], 0);
    }
    return sum;
  }

  void tell_caught_up() {
    if (caught_up || reading == 0 || !behind.empty()) return;
    caught_up = true;
    owner.on_caught_up();
  }

  // --- what comes ---

  void on_ready(std::uint32_t) override {
    event.drain();
    bool more = true;
    for (int i = 0; i < kBatchesPerTurn && more; ++i) more = serve_records();
    serve_errors();                                           // after the records that came before them
    if (more) loop.again(event.fd(), net::kReadable, *this);  // other descriptors have their turn
  }

  // False: there is nothing more.
  bool serve_records() {
    std::array<rd_kafka_message_t*, kBatchRecords> batch;
    // Timeout 0: a longer one is waited out to the end unless the batch fills.
    const ssize_t count = rd_kafka_consume_batch_queue(records.get(), 0, batch.data(), batch.size());
    if (count <= 0) return false;
    std::string lost;
    for (ssize_t i = 0; i < count; ++i) {
      const Owned<rd_kafka_message_t> message(batch[static_cast<std::size_t>(i)]);
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        owner.on_record(view_of(*message));
        next_offsets[static_cast<std::size_t>(message->partition)] = message->offset + 1;
        if (!behind.empty()) note_progress(*message);
      } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        behind.erase(message->partition);
      } else {
        note_partition_error(*message, lost);
      }
    }
    owner.on_batch_end();
    tell_caught_up();
    if (!lost.empty() && reading > 0) begin_anew(lost);
    return true;
  }

  // The end that was looked up counts: librdkafka tells of an end only when it fetches nothing, which in a
  // busy partition may never happen.
  void note_progress(const rd_kafka_message_t& message) {
    const auto found = behind.find(message.partition);
    if (found != behind.end() && message.offset + 1 >= found->second) behind.erase(found);
  }

  void note_partition_error(const rd_kafka_message_t& message, std::string& lost) {
    const std::string what =
        "partition " + std::to_string(message.partition) + ": " +
        (message.payload != nullptr ? std::string(static_cast<const char*>(message.payload), message.len)
                                    : describe(message.err));
    switch (message.err) {
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        lost = what;
        break;
      default:  // librdkafka goes on by itself
        if (error_limit.allow(loop.now_ns())) log_warning("kafka", "{}", what);
    }
  }

  void serve_errors() {
    while (const Owned<rd_kafka_event_t> told{rd_kafka_queue_poll(errors.get(), 0)}) {
      if (rd_kafka_event_type(told.get()) != RD_KAFKA_EVENT_ERROR) continue;
      const rd_kafka_resp_err_t code = rd_kafka_event_error(told.get());
      const std::string text = rd_kafka_event_error_string(told.get());
      if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        owner.on_trouble("no broker answers: " + last_error);
        name_brokers(*handle);
      } else {
        last_error = text;
        if (error_limit.allow(loop.now_ns())) log_warning("kafka", "{}", text);
      }
    }
  }

  static constexpr std::int64_t kLongAgoNs = 3'650LL * 86'400 * kNsPerSecond;

  net::Loop& loop;
  const Settings settings;
  const std::int64_t lookback_ns;
  TopicReaderOwner& owner;
  QueueEvent event;
  std::shared_ptr<rd_kafka_t> handle;  // shared with a look-up that is under way
  Owned<rd_kafka_topic_t> topic;
  Owned<rd_kafka_queue_t> records;
  Owned<rd_kafka_queue_t> errors;
  net::Background background;

  std::size_t reading = 0;                 // partitions 0 .. reading - 1
  std::vector<Start> refused;              // of these, not begun: tried again
  std::map<int, std::int64_t> behind;      // of these, not read to the end they had when reading began
  std::vector<std::int64_t> next_offsets;  // by partition; 0: no record came yet
  bool caught_up = false;
  std::uint64_t restarted = 0;
  std::string last_error = "nothing heard";
  net::Loop::TimerId timer = 0;
  LogLimit error_limit{10 * kNsPerSecond};
  LogLimit refused_limit{10 * kNsPerSecond};
};

TopicReader::TopicReader(net::Loop& loop, const Settings& settings, std::int64_t lookback_ns,
                         TopicReaderOwner& owner)
    : impl_(std::make_unique<Impl>(loop, settings, lookback_ns, owner)) {}

TopicReader::~TopicReader() = default;

Status TopicReader::check(const Settings& settings) {
  return check_instance(RD_KAFKA_CONSUMER, settings, presets());
}

Status TopicReader::start() { return impl_->start(); }

std::size_t TopicReader::partitions() const { return impl_->reading - impl_->refused.size(); }

std::int64_t TopicReader::lag() const { return impl_->lag(); }

std::uint64_t TopicReader::restarts() const { return impl_->restarted; }

}  // namespace tickcast::kafka
