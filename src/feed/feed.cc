// SPDX-License-Identifier: Apache-2.0
#include "feed/feed.h"

#include <algorithm>
#include <map>
#include <random>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/log.h"
#include "feed/line.h"
#include "feed/reconciler.h"
#include "feed/rest_client.h"
#include "feed/roster.h"
#include "market/order_watch.h"
#include "net/background.h"

namespace tickcast::feed {

using market::SourceState;

namespace {

constexpr std::int64_t kFiveMinutesNs = 300 * kNsPerSecond;
// Ready without every leg after so long: one that is refused must not keep the other from being used.
constexpr std::int64_t kReadyGraceNs = 10 * kNsPerSecond;
// A look-up waits so long at most for connections that are still subscribing.
constexpr std::int64_t kGapPatienceNs = 5 * kNsPerSecond;
// Frames that may have been quotes and could not be read make a look-up worth while, but not more often than
// this.
constexpr std::int64_t kLostFramesIntervalNs = 5 * kNsPerSecond;
// When nothing but older ids comes for so many stall times, and not just a few, the exchange counts anew: a
// leg that lags that far is replaced before.
constexpr std::int64_t kOlderOnlyStalls = 2;
constexpr std::uint64_t kOlderOnlyIds = 100;

StreamSettings stream_settings(const Options& options) {
  StreamSettings settings;
  settings.url = options.streams;
  settings.channel = options.channel;
  settings.request_bytes_max = options.request_bytes_max;
  settings.request_interval_ns =
      static_cast<std::int64_t>(static_cast<double>(kNsPerSecond) / options.requests_per_second);
  settings.ack_timeout_ns = options.ack_timeout_ns;
  return settings;
}

RestOptions rest_options(const Options& options) {
  RestOptions rest;
  rest.base = options.rest;
  rest.ca_file = options.ca_file;
  return rest;
}

std::string first_names(const market::SymbolTable& symbols, const std::vector<market::SymbolId>& ids) {
  constexpr std::size_t kShown = 10;
  std::string out;
  for (std::size_t i = 0; i < std::min(ids.size(), kShown); ++i) {
    if (i > 0) out += ", ";
    out += symbols.name(ids[i]);
  }
  return ids.size() > kShown ? out + ", ..." : out;
}

}  // namespace

struct Feed::Impl final : private LineOwner, private ReconcilerOwner {
  Impl(net::Loop& loop_in, market::SymbolTable& symbols_in, market::Book& book_in, const Options& options_in)
      : loop(loop_in),
        symbols(symbols_in),
        book(book_in),
        options(options_in),
        resolver(loop),
        rest(loop, rest_options(options)),
        roster(symbols, options.symbols, options.quote_assets),
        intake(symbols, book, stats),
        context{loop,
                resolver,
                options,
                symbols,
                intake,
                stats,
                *this,
                stream_settings(options),
                ConnectGate(options.connects_per_5_minutes_max, kFiveMinutesNs),
                {},
                std::mt19937_64(std::random_device{}())},
        reconciler(loop, rest, symbols, intake, book, stats, context.random, options, *this),
        discovery_backoff(options.backoff_first_ns, options.backoff_max_ns),
        tick_interval_ns(std::clamp(options.stall_after_ns / 8, 50 * kNsPerMs, kNsPerSecond)) {
    CHECK(options.legs >= 1 && options.legs <= Stats::kLegsMax, "a feed has 1 to 4 legs");
    CHECK(options.requests_per_second > 0, "a feed that may send no request can't subscribe");
  }

  ~Impl() {
    loop.cancel(tick_timer);
    loop.cancel(poll_timer);
  }

  void start() {
    if (options.streams.secure()) {
      auto tls = net::TlsContext::client(options.ca_file);
      if (!tls) return log_error("feed", "no TLS, so no exchange: {}", tls.error().message);
      context.settings.tls = std::make_shared<const net::TlsContext>(std::move(tls).value());
    }
    poll();
    tick();
  }

  // --- which symbols there are ---

  void poll() {
    rest.exchange_info([this](const RestOutcome<Listings>& outcome) {
      std::int64_t wait_ns = options.poll_interval_ns;
      if (const RestFailure* failure = outcome.failure()) {
        stats.rest_failures.add();
        wait_ns = std::max(failure->wait_ns,
                           std::min(discovery_backoff.next_ns(context.random()), options.poll_interval_ns));
        if (discovery_log.allow(loop.now_ns()))
          log_warning("feed", "the list of symbols could not be looked up: {}", failure->message);
      } else {
        discovery_backoff.reset();
        origin = outcome.origin;
        context.settings.status = outcome.has_status;
        apply(*outcome.value());
      }
      poll_timer = loop.after(wait_ns, [this] { poll(); });
    });
  }

