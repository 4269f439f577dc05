// SPDX-License-Identifier: Apache-2.0
#include "feed/line.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "feed/refusal.h"

namespace tickcast::feed {
namespace {

// How long the old connection stays after the new one is subscribed: what the exchange sent on it before that
// must still arrive.
constexpr std::int64_t kOverlapNs = 2 * kNsPerSecond;
// A connection that stayed subscribed for so long proves that dialling works again.
constexpr std::int64_t kProvenNs = 30 * kNsPerSecond;
// What even the quietest market brings per symbol, in events per second: less than any that was measured.
constexpr double kPriorPerSymbol = 0.01;

// 0, 1/2, 1/4, 3/4, 1/8, ...: evenly spread in [0, 1), however many are taken.
double stagger(std::size_t number) {
  double out = 0;
  for (double step = 0.5; number != 0; number >>= 1, step /= 2) {
    if (number & 1) out += step;
  }
  return out;
}

std::vector<market::SymbolId> ids(std::span<const RatedSymbol> symbols) {
  std::vector<market::SymbolId> out;
  out.reserve(symbols.size());
  for (const RatedSymbol& rated : symbols) out.push_back(rated.symbol);
  return out;
}

}  // namespace

Line::Line(LineContext& context, std::size_t leg, std::size_t number)
    : context_(context),
      leg_(leg),
      label_(fmt::format("{}{}", static_cast<char>('A' + leg), number + 1)),
      life_ns_(static_cast<std::int64_t>(static_cast<double>(context.options.rotate_after_ns) *
                                         (1 - stagger(number) / 2))),
      backoff_(context.options.backoff_first_ns, context.options.backoff_max_ns),
      watchdog_(context.options.stall_after_ns) {}

Line::~Line() { context_.loop.cancel(dial_timer_); }

void Line::add(std::span<const RatedSymbol> symbols) {
  CHECK(symbols.size() <= room(), "a connection was given more streams than it may carry");
  symbols_.insert(symbols_.end(), symbols.begin(), symbols.end());
  for (const RatedSymbol& rated : symbols) expected_rate_ += rated.rate;
  watchdog_.rebase(symbol_events());
  watchdog_.set_prior(kPriorPerSymbol * static_cast<double>(symbols_.size()));
  for (const auto* connection : {&active_, &next_}) {
    if (*connection) (*connection)->subscribe(ids(symbols));
  }
  ensure_dial(true);
}

void Line::drop(market::SymbolId symbol) {
  const auto found = std::find_if(symbols_.begin(), symbols_.end(),
                                  [&](const RatedSymbol& rated) { return rated.symbol == symbol; });
  if (found == symbols_.end()) return;
  expected_rate_ -= found->rate;
  symbols_.erase(found);
  watchdog_.rebase(symbol_events());
}

std::size_t Line::room() const {
  std::size_t taken = symbols_.size();
  // A connection still carries what was dropped since it was made.
  for (const auto* connection : {&active_, &next_}) {
    if (*connection) taken = std::max(taken, (*connection)->stream_count());
  }
  return context_.options.streams_per_connection_max -
         std::min(taken, context_.options.streams_per_connection_max);
}

bool Line::subscribing() const { return (next_ && next_->open()) || (active_ && !active_->subscribed()); }

// --- making connections ---

void Line::ensure_dial(bool at_once) {
  if (next_ || dial_timer_ != 0 || symbols_.empty() || (active_ && !replace_)) return;
  const std::int64_t wait_ns =
      std::max(at_once ? 0 : backoff_.next_ns(context_.random()), std::exchange(wait_min_ns_, 0));
  dial_timer_ = context_.loop.after(wait_ns, [this] {
    dial_timer_ = 0;
    book_dial();
  });
}

void Line::book_dial() {
  const std::int64_t now_ns = context_.loop.now_ns();
  const std::int64_t moment_ns = context_.gate.take(now_ns);
  if (moment_ns <= now_ns) return dial();
  dial_timer_ = context_.loop.at(moment_ns, [this] {
    dial_timer_ = 0;
    dial();
  });
}

void Line::dial() {
  context_.stats.connects.add();
  StreamOwner& self = *this;
  next_ = std::make_unique<StreamConnection>(context_.loop, context_.resolver, context_.settings,
                                             context_.symbols, context_.intake, self,
                                             ++context_.last_connection_id, leg_);
  next_->subscribe(ids(symbols_));
}

void Line::on_open(StreamConnection&) {
  context_.stats.open_connections.add();
  context_.owner.on_connection_open();
  context_.owner.on_line_change();
}

void Line::on_acknowledged(StreamConnection& connection, std::span<const market::SymbolId> symbols) {
  context_.stats.subscribed_streams.add(symbols.size());
  context_.coverage.add(connection.id(), symbols, context_.loop.now_ns());
  promote_when_subscribed(connection);
  context_.owner.on_line_change();
}

void Line::on_refused(StreamConnection& connection, market::SymbolId symbol, const std::string& words) {
  log_warning("feed",
              "the exchange refuses to stream {} ({}); it is left out until the next look at the listings",
              context_.symbols.name(symbol), words);
  context_.owner.on_symbol_refused(symbol);
  promote_when_subscribed(connection);
  context_.owner.on_line_change();
}

std::optional<market::SourceState> Line::heard_state() const {
  const auto& carrier = active_ ? active_ : next_;
  return carrier ? carrier->heard_state() : std::nullopt;
}

void Line::on_status(StreamConnection&) { context_.owner.on_line_change(); }

void Line::promote_when_subscribed(StreamConnection& connection) {
  if (&connection != next_.get() || !connection.subscribed()) return;
  const std::int64_t now_ns = context_.loop.now_ns();
  if (active_) {
    drop_connection(retiring_);
    retiring_ = std::move(active_);
    retire_at_ns_ = now_ns + kOverlapNs;
    log_info("feed", "{}: another connection has taken over", label_);
  }
  active_ = std::move(next_);
  condemned_ = false;
  replace_ = active_->shutdown_noticed();
  rotate_at_ns_ = now_ns + life_ns_;
  watchdog_.restart(now_ns, symbol_events());
  ensure_dial(false);
}

// --- replacing and losing them ---

void Line::on_shutdown_notice(StreamConnection& connection) {
  if (&connection != active_.get() || replace_) return;
  log_info("feed", "{}: the exchange is about to end this connection; opening another", label_);
  replace_ = true;
  ensure_dial(true);
}

bool Line::rotation_due() const {
  // Not while the one before lingers: its overlap would be cut short.
  return active_ && active_->subscribed() && !replace_ && !retiring_ &&
         context_.loop.now_ns() >= rotate_at_ns_;
}

void Line::rotate() {
  log_info("feed", "{}: replacing the connection before the exchange ends it", label_);
  context_.stats.rotations.add();
  replace_ = true;
  ensure_dial(true);
}

void Line::tick() {
  const std::int64_t now_ns = context_.loop.now_ns();
  if (retiring_ && now_ns >= retire_at_ns_) retire();
  if (!active_ || !active_->subscribed()) return;
  if (now_ns - active_->last_ack_ns() >= kProvenNs && !watchdog_.barren()) backoff_.reset();
  if (!condemned_ && watchdog_.check(now_ns, active_->tickers(), active_->last_data_ns(), symbol_events()))
    condemn();
}

void Line::condemn() {
  context_.stats.stalls.add();
  log_warning("feed", "{}: no data where some was due, though the connection is open; opening another",
              label_);
  condemned_ = true;
  uncover(*active_, active_->last_data_ns());
  replace_ = true;
  ensure_dial(!watchdog_.barren());
  context_.owner.on_line_change();
}

void Line::retire() {
  uncover(*retiring_, context_.loop.now_ns());
  retire_at_ns_ = std::numeric_limits<std::int64_t>::max();
  retiring_->close();
}

// Without waiting for the peer.
void Line::drop_connection(std::unique_ptr<StreamConnection>& connection) {
  if (!connection) return;
  on_lost(*connection, {"it was dropped, others have taken its place", 0, "", false});
}

void Line::on_lost(StreamConnection& connection, const Loss& loss) {
  auto& place = &connection == next_.get() ? next_ : &connection == active_.get() ? active_ : retiring_;
  CHECK(place.get() == &connection, "a connection of another line has ended here");
  if (connection.open()) {
    context_.stats.open_connections.add(static_cast<std::uint64_t>(-1));
    context_.stats.subscribed_streams.add(static_cast<std::uint64_t>(-1) * connection.acknowledged().size());
    uncover(connection, connection.last_data_ns());
  }
  const bool mattered = &place != &retiring_;
  if (&place == &active_) {
    replace_ = false;
    condemned_ = false;
  }
  std::unique_ptr<StreamConnection> lost = std::move(place);
  if (mattered) {
    const std::string why = heed(loss);
    ensure_dial(false);
    report(*lost, loss.dial_failed, why);
  }
  context_.loop.dispose(std::move(lost));
  context_.owner.on_line_change();
}

// Notes how long the exchange wants to be left alone, and returns the reason in words.
std::string Line::heed(const Loss& loss) {
  if (loss.http_status == 0) return loss.why;
  const auto retry_after =
      loss.retry_after.empty() ? std::nullopt : std::optional<std::string_view>(loss.retry_after);
  const Refusal refusal =
      explain_refusal(Service::streams, context_.settings.url.authority(), loss.http_status, retry_after);
  wait_min_ns_ = refusal.wait_ns;
  if (refusal.everyone) context_.gate.hold_until(context_.loop.now_ns() + refusal.wait_ns);
  return refusal.message;
}

void Line::report(const StreamConnection& connection, bool dial_failed, const std::string& why) {
  if (!context_.failure_log.allow(context_.loop.now_ns())) return;
  log_warning("feed", "{}: {}: {} ({} more since the last such line)", label_,
              dial_failed               ? "no stream connection"
              : connection.subscribed() ? "the connection has ended"
                                        : "the connection has ended before all was subscribed",
              why, context_.failure_log.suppressed());
}

void Line::uncover(const StreamConnection& connection, std::int64_t good_until_ns) {
  context_.coverage.remove(connection.id(), connection.acknowledged(), good_until_ns);
}

std::uint64_t Line::symbol_events() const {
  std::uint64_t sum = 0;
  for (const RatedSymbol& rated : symbols_) sum += context_.intake.events(rated.symbol);
  return sum;
}

}  // namespace tickcast::feed
