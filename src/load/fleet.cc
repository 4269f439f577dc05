// SPDX-License-Identifier: Apache-2.0
#include "load/fleet.h"

#include <algorithm>

#include <fmt/core.h>

#include "load/process_use.h"

namespace tickcast::load {
namespace {

constexpr std::int64_t kDialTickNs = 2 * kNsPerMs;
constexpr std::int64_t kLatenessTickNs = 10 * kNsPerMs;
constexpr std::int64_t kSettleTickNs = 20 * kNsPerMs;
// Of some 28,000 ports. The kernel prefers every other one (ip_local_port_range in ip(7)), and once these are
// taken it walks over all of them at each connect: 8 ms instead of 0.1, which also keeps handshakes waiting.
constexpr std::uint32_t kClientsPerAddress = 12'000;
constexpr std::size_t kDescriptorsKept = 100;

}  // namespace

Manner manner_of(std::uint32_t client, const FleetOptions& options) {
  const int share = static_cast<int>(std::uint64_t{client} * 37 % 100);  // each of 100 neighbours another
  if (share < options.stalled_percent) return Manner::stalled;
  return share < options.stalled_percent + options.slow_percent ? Manner::slow : Manner::prompt;
}

std::uint32_t clients_with(std::size_t descriptors) {
  return static_cast<std::uint32_t>(
      std::min<std::size_t>(descriptors - std::min(descriptors, kDescriptorsKept), kClientsMax));
}

std::optional<net::Endpoint> source_of(std::uint32_t client, const net::Endpoint& server) {
  const std::uint32_t address = client / kClientsPerAddress;
  if (address == 0 || !server.loopback() || server.storage.ss_family != AF_INET) return std::nullopt;
  const auto last = address + 1;
  return net::resolve(fmt::format("127.0.{}.{}", last >> 8, last & 255), 0)->front();
}

Fleet::Fleet(net::Loop& loop, const FleetOptions& options, Tally& tally)
    : loop_(loop), background_(loop), options_(options), tally_(tally), inspector_(symbols_, tally) {}

Fleet::~Fleet() { loop_.cancel(timer_); }

void Fleet::connect() {
  if (options_.streams.count == 0) return make_watchlists();
  feed::RestOptions rest;
  rest.base = options_.client.url;
  rest.base.scheme = rest.base.secure() ? "https" : "http";
  rest.ca_file = options_.client.ca_file;
  rest_ = std::make_unique<feed::RestClient>(loop_, rest);
  rest_->exchange_info([this](const feed::RestOutcome<feed::Listings>& outcome) {
    if (outcome.failure() != nullptr) return tally_.broken.set(outcome.failure()->message);
    std::size_t trading = 0;
    for (const market::Listing& listing : *outcome.value()) {
      symbols_.put(listing);
      if (listing.status == market::kTrading) ++trading;
    }
    if (trading == 0) return tally_.broken.set("the server lists no symbol that trades: name some");
    make_watchlists();
  });
}

void Fleet::make_watchlists() {
  watchlists_.emplace(options_.streams, options_.watchlists, symbols_);
  clients_.reserve(options_.clients);
  phase_began_ns_ = steady_ns();
  dial_at_rate();
}

std::uint64_t Fleet::under_way() const {
  return tally_.started.get() - tally_.connected.get() - tally_.refused.get() - tally_.failed.get();
}

void Fleet::dial_at_rate() {
  const double due = static_cast<double>(steady_ns() - phase_began_ns_) * 1e-9 * options_.connects_per_s + 1;
  while (clients_.size() < options_.clients && static_cast<double>(clients_.size()) < due &&
         under_way() < kDialsUnderWayMax) {
    dial(options_.first + static_cast<std::uint32_t>(clients_.size()));
  }
  if (clients_.size() == options_.clients) return;
  timer_ = loop_.after(kDialTickNs, [this] { dial_at_rate(); });
}

void Fleet::dial(std::uint32_t number) {
  Account account;
  account.client = number;
  account.manner = manner_of(number, options_);
  account.watchlist = watchlists_->of(number);
  account.seen.resize(account.watchlist->symbols.size());
  tally_.started.add();
  ClientEvents& events = *this;
  clients_.push_back(std::make_unique<Client>(loop_, background_, options_.client, std::move(account),
                                              source_of(number, options_.client.to), inspector_, events));
}

bool Fleet::connected() const {
  return !tally_.broken.empty() || (clients_.size() == options_.clients && under_way() == 0);
}

void Fleet::on_refused(const ws::DialFailure& failure) {
  if (tally_.first_failure.empty()) tally_.first_failure.set(failure.message);
  (failure.http_status != 0 ? tally_.refused : tally_.failed).add();
}

void Fleet::on_lost(const Account& account, const ws::Ended& ended) {
  if (ended.by_us) inspector_.take_broken_framing(account, ended.reason);
  if (account.manner == Manner::stalled) return tally_.lost_stalled.add();
  if (tally_.first_loss.empty()) {
    tally_.first_loss.set(
        fmt::format("client {}: {} {}", account.client, static_cast<unsigned>(ended.code), ended.reason));
  }
  tally_.lost.add();
}

// --- measuring ---

void Fleet::begin_measuring() {
  inspector_.measure(true);
  phase_began_ns_ = steady_ns();
  cpu_began_ns_ = own_cpu_ns();
  watch_lateness();
}

void Fleet::watch_lateness() {
  const std::int64_t due_ns = steady_ns() + kLatenessTickNs;
  timer_ = loop_.at(due_ns, [this, due_ns] {
    tally_.late_ns = std::max(tally_.late_ns, steady_ns() - due_ns);
    watch_lateness();
  });
}

void Fleet::end_measuring() {
  inspector_.measure(false);
  loop_.cancel(timer_);
  tally_.measured_ns = steady_ns() - phase_began_ns_;
  tally_.cpu_ns = own_cpu_ns() - cpu_began_ns_;
  for (const auto& client : clients_) {
    const Account& account = client->account();
    if (account.manner != Manner::prompt || !client->connected()) continue;
    if (account.oldest_ns > tally_.oldest.value) tally_.oldest = {account.client, account.oldest_ns};
    if (tally_.fewest.value < 0 || account.messages < tally_.fewest.value)
      tally_.fewest = {account.client, account.messages};
  }
}

// --- settling ---

void Fleet::settle() {
  for (const auto& client : clients_) client->read_on();
  phase_began_ns_ = steady_ns();
  if (!options_.settle || clients_.empty()) return end_settling();
  settlement_ =
      std::make_unique<Settlement>(loop_, background_, options_.client, symbols_, inspector_, followed());
  go_on_settling();
}

std::vector<market::SymbolId> Fleet::followed() const {
  std::vector<bool> is_followed(symbols_.size());
  for (const auto& client : clients_) {
    const Watchlist& list = *client->account().watchlist;
    if (list.all) is_followed.assign(symbols_.size(), true);
    for (const market::SymbolId symbol : list.symbols) is_followed[market::index(symbol)] = true;
  }
  std::vector<market::SymbolId> symbols;
  for (std::size_t i = 0; i < is_followed.size(); ++i) {
    if (is_followed[i]) symbols.push_back(static_cast<market::SymbolId>(i));
  }
  return symbols;
}

void Fleet::go_on_settling() {
  settlement_->go_on();
  if (!settlement_->failure().empty()) {
    tally_.unchecked.set(settlement_->failure());
    return end_settling();
  }
  const bool late = steady_ns() - phase_began_ns_ > options_.settle_timeout_ns;
  if (settle_clients() || late) {
    note_unsettled();
    return end_settling();
  }
  timer_ = loop_.after(kSettleTickNs, [this] { go_on_settling(); });
}

// True when no client is left that has yet to catch up.
bool Fleet::settle_clients() {
  bool all = true;
  for (const auto& client : clients_) {
    Account& account = client->account();
    if (account.settled || !client->connected()) continue;
    account.settled = settlement_->judge(account).standing == Settlement::Standing::settled;
    all = all && account.settled;
  }
  return all;
}

void Fleet::note_unsettled() {
  for (const auto& client : clients_) {
    if (!client->connected()) continue;
    tally_.checked.add();
    const Account& account = client->account();
    if (account.settled) continue;
    const Settlement::Judgement judgement = settlement_->judge(account);
    if (judgement.standing == Settlement::Standing::outdated) {
      tally_.found(Fault::outdated, settlement_->explain(account, *judgement.about));
    } else {
      tally_.undecided.add();
    }
  }
}

void Fleet::end_settling() {
  tally_.settled_ns = steady_ns() - phase_began_ns_;
  settled_ = true;
}

}  // namespace tickcast::load