  void apply(const Listings& listings) {
    const RosterChanges changes = roster.apply(listings);
    for (const market::SymbolId id : changes.gone) leave_out(id);
    for (const RatedSymbol& rated : changes.appeared) {
      context.coverage.want(rated.symbol);
      intake.expect(rated.symbol);
    }
    if (!changes.appeared.empty()) {
      for (std::size_t leg = 0; leg < options.legs; ++leg) place(leg, changes.appeared);
      reconciler.request();  // seeds the new ones
    }
    report(changes);
    update_state();
  }

  void leave_out(market::SymbolId symbol) {
    context.coverage.want(symbol, false);
    for (const auto& line : lines) line->drop(symbol);
  }

  // Gives each symbol to the leg's connection that has room and least to do; new connections for those that
  // find none.
  void place(std::size_t leg, const std::vector<RatedSymbol>& appeared) {
    std::map<Line*, std::vector<RatedSymbol>> additions;
    std::vector<RatedSymbol> homeless;
    for (const RatedSymbol& rated : appeared) {
      Line* best = nullptr;
      for (const auto& line : lines) {
        if (line->leg() != leg || line->room() <= additions[line.get()].size()) continue;
        if (best == nullptr || load(*line, additions) < load(*best, additions)) best = line.get();
      }
      (best != nullptr ? additions[best] : homeless).push_back(rated);
    }
    for (const auto& [line, symbols_of_line] : additions) {
      if (!symbols_of_line.empty()) line->add(symbols_of_line);
    }
    if (!homeless.empty()) open_lines(leg, homeless);
  }

  static double load(const Line& line, const std::map<Line*, std::vector<RatedSymbol>>& additions) {
    double sum = line.expected_rate();
    if (const auto found = additions.find(const_cast<Line*>(&line)); found != additions.end()) {
      for (const RatedSymbol& rated : found->second) sum += rated.rate;
    }
    return sum;
  }

  void open_lines(std::size_t leg, const std::vector<RatedSymbol>& rated) {
    const bool first =
        std::none_of(lines.begin(), lines.end(), [&](const auto& line) { return line->leg() == leg; });
    std::map<market::SymbolId, double> rates;
    for (const RatedSymbol& symbol : rated) rates[symbol.symbol] = symbol.rate;
    for (const auto& ids :
         spread(rated, first ? options.connections_per_leg_min : 1, options.streams_per_connection_max)) {
      std::vector<RatedSymbol> share;
      for (const market::SymbolId id : ids) share.push_back({id, rates[id]});
      lines.push_back(std::make_unique<Line>(context, leg, lines.size()));
      lines.back()->add(share);
    }
  }

  void report(const RosterChanges& changes) {
    if (changes.doubtful)
      log_warning(
          "feed",
          "the exchange suddenly lists less than half of its symbols; not believed unless it says so again");
    if (changes.refused > 0 && discovery_log.allow(loop.now_ns())) {
      log_warning("feed",
                  "{} listed symbols were left out: names over {} bytes, or more than {} symbols in all",
                  changes.refused, market::SymbolTable::kNameBytesMax, market::SymbolTable::kSymbolsMax);
    }
    if (roster.size() == 0)
      log_warning("feed",
                  "the exchange lists no symbol that trades and is asked for; looking again in a while");
    if (!std::exchange(discovered, true)) {
      for (const std::string& missing : roster.never_seen())
        log_warning("feed", "{} was asked for, but the exchange does not trade it (yet)", missing);
      return log_info("feed", "{} symbols over {} connections", roster.size(), lines.size());
    }
    std::vector<market::SymbolId> appeared;
    for (const RatedSymbol& rated : changes.appeared) appeared.push_back(rated.symbol);
    if (!appeared.empty()) log_info("feed", "listed: {}", first_names(symbols, appeared));
    if (!changes.gone.empty()) log_info("feed", "no longer listed: {}", first_names(symbols, changes.gone));
    if (!changes.restated.empty()) {
      log_info("feed", "another status: {} (the first is {} now)", first_names(symbols, changes.restated),
               symbols.listing(changes.restated.front()).status);
    }
  }

