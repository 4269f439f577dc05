// SPDX-License-Identifier: Apache-2.0
#include "kafka/topic_source.h"

#include <string>
#include <vector>

#include "base/log.h"
#include "kafka/topic_reader.h"
#include "market/listing_guess.h"
#include "market/order_watch.h"
#include "wire/kafka_record.h"

namespace tickcast::kafka {

using market::Admission;
using market::SourceState;
using market::SymbolId;

namespace {

constexpr std::int64_t kTickNs = 250 * kNsPerMs;
// Only older ids for so long, and not just a few: the exchange behind the topic counts anew.
constexpr std::uint64_t kOlderOnlyIds = 100;
constexpr std::int64_t kOlderOnlyNs = 3 * kNsPerSecond;

}  // namespace

struct TopicSource::Impl final : private TopicReaderOwner {
  Impl(net::Loop& loop_in, market::SymbolTable& symbols_in, market::Book& book_in,
       const SourceOptions& options_in)
      : loop(loop_in),
        symbols(symbols_in),
        book(book_in),
        options(options_in),
        reader(loop, options.settings, options.lookback_ns, *this),
        undated(market::SymbolTable::kSymbolsMax, false),
        guessed(market::SymbolTable::kSymbolsMax, false) {}

  ~Impl() { loop.cancel(timer); }

  Status start() {
    const Status started = reader.start();
    if (started) tick();
    return started;
  }

  // --- records ---

  void on_record(const Record& record) override {
    if (batch_ns == 0) batch_ns = wall_ns();
    last_record_ns = loop.now_ns();
    trouble.clear();
    stats.records.add();
    stats.last_ns.set(static_cast<std::uint64_t>(batch_ns));
    if (!record.origin.empty()) origin = market::origin_named(record.origin).value_or(origin);
    const auto symbol = symbol_of(record);
    if (!symbol) return;
    if (!record.value) {
      stats.tombstones.add();
      symbols.set_status(*symbol, market::kGone);
      return;
    }
    switch (record_reader.read(*record.value)) {
      case wire::RecordKind::quote:
        return take(*symbol, record);
      case wire::RecordKind::unreadable:
        stats.unreadable.add();
        return note_bad("is no quote", record);
      case wire::RecordKind::unrepresentable:
        stats.unrepresentable.add();
        return note_bad("has numbers that do not fit exactly", record);
    }
  }

  std::optional<SymbolId> symbol_of(const Record& record) {
    if (const auto known = symbols.find(record.key)) return known;
    if (record.key.empty()) {
      stats.unreadable.add();
      note_bad("has no key, so no symbol", record);
      return std::nullopt;
    }
    const auto added = symbols.put(market::guess_listing(record.key));
    if (added) {
      guessed[market::index(*added)] = true;
    } else {
      stats.refused_symbols.add();
      note_bad("has a key that is no symbol, or one too many", record);
    }
    return added;
  }

  void take(SymbolId symbol, const Record& record) {
    market::Quote quote = record_reader.quote();
    quote.received_ns = batch_ns;
    if (quote.admitted_ns == 0)
      quote.admitted_ns = record.timestamp_ms > 0 ? record.timestamp_ms * kNsPerMs : batch_ns;
    switch (quote.update_id != market::kNoUpdateId ? admit(symbol, quote) : admit_undated(symbol, quote)) {
      case Admission::admitted:
        stats.admitted.add();
        if (stats.ready.load(std::memory_order_relaxed)) note_age(quote, record);
        return learn(symbol, quote);
      case Admission::duplicate:
        return stats.duplicates.add();
      case Admission::older:
        return stats.older.add();
    }
  }

  // What is read back at the start is old because it is read back.
  void note_age(const market::Quote& quote, const Record& record) {
    stats.consumed_age.add(batch_ns - (quote.event_ns != 0 ? quote.event_ns : quote.admitted_ns));
    if (record.timestamp_ms > 0) stats.fetch_time.add(batch_ns - record.timestamp_ms * kNsPerMs);
  }

  Admission admit(SymbolId symbol, const market::Quote& quote) {
    const Admission admission = book.admit(symbol, quote);
    if (admission == Admission::admitted) undated[market::index(symbol)] = false;
    return admission;
  }

  Admission admit_undated(SymbolId symbol, const market::Quote& quote) {
    market::Book::Entry held;
    if (!book.read(symbol, held)) return book.admit(symbol, quote);
    if (held.quote.same_values(quote)) return Admission::duplicate;
    if (held.quote.update_id == market::kNoUpdateId) return book.admit(symbol, quote);
    const bool younger = quote.admitted_ns > held.quote.admitted_ns + kUndatedGraceNs;
    if (!younger && !undated[market::index(symbol)]) return Admission::older;
    undated[market::index(symbol)] = true;
    book.reconcile(symbol, quote);
    return Admission::admitted;
  }

