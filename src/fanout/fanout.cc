// SPDX-License-Identifier: Apache-2.0
#include "fanout/fanout.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "fanout/batch.h"
#include "fanout/change_log.h"
#include "fanout/encoder.h"
#include "fanout/position.h"
#include "fanout/rounds.h"
#include "fanout/watchlists.h"

namespace tickcast::fanout {

using market::SymbolId;

struct Fanout::Impl {
  struct Client {
    Position position;
    ListId list = kNoList;          // kNoList: the number is free
    std::uint32_t member : 29 = 0;  // position among the list's members
    Encoding encoding : 3 = Encoding::raw;
  };
  static_assert(Watchlists::kMembersMax <= 1u << 29, "a member's position fits in 29 bits");
  static_assert(kEncodings <= 1u << 3, "an encoding fits in three bits");
  static_assert(sizeof(Client) <= 24, "there is one for each client, on top of its connection");

  // What owed() returned: a batch from one of its units on.
  struct Offer {
    const Batch* batch = nullptr;
    std::size_t first_unit = 0;
    std::size_t first_byte = 0;
  };

  Impl(const market::SymbolTable& symbols, Form its_form, Compressor* compressor,
       FanoutCounters* its_counters)
      : form(its_form),
        counters(its_counters != nullptr ? *its_counters : own_counters),
        encoder(symbols, its_form, compressor) {}

  Client& client(ClientId id) {
    CHECK(static_cast<std::size_t>(id) < clients.size() &&
              clients[static_cast<std::size_t>(id)].list != kNoList,
          "a client number that the fan-out never gave, or took back");
    return clients[static_cast<std::size_t>(id)];
  }
  void hear_of(SymbolId symbol);
  void join(ClientId id, ListId list);
  void leave(ClientId id);
  void count_snapshot(const Client& client);
  auto contains(ListId list) const {
    return [&having = lists, list](SymbolId symbol) { return having.with(symbol).has(list); };
  }
  bool owes_changes(const Client& of);
  Offer choose(const Client& of, std::int64_t now_ns);
  void build(const Client& of, Batch& batch, std::int64_t now_ns);

  const Form form;
  FanoutCounters own_counters;
  FanoutCounters& counters;

  std::size_t symbols_heard_of = 0;
  ChangeLog changes;
  Encoder encoder;
  Watchlists lists;
  Rounds rounds{lists};

  std::vector<Client> clients;
  std::vector<ClientId> free_clients;

