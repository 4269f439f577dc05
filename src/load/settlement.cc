// SPDX-License-Identifier: Apache-2.0
#include "load/settlement.h"

#include <algorithm>

#include <fmt/core.h>

namespace tickcast::load {
namespace {

feed::RestOptions rest_options(const ClientSettings& settings) {
  feed::RestOptions options;
  options.base = settings.url;
  options.base.scheme = settings.url.secure() ? "https" : "http";
  options.ca_file = settings.ca_file;
  return options;
}

Streams book_tickers() {
  Streams streams;
  streams.form = "@bookTicker";
  return streams;
}

}  // namespace

class Settlement::Witness final : private ws::ClientEvents {
 public:
  Witness(Settlement& settlement, std::shared_ptr<const Watchlist> watchlist) : settlement_(settlement) {
    account_.client = Account::kWitness;
    account_.watchlist = std::move(watchlist);
    ws::ClientOptions options;
    options.to = settlement.settings_.to;
    ws::ClientEvents& events = *this;
    client_.emplace(settlement.loop_, settlement.background_, settlement.settings_.url,
                    settlement.settings_.url.target + account_.watchlist->target, settlement.settings_.tls,
                    options, events);
  }

 private:
  void on_open(ws::Connection&) override { --settlement_.opening_; }
  void on_dial_failed(const ws::DialFailure& failure) override { settlement_.failure_ = failure.message; }
  void on_message(ws::Connection&, const wire::Message& message, std::int64_t received_ns) override {
    settlement_.inspector_.take(account_, {message.payload.data(), message.payload.size()}, received_ns);
    for (const wire::ServedEvent& event : settlement_.inspector_.events()) {
      if (const auto symbol = settlement_.symbols_.find(event.ticker.symbol))
        settlement_.note(*symbol, event.ticker.quote);
    }
  }
  void on_writable(ws::Connection&) override {}
  void on_ended(ws::Connection&, const ws::Ended& ended) override {
    settlement_.failure_ = "the server ended the connection of a witness: " + ended.reason;
  }