  // What a new quote shows of a symbol of which the topic alone tells.
  void learn(SymbolId symbol, const market::Quote& quote) {
    if (!guessed[market::index(symbol)]) return;
    const bool finer = grids.learn(symbol, quote);
    if (!finer && symbols.trading(symbol)) return;
    market::Listing listing = symbols.listing(symbol);
    listing.status = market::kTrading;  // it was gone, perhaps
    grids.fill(symbol, listing);
    symbols.put(listing);
  }

  void note_bad(std::string_view what, const Record& record) {
    if (!bad_limit.allow(loop.now_ns())) return;
    log_warning("kafka", "a record {} (partition {}, offset {}); {} more since the last such line", what,
                record.partition, record.offset, bad_limit.suppressed());
  }

  void on_batch_end() override {
    batch_ns = 0;
    update_state();
    book.publish();
  }

  // --- trust ---

  void on_caught_up() override {
    trouble.clear();
    stats.restarts.set(reader.restarts());
    if (!stats.ready.exchange(true, std::memory_order_release)) {
      log_info("kafka", "ready: {} symbols from {} records in {} partitions of {}", symbols.size(),
               stats.records.value(), reader.partitions(), options.settings.topic);
    }
    update_state();
    book.publish();
  }

  void on_trouble(const std::string& why) override {
    if (trouble.empty()) stats.troubles.add();
    if (trouble != why && trouble_limit.allow(loop.now_ns())) log_warning("kafka", "{}; trying again", why);
    trouble = why;
    update_state();
    book.publish();
  }

  void tick() {
    timer = loop.after(kTickNs, [this] { tick(); });
    stats.lag.set(static_cast<std::uint64_t>(reader.lag()));
    // What any source brings shows that the order still holds: a topic that lags behind a direct lane has
    // nothing but older ids, too.
    const std::uint64_t fresh = book.head() + stats.duplicates.value();
    if (order_watch.counts_anew(fresh, stats.older.value(), loop.now_ns())) {
      log_warning("kafka", "only older update ids for a while: the exchange seems to count anew, accepted");
      book.restart_order();
    }
    if (update_state()) book.publish();
  }

  SourceState judge() const {
    if (!stats.ready.load(std::memory_order_relaxed)) return SourceState::connecting;
    if (!trouble.empty()) return SourceState::down;
    const bool flows = last_record_ns != 0 && loop.now_ns() - last_record_ns < options.stale_after_ns;
    return flows ? SourceState::live : SourceState::stale;
  }

  bool update_state() {
    const SourceState now = judge();
    if (now == told && origin == told_origin) return false;
    book.set_source(source, now, origin, wall_ns() / kNsPerMs);
    if (now != told) {
      const std::string why = now == SourceState::down    ? trouble
                              : now == SourceState::stale ? "no record for a while"
                                                          : "records flow";
      log(now == SourceState::live ? LogLevel::info : LogLevel::warning, "kafka", "{}: {}", market::name(now),
          why);
    }
    told = now;
    told_origin = origin;
    return true;
  }

  net::Loop& loop;
  market::SymbolTable& symbols;
  market::Book& book;
  const SourceOptions options;
  SourceStats stats;
  TopicReader reader;
  wire::RecordReader record_reader;
  market::SourceId source = book.add_source();
  market::GridGuess grids;
  market::OrderWatch order_watch{kOlderOnlyIds, kOlderOnlyNs};
  std::vector<bool> undated;  // by symbol: the held quote came without an id, over one that had one
  std::vector<bool> guessed;  // by symbol: nobody but the topic has listed it

  std::int64_t batch_ns = 0;        // wall clock, once per batch
  std::int64_t last_record_ns = 0;  // 0: none yet
  std::string trouble;              // empty: none
  market::Origin origin = market::Origin::live;
  SourceState told = SourceState::connecting;
  market::Origin told_origin = market::Origin::live;
  net::Loop::TimerId timer = 0;
  LogLimit bad_limit{5 * kNsPerSecond};
  LogLimit trouble_limit{5 * kNsPerSecond};
};

TopicSource::TopicSource(net::Loop& loop, market::SymbolTable& symbols, market::Book& book,
                         const SourceOptions& options)
    : impl_(std::make_unique<Impl>(loop, symbols, book, options)) {}

TopicSource::~TopicSource() = default;

Status TopicSource::start() { return impl_->start(); }

const SourceStats& TopicSource::stats() const { return impl_->stats; }

}  // namespace tickcast::kafka