  Batch shared[kEncodings];     // by encoding: for members of one list in the same state
  ListId shared_for = kNoList;  // that list
  Batch own;                    // for a client whose state no other shares
  Offer last;                   // what owed() returned
  std::vector<Watch> newer;     // scratch of build()
};

Fanout::Fanout(const market::SymbolTable& symbols, Form form, Compressor* compressor,
               FanoutCounters* counters)
    : impl_(std::make_unique<Impl>(symbols, form, compressor, counters)) {}
Fanout::~Fanout() = default;

// --- the market's side ---

bool Fanout::apply(SymbolId symbol, const market::Book::Entry& entry) {
  impl_->hear_of(symbol);
  if (!impl_->encoder.take(symbol, entry, impl_->changes.head() + 1)) return false;
  impl_->changes.note(symbol);
  impl_->rounds.set_due(impl_->lists.with(symbol));
  impl_->counters.due.add(impl_->lists.clients(symbol));
  return true;
}

void Fanout::Impl::hear_of(SymbolId symbol) {
  if (market::index(symbol) < symbols_heard_of) return;
  symbols_heard_of = market::index(symbol) + 1;
  changes.resize(symbols_heard_of);
  encoder.resize(symbols_heard_of);
  lists.resize(symbols_heard_of);
}

// --- the clients' side ---

ClientId Fanout::add_client(Encoding encoding) {
  ClientId id{};
  if (impl_->free_clients.empty()) {
    id = static_cast<ClientId>(impl_->clients.size());
    impl_->clients.emplace_back();
  } else {
    id = impl_->free_clients.back();
    impl_->free_clients.pop_back();
  }
  impl_->clients[static_cast<std::size_t>(id)].encoding = encoding;
  impl_->join(id, impl_->lists.intern({}));
  return id;
}

void Fanout::remove_client(ClientId id) {
  impl_->leave(id);
  impl_->client(id) = Impl::Client{};
  impl_->free_clients.push_back(id);
}

void Fanout::set_encoding(ClientId id, Encoding encoding) { impl_->client(id).encoding = encoding; }
Encoding Fanout::encoding(ClientId id) const { return impl_->client(id).encoding; }

void Fanout::watch(ClientId id, std::span<const Watch> watches) {
  CHECK(impl_->form.scope == Scope::listed, "a fan-out of the whole market has no lists of symbols");
  Impl::Client& client = impl_->client(id);
  if (!watches.empty()) impl_->hear_of(watches.back().symbol);
  const ListId after = impl_->lists.intern(watches);
  if (after == client.list) return;
  client.position.change_list(impl_->lists[client.list], watches);
  impl_->leave(id);
  impl_->join(id, after);
  impl_->count_snapshot(client);
}

void Fanout::watch_market(ClientId id, Channels channel) {
  CHECK(impl_->form.scope != Scope::listed && impl_->lists[impl_->client(id).list].size() == 0,
        "the whole market is watched once per client, in a fan-out of its own");
  impl_->leave(id);
  impl_->join(id, impl_->lists.intern_market(channel));
  impl_->count_snapshot(impl_->client(id));
}

std::vector<Watch> Fanout::watches(ClientId id) const {
  const Watchlist& list = impl_->lists[impl_->client(id).list];
  std::vector<Watch> out;
  out.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) out.push_back(list[i]);
  return out;
}

void Fanout::Impl::join(ClientId id, ListId list) {
  Client& joining = clients[static_cast<std::size_t>(id)];
  joining.list = list;
  joining.member = lists.join(list, id) % Watchlists::kMembersMax;
}

void Fanout::Impl::leave(ClientId id) {
  const Client& leaving = client(id);
  const ListId list = leaving.list;
  const ClientId moved = lists.leave(list, leaving.member);
  clients[static_cast<std::size_t>(moved)].member = leaving.member;
  if (!lists[list].members().empty()) return rounds.member_left(list);
  rounds.forget(list);
  if (shared_for == list) shared_for = kNoList;
  lists.free(list);
}

// What a client is owed from before its first change.
void Fanout::Impl::count_snapshot(const Client& client) {
  const auto owed = [&](const Watch& watch) { return changes.newest(watch.symbol) != 0; };
  if (!client.position.cursor_alone()) {
    counters.due.add(static_cast<std::uint64_t>(std::ranges::count_if(client.position.fresh(), owed)));
  } else if (client.position.cursor() == 0) {
    const Watchlist& list = lists[client.list];
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < list.size(); ++i) count += owed(list[i]) ? 1 : 0;
    counters.due.add(count);
  }
}

// --- serving ---

bool Fanout::next_due(ClientId& client) {
  while (impl_->rounds.next(client)) {
    const Impl::Client& candidate = impl_->clients[static_cast<std::size_t>(client)];
    if (!candidate.position.cursor_alone() || impl_->owes_changes(candidate)) return true;
  }
  return false;
}

bool Fanout::expects(ClientId& client) const { return impl_->rounds.expects(client); }

// Exact for a client of a shared list, whose newest change is looked up once for all members; else only
// "maybe".
bool Fanout::Impl::owes_changes(const Client& of) {
  Watchlist& list = lists[of.list];
  Watchlist::Shared* const many = list.shared();
  if (many == nullptr) return of.position.cursor() < changes.head();
  if (many->looked_up_to < changes.head()) {
    const std::uint64_t newest = changes.newest_of(list, many->looked_up_to, contains(of.list));
    if (newest != 0) many->last_change = newest;
    many->looked_up_to = changes.head();
  }
  return of.position.cursor() < many->last_change;
}