  // --- what the lines say ---

  void on_connection_open() override {
    ever_open = true;
    if (!std::exchange(all_down, false) || !book.stands_alone(source)) return;
    log_info("feed", "a connection is open again after none was: update ids may start anew");
    restart_order();
  }

  void on_symbol_refused(market::SymbolId symbol) override {
    leave_out(symbol);
    roster.forget(symbol);
  }

  void on_line_change() override {
    if (ever_open && stats.open_connections.value() == 0) all_down = true;
    look_for_gaps();
    update_state();
  }

  void restart_order() {
    book.restart_order();
    reconciler.order_restarted();
  }

  // --- gaps and how they close ---

  void look_for_gaps() {
    const std::int64_t now_ns = loop.now_ns();
    if (context.coverage.gaps() == 0) {
      gaps_since_ns = 0;
      return;
    }
    if (gaps_since_ns == 0) gaps_since_ns = now_ns;
    const bool subscribing =
        std::any_of(lines.begin(), lines.end(), [](const auto& line) { return line->subscribing(); });
    if (!subscribing || now_ns - gaps_since_ns >= kGapPatienceNs) reconciler.request();
  }

  void on_look_up_begins() override {
    closing = std::max(closing, context.coverage.reopened());
    context.coverage.take_gaps();
  }
  void on_look_up_done() override {
    if (reconciler.settled()) closing = 0;
    update_state();
  }

  void look_for_lost_frames() {
    const std::int64_t now_ns = loop.now_ns();
    const std::uint64_t lost = intake.lost_frames();
    if (lost == lost_frames_seen || now_ns < lost_frames_next_ns) return;
    lost_frames_seen = lost;
    lost_frames_next_ns = now_ns + kLostFramesIntervalNs;
    reconciler.request();
  }

  // An exchange that was reset behind a connection that did not notice: the new ids are all lower than the
  // held ones. What another source brings shows that they still count.
  void look_for_reset(std::uint64_t fresh, std::uint64_t older) {
    if (!order_watch.counts_anew(fresh + book.head(), older, loop.now_ns())) return;
    log_warning("feed",
                "only older update ids for a while: the exchange seems to count anew, which is accepted");
    restart_order();
    reconciler.request();
  }

  // --- what is due now and then ---

  void tick() {
    tick_timer = loop.after(tick_interval_ns, [this] { tick(); });
    for (const auto& line : lines) line->tick();
    rotate_one();
    look_for_gaps();
    look_for_lost_frames();

    std::uint64_t fresh = 0;
    std::uint64_t older = 0;
    for (const LegStats& leg : stats.legs) {
      fresh += leg.wins.value() + leg.duplicates.value();
      older += leg.older.value();
    }
    if (fresh + older != tickers_seen) {
      tickers_seen = fresh + older;
      last_data_ns = loop.now_ns();
    }
    look_for_reset(fresh, older);
    update_state();
  }

  // One at a time, so that a rotation that goes wrong costs one connection.
  void rotate_one() {
    if (std::any_of(lines.begin(), lines.end(), [](const auto& line) { return line->replacing(); })) return;
    Line* longest_due = nullptr;
    for (const auto& line : lines) {
      if (line->rotation_due() &&
          (longest_due == nullptr || line->rotate_at_ns() < longest_due->rotate_at_ns())) {
        longest_due = line.get();
      }
    }
    if (longest_due != nullptr) longest_due->rotate();
  }

  // --- where trust stands ---

  void update_state() {
    if (!stats.ready.load(std::memory_order_relaxed) && is_ready()) {
      stats.ready.store(true, std::memory_order_release);
      last_data_ns = loop.now_ns();
      log_info("feed", "ready: {} symbols, {} streams on {} connections", roster.size(),
               stats.subscribed_streams.value(), stats.open_connections.value());
    }
    std::string why;
    const SourceState now = judge(why);
    if (now == told_state && origin == told_origin) return;
    book.set_source(source, now, origin, wall_ns() / kNsPerMs);
    book.publish();
    told_origin = origin;
    if (std::exchange(told_state, now) == now) return;
    log(now == SourceState::live ? LogLevel::info : LogLevel::warning, "feed", "{}: {}", name(now), why);
  }

