// SPDX-License-Identifier: Apache-2.0
#include "feed/reconciler.h"

#include <algorithm>

#include "base/clock.h"

namespace tickcast::feed {
namespace {

constexpr std::int64_t kLookUpIntervalNs = kNsPerSecond;
constexpr std::int64_t kFollowUpNs = kRestLagNs + kNsPerSecond / 2;

}  // namespace

Reconciled take_in(const RestTickers& tickers, std::int64_t asked_ns, std::int64_t answered_ns,
                   std::int64_t order_restarted_ns, const market::SymbolTable& symbols, const Intake& intake,
                   market::Book& book) {
  Reconciled out;
  market::Book::Entry held;
  for (const wire::RestTicker& ticker : tickers) {
    const auto symbol = symbols.find(ticker.symbol);
    if (!symbol || !intake.expected(*symbol)) continue;
    market::Quote quote = ticker.quote;
    quote.update_id = market::kNoUpdateId;
    quote.received_ns = answered_ns;
    quote.admitted_ns = answered_ns;
    if (!book.read(*symbol, held)) {
      book.admit(*symbol, quote);
      ++out.seeded;
      continue;
    }
    if (held.quote.same_values(quote) || held.quote.received_ns >= asked_ns) continue;
    const bool before_restart = held.quote.received_ns < order_restarted_ns;
    const bool dated = held.quote.update_id != market::kNoUpdateId;
    if (!before_restart && dated && held.quote.received_ns > asked_ns - kRestLagNs) {
      ++out.doubtful;
    } else {
      book.reconcile(*symbol, quote);
      ++out.corrected;
    }
  }
  return out;
}

Reconciler::Reconciler(net::Loop& loop, RestClient& rest, const market::SymbolTable& symbols,
                       const Intake& intake, market::Book& book, Stats& stats, std::mt19937_64& random,
                       const Options& options, ReconcilerOwner& owner)
    : loop_(loop),
      rest_(rest),
      symbols_(symbols),
      intake_(intake),
      book_(book),
      stats_(stats),
      random_(random),
      owner_(owner),
      backoff_(options.backoff_first_ns, options.backoff_max_ns) {}

Reconciler::~Reconciler() {
  loop_.cancel(timer_);
  loop_.cancel(follow_up_timer_);
}

void Reconciler::request() {
  following_up_ = false;
  requested_ = true;
  schedule();
}

void Reconciler::order_restarted() { order_restarted_ns_ = wall_ns(); }

void Reconciler::schedule() {
  if (under_way_ || timer_ != 0) return;
  timer_ = loop_.at(std::max(loop_.now_ns(), not_before_ns_), [this] {
    timer_ = 0;
    begin();
  });
}

void Reconciler::begin() {
  requested_ = false;
  under_way_ = true;
  not_before_ns_ = loop_.now_ns() + kLookUpIntervalNs;
  owner_.on_look_up_begins();
  rest_.book_tickers([this](const RestOutcome<RestTickers>& outcome) { finish(outcome); });
}

void Reconciler::finish(const RestOutcome<RestTickers>& outcome) {
  under_way_ = false;
  if (const RestFailure* failure = outcome.failure()) {
    stats_.rest_failures.add();
    const std::int64_t wait_ns = std::max(failure->wait_ns, backoff_.next_ns(random_()));
    if (failure_log_.allow(loop_.now_ns()))
      log_warning("feed", "last values could not be looked up: {}", failure->message);
    not_before_ns_ = std::max(not_before_ns_, loop_.now_ns() + wait_ns);
    requested_ = true;  // whatever made this one necessary still does
    return schedule();
  }
  backoff_.reset();
  succeeded_ = true;
  const Reconciled done = take_in(*outcome.value(), outcome.asked_ns, outcome.answered_ns,
                                  order_restarted_ns_, symbols_, intake_, book_);
  stats_.reconciled.add(done.corrected);
  if (done.seeded + done.corrected > 0) {
    book_.publish();
    log_info("feed", "last values looked up: {} new, {} corrected", done.seeded, done.corrected);
  }
  if (done.doubtful > 0 && !following_up_ && follow_up_timer_ == 0) follow_up();
  following_up_ = false;
  if (requested_) schedule();
  owner_.on_look_up_done();
}

void Reconciler::follow_up() {
  follow_up_timer_ = loop_.after(kFollowUpNs, [this] {
    follow_up_timer_ = 0;
    if (!idle()) return;  // another one is coming anyway
    request();
    following_up_ = true;
  });
}

}  // namespace tickcast::feed