std::span<const char> Fanout::owed(ClientId id, std::int64_t now_ns) {
  Impl::Client& client = impl_->client(id);
  client.position.forget_without_quote(impl_->changes);
  impl_->last = {};
  if (!impl_->owes_changes(client) && client.position.fresh().empty()) return {};
  impl_->last = impl_->choose(client, now_ns);
  return std::span<const char>(impl_->last.batch->bytes).subspan(impl_->last.first_byte);
}

// Bytes are kept for others in the same state where there can be any: of the list whose turn it is.
Fanout::Impl::Offer Fanout::Impl::choose(const Client& of, std::int64_t now_ns) {
  const bool elsewhere = rounds.list() != kNoList && rounds.list() != of.list;
  if (lists[of.list].members().size() == 1 || !of.position.cursor_alone() || elsewhere) {
    build(of, own, now_ns);
    return {&own, 0, 0};
  }
  if (shared_for != of.list) {
    shared_for = of.list;
    for (Batch& stale : shared) stale.clear();
  }
  const std::uint64_t cursor = of.position.cursor();
  Batch& batch = shared[static_cast<std::size_t>(of.encoding)];
  const bool current = batch.to >= lists[of.list].shared()->last_change;
  if (current && batch.from == cursor) return {&batch, 0, 0};
  const bool divisible = form.scope != Scope::array && !lists[of.list].counts_updates();
  if (current && batch.from < cursor && divisible) {
    // The end of what was made for those who lag further behind is what this one is owed.
    const auto first = std::ranges::upper_bound(batch.units, cursor, {}, &Batch::Unit::sequence);
    const auto at = static_cast<std::size_t>(first - batch.units.begin());
    return {&batch, at, at == 0 ? 0 : batch.units[at - 1].end};
  }
  // The many are those served last: one that lags behind them replaces their bytes only if it serves them
  // too.
  Batch& target = !current || batch.from < cursor || divisible ? batch : own;
  build(of, target, now_ns);
  return {&target, 0, 0};
}

void Fanout::Impl::build(const Client& of, Batch& batch, std::int64_t now_ns) {
  changes.collect(lists[of.list], of.position.cursor(), contains(of.list), newer);
  encoder.encode(batch, newer, {of.position, of.encoding, &batch != &own, now_ns});
}

std::span<const char> Fanout::written(ClientId id, std::size_t bytes) {
  const Impl::Offer offer = std::exchange(impl_->last, {});
  CHECK(offer.batch != nullptr && offer.first_byte + bytes <= offer.batch->bytes.size(),
        "written() without owed(), or for more bytes than it gave");
  if (bytes == 0) return {};
  const Batch& batch = *offer.batch;
  const std::size_t end = offer.first_byte + bytes;
  Impl::Client& client = impl_->client(id);

  // The unit in which the last written byte lies is the last that was begun.
  const auto last = std::ranges::lower_bound(batch.units, end, {}, &Batch::Unit::end);
  const auto begun = static_cast<std::size_t>(last - batch.units.begin()) + 1;
  impl_->counters.sent.add(last->updates -
                           (offer.first_unit == 0 ? 0 : batch.units[offer.first_unit - 1].updates));
  if (begun == batch.units.size()) {
    client.position.catch_up(batch.to);
  } else {
    client.position.advance({begun - offer.first_unit, last->sequence, batch.to},
                            impl_->lists[client.list].counts_updates(), impl_->changes);
  }
  return std::span<const char>(batch.bytes).subspan(end, last->end - end);
}

std::int64_t Fanout::newest_ns() const {
  return impl_->last.batch != nullptr ? impl_->last.batch->newest_ns : 0;
}

std::size_t Fanout::clients() const { return impl_->clients.size() - impl_->free_clients.size(); }
std::size_t Fanout::watchlists() const { return impl_->lists.size(); }

}  // namespace tickcast::fanout