  bool is_ready() {
    if (!reconciler.succeeded() || !reconciler.idle() || context.coverage.gaps() > 0 || lines.empty() ||
        context.coverage.missing() > 0)
      return false;
    if (covered_since_ns == 0) covered_since_ns = loop.now_ns();
    return loop.now_ns() - covered_since_ns >= kReadyGraceNs ||
           std::all_of(lines.begin(), lines.end(), [](const auto& line) { return line->subscribed(); });
  }

  SourceState judge(std::string& why) const {
    if (!stats.ready.load(std::memory_order_relaxed)) return SourceState::connecting;
    if (stats.open_connections.value() == 0) {
      why = "no connection to the exchange is open";
      return SourceState::down;
    }
    if (const auto heard = heard_state(); heard && *heard != SourceState::live) {
      why = fmt::format("what it reads from says that its own source is {}", name(*heard));
      return *heard;
    }
    if (const std::size_t uncovered = context.coverage.uncovered(); uncovered > 0) {
      why = fmt::format("{} symbols are on no connection", uncovered);
      return SourceState::stale;
    }
    if (const std::size_t unsure = std::max(closing, context.coverage.reopened()); unsure > 0) {
      why = fmt::format("{} symbols may have changed unseen, their values are being looked up", unsure);
      return SourceState::stale;
    }
    double rate = 0;
    for (const auto& line : lines) rate += line->measured_rate();
    const std::int64_t silent_ns = loop.now_ns() - last_data_ns;
    if (silent_ns >= options.stall_after_ns && overdue(rate, silent_ns)) {
      why = fmt::format("no data on any connection for {:.1f} s",
                        static_cast<double>(silent_ns) / static_cast<double>(kNsPerSecond));
      return SourceState::stale;
    }
    why = "all symbols are on a connection, and data flows";
    return SourceState::live;
  }

  // What the tickcast there says of its own source: of a leg the worst, since its lines have different
  // symbols, and of legs the best. Nothing: it says nothing, as an exchange.
  std::optional<SourceState> heard_state() const {
    std::optional<SourceState> best;
    for (std::size_t leg = 0; leg < options.legs; ++leg) {
      const auto heard = heard_state(leg);
      if (heard && (!best || trust(*best) < trust(*heard))) best = heard;
    }
    return best;
  }

  std::optional<SourceState> heard_state(std::size_t leg) const {
    std::optional<SourceState> worst;
    for (const auto& line : lines) {
      if (line->leg() != leg) continue;
      const auto heard = line->heard_state();
      if (heard && (!worst || trust(*heard) < trust(*worst))) worst = heard;
    }
    return worst;
  }

  net::Loop& loop;
  market::SymbolTable& symbols;
  market::Book& book;
  const Options options;
  Stats stats;
  net::Background resolver;
  RestClient rest;
  Roster roster;
  Intake intake;
  LineContext context;
  Reconciler reconciler;
  std::vector<std::unique_ptr<Line>> lines;

  Backoff discovery_backoff;
  LogLimit discovery_log{10 * kNsPerSecond};
  std::int64_t tick_interval_ns;
  net::Loop::TimerId tick_timer = 0;
  net::Loop::TimerId poll_timer = 0;
  bool discovered = false;
  market::Origin origin = market::Origin::live;  // as the exchange says of itself
  market::SourceId source = book.add_source();
  SourceState told_state = SourceState::connecting;
  market::Origin told_origin = market::Origin::live;
  bool ever_open = false;
  bool all_down = false;

  std::int64_t covered_since_ns = 0;
  std::int64_t gaps_since_ns = 0;
  std::size_t closing =
      0;  // symbols with a reopened gap that the look-up under way, or its repetition, is to close
  std::uint64_t lost_frames_seen = 0;
  std::int64_t lost_frames_next_ns = 0;
  market::OrderWatch order_watch{kOlderOnlyIds, kOlderOnlyStalls* options.stall_after_ns};
  std::uint64_t tickers_seen = 0;
  std::int64_t last_data_ns = 0;
};

Feed::Feed(net::Loop& loop, market::SymbolTable& symbols, market::Book& book, const Options& options)
    : impl_(std::make_unique<Impl>(loop, symbols, book, options)) {}

Feed::~Feed() = default;

void Feed::start() { impl_->start(); }

void Feed::tap(FrameTap tap) { impl_->intake.tap(std::move(tap)); }

const Stats& Feed::stats() const { return impl_->stats; }

}  // namespace tickcast::feed