  Settlement& settlement_;
  Account account_;
  std::optional<ws::Client> client_;
};

Settlement::Settlement(net::Loop& loop, net::Background& background, const ClientSettings& settings,
                       market::SymbolTable& symbols, Inspector& inspector,
                       std::vector<market::SymbolId> followed)
    : loop_(loop),
      background_(background),
      settings_(settings),
      symbols_(symbols),
      inspector_(inspector),
      followed_(std::move(followed)),
      rest_(loop, rest_options(settings)) {
  if (!followed_.empty()) expected_.resize(market::index(followed_.back()) + 1);
  open_witnesses();
}

Settlement::~Settlement() = default;

void Settlement::open_witnesses() {
  for (std::size_t begin = 0; begin < followed_.size(); begin += kStreamsPerWitness) {
    const std::size_t end = std::min(begin + kStreamsPerWitness, followed_.size());
    Streams streams = book_tickers();
    for (std::size_t i = begin; i < end; ++i)
      streams.symbols.emplace_back(symbols_.stream_name(followed_[i]));
    Watchlists watchlists(std::move(streams), {}, symbols_);
    ++opening_;
    witnesses_.push_back(std::make_unique<Witness>(*this, watchlists.of(0)));
  }
}

void Settlement::note(market::SymbolId symbol, const market::Quote& quote) {
  if (market::index(symbol) >= expected_.size()) return;
  Expected& expected = expected_[market::index(symbol)];
  const Seen seen{quote.update_id, fingerprint(quote), 0};
  if (expected.history.size() == kHistoryMax) {
    expected.history.back() = seen;
  } else {
    expected.history.push_back(seen);
  }
}

void Settlement::go_on() {
  if (opening_ != 0 || !failure_.empty()) return;
  if (!asked_) return look_up();
  if (!answered_) return;
  for (const market::SymbolId symbol : followed_) {
    Expected& expected = expected_[market::index(symbol)];
    if (expected.update_id || expected.fingerprint == 0) continue;
    const auto found = std::ranges::find(expected.history, expected.fingerprint, &Seen::fingerprint);
    if (found != expected.history.end() && found->update_id != market::kNoUpdateId)
      expected.update_id = found->update_id;
  }
  if (loop_.now_ns() - asked_ns_ >= kLookUpAgainNs && !all_resolved()) look_up();
}

bool Settlement::all_resolved() const {
  return std::ranges::all_of(followed_, [this](market::SymbolId symbol) {
    const Expected& expected = expected_[market::index(symbol)];
    return expected.update_id || (expected.fingerprint == 0 && expected.history.empty());
  });
}

void Settlement::look_up() {
  asked_ = true;
  answered_ = false;
  asked_ns_ = loop_.now_ns();
  for (Expected& expected : expected_) {
    if (expected.history.size() > 1) expected.history = {expected.history.back()};
  }
  rest_.book_tickers([this](const feed::RestOutcome<feed::RestTickers>& outcome) { take_look_up(outcome); });
}

void Settlement::take_look_up(const feed::RestOutcome<feed::RestTickers>& outcome) {
  answered_ = true;
  if (const feed::RestFailure* const failure = outcome.failure()) {
    failure_ = failure->message;
    return;
  }
  for (const wire::RestTicker& ticker : *outcome.value()) {
    const auto symbol = symbols_.find(ticker.symbol);
    if (!symbol || market::index(*symbol) >= expected_.size()) continue;
    Expected& expected = expected_[market::index(*symbol)];
    if (!expected.update_id) expected.fingerprint = fingerprint(ticker.quote);
  }
}

// What the account holds of each followed symbol: visit(symbol, seen) until it returns false.
template <class Visit>
void Settlement::each_held(const Account& account, Visit visit) const {
  const Watchlist& list = *account.watchlist;
  const std::size_t count = list.all ? followed_.size() : list.symbols.size();
  for (std::size_t i = 0; i < count; ++i) {
    const market::SymbolId symbol = list.all ? followed_[i] : list.symbols[i];
    const std::size_t place = list.place_of(symbol);
    if (!visit(symbol, place < account.seen.size() ? account.seen[place] : Seen{})) return;
  }
}

Settlement::Standing Settlement::compare(market::SymbolId symbol, const Seen& seen) const {
  const Expected& expected = expected_[market::index(symbol)];
  if (expected.fingerprint == seen.fingerprint) return Standing::settled;  // also: no quote, none told
  if (expected.fingerprint == 0) return Standing::undecided;
  if (expected.update_id)
    return seen.update_id >= *expected.update_id ? Standing::settled : Standing::outdated;
  // The exchange tells nobody of a symbol that does not change: neither the client nor the witness.
  if (seen.fingerprint == 0 && expected.history.empty()) return Standing::settled;
  return Standing::undecided;
}

Settlement::Judgement Settlement::judge(const Account& account) const {
  Judgement judgement;
  if (!answered_) return {Standing::undecided, {}};
  each_held(account, [&](market::SymbolId symbol, const Seen& seen) {
    const Standing standing = compare(symbol, seen);
    if (standing == Standing::settled) return true;
    judgement = {standing, symbol};
    return standing != Standing::outdated;
  });
  return judgement;
}

std::string Settlement::explain(const Account& account, market::SymbolId symbol) const {
  const std::size_t place = account.watchlist->place_of(symbol);
  const std::int64_t held = place < account.seen.size() ? account.seen[place].update_id : 0;
  const Expected& expected = expected_[market::index(symbol)];
  return fmt::format("client {} holds u {} of {}, the server {}", account.client, held, symbols_.name(symbol),
                     expected.update_id ? std::to_string(*expected.update_id) : "another quote");
}

}  // namespace tickcast::load
