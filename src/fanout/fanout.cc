// SPDX-License-Identifier: Apache-2.0
#include "fanout/fanout.h"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "fanout/bits.h"
#include "fanout/change_log.h"
#include "fanout/symbol_state.h"
#include "fanout/watchlist.h"
#include "wire/sbe_best_bid_ask.h"
#include "wire/ticker.h"

namespace tickcast::fanout {
namespace {

using market::SymbolId;

std::size_t hash_of(std::span<const Watch> watches) {
  std::uint64_t h = watches.size();
  for (const Watch& watch : watches) {
    h = (h ^ (market::index(watch.symbol) << 8 | watch.channels)) * 0x9e3779b97f4a7c15;
    h ^= h >> 29;
  }
  return static_cast<std::size_t>(h);
}

// Channels of `symbol` in a sorted list; 0: not in it.
std::uint8_t channels_in(std::span<const Watch> watches, SymbolId symbol) {
  const auto at = std::lower_bound(watches.begin(), watches.end(), symbol,
                                   [](const Watch& watch, SymbolId id) { return watch.symbol < id; });
  return at != watches.end() && at->symbol == symbol ? at->channels : std::uint8_t{0};
}

std::int64_t known_since_ns(const market::Quote& quote) {
  return quote.event_ns != 0 ? quote.event_ns : quote.admitted_ns;
}

// xorshift64: where a round begins has to be uncorrelated with the list, nothing more.
std::uint64_t next_random(std::uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

}  // namespace

struct Fanout::Impl {
  // What a cursor alone does not tell of a client: null while it is simply up to its cursor.
  struct Behind {
    static constexpr std::size_t kCutsMax = 8;

    std::vector<Watch> fresh;  // asked for, and not served since; sorted by symbol
    std::vector<Cut> cuts;     // since it was last served all that it was owed

    void cut(Cut next) {
      if (cuts.size() == kCutsMax) {
        cuts[1] = {cuts[0].from, cuts[1].cursor, 0, true};
        cuts.erase(cuts.begin());
      }
      cuts.push_back(next);
    }
  };

  // A list's place in `lists`.
  using ListId = std::uint32_t;
  static constexpr ListId kNoList = ~ListId{0};
  static constexpr std::uint32_t kMembersMax = 1u << 29;  // of one list

  struct Client {
    std::uint64_t cursor = 0;
    std::unique_ptr<Behind> behind;
    ListId list = kNoList;          // kNoList: the number is free
    std::uint32_t member : 29 = 0;  // position among the list's members
    Encoding encoding : 3 = Encoding::raw;
  };
  static_assert(kEncodings <= 1u << 3, "an encoding fits in three bits");
  static_assert(sizeof(Client) <= 24, "there is one for each client, on top of its connection");

  // The round under way: a watchlist's members, from one of them on.
  struct Round {
    ListId list = kNoList;
    std::size_t next = 0;
    std::size_t left = 0;
  };

  // What owed() returned: a batch from one of its units on.
  struct Offer {
    const Batch* batch = nullptr;
    std::size_t first_unit = 0;
    std::size_t first_byte = 0;
  };

  Impl(const market::SymbolTable& table, Form its_form, Compressor* compressor, FanoutCounters* its_counters)
      : symbols(table),
        form(its_form),
        framing(its_form, compressor),
        counters(its_counters != nullptr ? *its_counters : own_counters) {}

  SymbolState& state_of(SymbolId symbol) {
    if (market::index(symbol) >= states.size()) hear_of(symbol);
    return states[market::index(symbol)];
  }
  void hear_of(SymbolId symbol);
  Client& client(ClientId id) {
    CHECK(static_cast<std::size_t>(id) < clients.size() &&
              clients[static_cast<std::size_t>(id)].list != kNoList,
          "a client number that the fan-out never gave, or took back");
    return clients[static_cast<std::size_t>(id)];
  }

  ListId make_list(Watchlist list);
  ListId intern(std::span<const Watch> watches);
  ListId whole_market(Channels channel);
  void extend(ListId list);
  void release(ListId list);
  void join(ClientId id, ListId list);
  void leave(ClientId id);
  // Whether a watch is new to the client and lies before its cursor, so that no change brings it.
  bool in_snapshot(const Client& of, const Watch& watch) {
    const std::uint64_t number = state_of(watch.symbol).sequence;
    return number != 0 && number <= of.cursor;
  }
  void forget_served(Client& client, std::size_t units_begun, std::uint64_t cursor_before);
  void count_snapshot(const Client& client);
  bool begin_round();
  auto contains(ListId list) const {
    return [this, list](SymbolId symbol) { return states[market::index(symbol)].watchers.has(list); };
  }
  bool owes_changes(const Client& of);
  Offer choose(const Client& of, std::int64_t now_ns);

  void build(const Client& of, Batch& batch, std::int64_t now_ns);
  void append_unit(Batch& batch, const Watch& watch, std::uint64_t sequence, const Client& of,
                   std::int64_t now_ns);
  void append_book_ticker(std::string& out, SymbolId symbol, Encoding encoding);
  void append_best_bid_ask(std::string& out, SymbolId symbol);
  std::string_view quote_event(std::span<char> buffer, SymbolId symbol, const Client& of,
                               std::int64_t now_ns);
  void append_arrays(Batch& batch, const Client& of, std::int64_t now_ns);

  const market::SymbolTable& symbols;
  const Form form;
  const Framing framing;
  FanoutCounters own_counters;
  FanoutCounters& counters;
  std::vector<SymbolState> states;  // by symbol
  ChangeLog changes;

  std::vector<Client> clients;
  std::vector<ClientId> free_clients;
  std::size_t client_count = 0;
  std::deque<Watchlist> lists;  // by ListId; those in free_lists are empty
  std::vector<ListId> free_lists;
  std::unordered_multimap<std::size_t, ListId> interned;  // by hash_of(watches)
  ListId whole_markets[kBestBidAsk + 1] = {kNoList, kNoList, kNoList, kNoList, kNoList};  // by channel

  // Rounds go through the lists, and the members of each, in a circle. Where it begins is drawn anew after a
  // pause, so that no position is always last; without one each round goes on where the last ended, so that
  // nobody waits for longer than a round.
  Bits due;
  std::size_t next_list = 0;
  Round round;
  std::uint64_t random = 0x9e3779b97f4a7c15;  // the last one drawn

  Batch shared[kEncodings];     // by encoding: for members of one list in the same state
  ListId shared_for = kNoList;  // that list
  Batch own;                    // for a client whose state no other shares
  Offer last;                   // what owed() returned
  std::vector<Watch> newer;     // scratch of build()
  std::string array;            // scratch of append_arrays()
};

Fanout::Fanout(const market::SymbolTable& symbols, Form form, Compressor* compressor,
               FanoutCounters* counters)
    : impl_(std::make_unique<Impl>(symbols, form, compressor, counters)) {}
Fanout::~Fanout() = default;

// --- the market's side ---

bool Fanout::apply(SymbolId symbol, const market::Book::Entry& entry) {
  SymbolState& state = impl_->state_of(symbol);
  if (entry.sequence <= state.book_sequence) return false;
  state.take(entry, impl_->changes.note(symbol));
  impl_->due.set_all(state.watchers);
  impl_->counters.due.add(state.clients);
  return true;
}

// What a client is owed from before its first change.
void Fanout::Impl::count_snapshot(const Client& client) {
  const auto owed = [&](const Watch& watch) { return state_of(watch.symbol).sequence != 0; };
  if (client.behind) {
    counters.due.add(static_cast<std::uint64_t>(std::ranges::count_if(client.behind->fresh, owed)));
  } else if (client.cursor == 0) {
    const Watchlist& list = lists[client.list];
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < list.size(); ++i) count += owed(list[i]) ? 1 : 0;
    counters.due.add(count);
  }
}

void Fanout::Impl::hear_of(SymbolId symbol) {
  states.resize(market::index(symbol) + 1);
  changes.resize(states.size());
  for (const ListId list : whole_markets) {
    if (list != kNoList) extend(list);
  }
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
  Impl::Client& client = impl_->clients[static_cast<std::size_t>(id)];
  client.encoding = encoding;
  client.cursor = 0;
  impl_->join(id, impl_->intern({}));
  ++impl_->client_count;
  return id;
}

void Fanout::remove_client(ClientId id) {
  impl_->leave(id);
  impl_->client(id) = Impl::Client{};
  impl_->free_clients.push_back(id);
  --impl_->client_count;
}

void Fanout::set_encoding(ClientId id, Encoding encoding) { impl_->client(id).encoding = encoding; }
Encoding Fanout::encoding(ClientId id) const { return impl_->client(id).encoding; }

void Fanout::watch(ClientId id, std::span<const Watch> watches) {
  CHECK(impl_->form.scope == Scope::listed, "a fan-out of the whole market has no lists of symbols");
  Impl::Client& client = impl_->client(id);
  const Impl::ListId after = impl_->intern(watches);
  if (after == client.list) return;

  const Watchlist& before = impl_->lists[client.list];
  if (before.size() == 0) {
    client.cursor = 0;  // owed everything it asks for: the same state as every other newcomer with this list
    client.behind.reset();
  } else {
    // What it had and still waits for, and what is new; all the rest its cursor covers.
    std::vector<Watch> fresh;
    for (const Watch& watch : watches) {
      const std::uint8_t waiting =
          client.behind ? channels_in(client.behind->fresh, watch.symbol) : std::uint8_t{0};
      const auto channels =
          static_cast<std::uint8_t>(watch.channels & (~before.channels_of(watch.symbol) | waiting));
      if (channels != 0) fresh.push_back({watch.symbol, channels});
    }
    if (!fresh.empty() && !client.behind) client.behind = std::make_unique<Impl::Behind>();
    if (client.behind) client.behind->fresh = std::move(fresh);
  }
  impl_->leave(id);
  impl_->join(id, after);
  impl_->count_snapshot(client);
}

void Fanout::watch_market(ClientId id, Channels channel) {
  CHECK(impl_->form.scope != Scope::listed && impl_->lists[impl_->client(id).list].size() == 0,
        "the whole market is watched once per client, in a fan-out of its own");
  impl_->leave(id);
  impl_->join(id, impl_->whole_market(channel));
  impl_->count_snapshot(impl_->client(id));
}

std::vector<Watch> Fanout::watches(ClientId id) const {
  const Watchlist& list = impl_->lists[impl_->client(id).list];
  std::vector<Watch> out;
  out.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) out.push_back(list[i]);
  return out;
}

Fanout::Impl::ListId Fanout::Impl::make_list(Watchlist list) {
  ListId id = static_cast<ListId>(lists.size());
  if (free_lists.empty()) {
    lists.push_back(std::move(list));
  } else {
    id = free_lists.back();
    free_lists.pop_back();
    lists[id] = std::move(list);
  }
  return id;
}

Fanout::Impl::ListId Fanout::Impl::intern(std::span<const Watch> watches) {
  const std::size_t hash = hash_of(watches);
  const auto [begin, end] = interned.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (lists[it->second].equals(watches)) return it->second;
  }
  const ListId id = make_list(Watchlist(watches));
  interned.emplace(hash, id);
  for (const Watch& watch : watches) state_of(watch.symbol).watchers.set(id);
  return id;
}

Fanout::Impl::ListId Fanout::Impl::whole_market(Channels channel) {
  ListId& list = whole_markets[channel];
  if (list == kNoList) {
    list = make_list(Watchlist(channel));
    extend(list);
  }
  return list;
}

// Gives a list of the whole market the symbols that it has not yet.
void Fanout::Impl::extend(ListId id) {
  Watchlist& list = lists[id];
  for (std::size_t i = list.size(); i < states.size(); ++i) {
    list.append({static_cast<SymbolId>(i), list.whole_market()});
    states[i].watchers.set(id);
    states[i].clients += static_cast<std::uint32_t>(list.members().size());
  }
}

// Frees a list without members, unless its round is under way: then the next round does.
void Fanout::Impl::release(ListId id) {
  Watchlist& list = lists[id];
  if (!list.members().empty() || round.list == id) return;
  std::vector<Watch> watches;
  for (std::size_t i = 0; i < list.size(); ++i) {
    watches.push_back(list[i]);
    state_of(list[i].symbol).watchers.reset(id);
  }
  if (list.whole_market() != 0) {
    whole_markets[list.whole_market()] = kNoList;
  } else {
    const auto [begin, end] = interned.equal_range(hash_of(watches));
    interned.erase(std::find_if(begin, end, [id](const auto& item) { return item.second == id; }));
  }
  list = Watchlist(std::span<const Watch>());
  due.reset(id);
  if (shared_for == id) shared_for = kNoList;
  free_lists.push_back(id);
}

void Fanout::Impl::join(ClientId id, ListId list) {
  Client& joining = clients[static_cast<std::size_t>(id)];
  joining.list = list;
  const std::uint32_t member = lists[list].add_member(id);
  CHECK(member < kMembersMax, "one watchlist has more members than a fan-out has room to number");
  joining.member = member % kMembersMax;
  for (std::size_t i = 0; i < lists[list].size(); ++i) ++state_of(lists[list][i].symbol).clients;
}

void Fanout::Impl::leave(ClientId id) {
  Client& leaving = client(id);
  const ListId list = leaving.list;
  for (std::size_t i = 0; i < lists[list].size(); ++i) --state_of(lists[list][i].symbol).clients;
  const ClientId moved = lists[list].remove_member(leaving.member);
  clients[static_cast<std::size_t>(moved)].member = leaving.member;
  // The member moved into the gap may have been stepped over by the round under way.
  if (round.list == list && round.left > 0) due.set(list);
  release(list);
}

// --- serving ---

bool Fanout::Impl::begin_round() {
  const ListId finished = std::exchange(round, Round{}).list;
  if (finished != kNoList) release(finished);
  std::size_t list = due.first(next_list);
  if (list == Bits::kNone) list = due.first(0);
  if (list == Bits::kNone) {
    next_list = lists.empty() ? 0 : next_random(random) % lists.size();
    return false;
  }
  due.reset(list);
  next_list = list + 1;
  const std::size_t members = lists[list].members().size();
  round = {static_cast<ListId>(list), members == 0 ? 0 : random % members, members};
  return true;
}

bool Fanout::next_due(ClientId& client) {
  for (;;) {
    Impl::Round& round = impl_->round;
    while (round.left > 0) {
      --round.left;
      const std::span<const ClientId> members = impl_->lists[round.list].members();
      if (members.empty()) break;
      if (round.next >= members.size()) round.next = 0;
      client = members[round.next++];
      const Impl::Client& candidate = impl_->clients[static_cast<std::size_t>(client)];
      if (candidate.behind || impl_->owes_changes(candidate)) return true;
    }
    if (!impl_->begin_round()) return false;
  }
}

bool Fanout::expects(ClientId& client) const {
  const Impl::Round& round = impl_->round;
  if (round.left == 0) return false;
  const std::span<const ClientId> members = impl_->lists[round.list].members();
  if (round.next >= members.size()) return false;
  client = members[round.next];
  return true;
}

// Exact for a client of a shared list, whose newest change is looked up once for all members; else only
// "maybe".
bool Fanout::Impl::owes_changes(const Client& of) {
  Watchlist& list = lists[of.list];
  Watchlist::Shared* const many = list.shared();
  if (many == nullptr) return of.cursor < changes.head();
  if (many->looked_up_to < changes.head()) {
    const std::uint64_t newest = changes.newest_of(list, many->looked_up_to, contains(of.list));
    if (newest != 0) many->last_change = newest;
    many->looked_up_to = changes.head();
  }
  return of.cursor < many->last_change;
}

std::span<const char> Fanout::owed(ClientId id, std::int64_t now_ns) {
  Impl::Client& client = impl_->client(id);
  if (client.behind) {
    // What never had a quote is like any other symbol once it has one.
    std::erase_if(client.behind->fresh,
                  [&](const Watch& watch) { return impl_->state_of(watch.symbol).sequence == 0; });
    if (client.behind->fresh.empty() && client.behind->cuts.empty()) client.behind.reset();
  }
  impl_->last = {};
  if (!impl_->owes_changes(client) && (!client.behind || client.behind->fresh.empty())) return {};
  impl_->last = impl_->choose(client, now_ns);
  return std::span<const char>(impl_->last.batch->bytes).subspan(impl_->last.first_byte);
}

// Bytes are kept for others in the same state where there can be any: of the list whose round it is.
Fanout::Impl::Offer Fanout::Impl::choose(const Client& of, std::int64_t now_ns) {
  const bool elsewhere = round.list != kNoList && round.list != of.list;
  if (lists[of.list].members().size() == 1 || of.behind || elsewhere) {
    build(of, own, now_ns);
    return {&own, 0, 0};
  }
  if (shared_for != of.list) {
    shared_for = of.list;
    for (Batch& stale : shared) stale.clear();
  }
  Batch& batch = shared[static_cast<std::size_t>(of.encoding)];
  const bool current = batch.to >= lists[of.list].shared()->last_change;
  if (current && batch.from == of.cursor) return {&batch, 0, 0};
  const bool divisible = form.scope != Scope::array && !lists[of.list].counts_updates();
  if (current && batch.from < of.cursor && divisible) {
    // The end of what was made for those who lag further behind is what this one is owed.
    const auto first = std::ranges::upper_bound(batch.units, of.cursor, {}, &Batch::Unit::sequence);
    const auto at = static_cast<std::size_t>(first - batch.units.begin());
    return {&batch, at, at == 0 ? 0 : batch.units[at - 1].end};
  }
  // The many are those served last: one that lags behind them replaces their bytes only if it serves them
  // too.
  Batch& target = !current || batch.from < of.cursor || divisible ? batch : own;
  build(of, target, now_ns);
  return {&target, 0, 0};
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
  const std::uint64_t before = client.cursor;
  impl_->counters.sent.add(last->updates -
                           (offer.first_unit == 0 ? 0 : batch.units[offer.first_unit - 1].updates));
  if (begun == batch.units.size()) {
    client.cursor = std::max(before, batch.to);
    client.behind.reset();
  } else {
    if (last->sequence > 0) client.cursor = last->sequence;
    impl_->forget_served(client, begun - offer.first_unit, before);
    if (client.cursor != before && impl_->lists[client.list].counts_updates()) {
      if (!client.behind) client.behind = std::make_unique<Impl::Behind>();
      client.behind->cut({before, client.cursor, batch.to});
    }
  }
  return std::span<const char>(batch.bytes).subspan(end, last->end - end);
}

std::int64_t Fanout::newest_ns() const {
  return impl_->last.batch != nullptr ? impl_->last.batch->newest_ns : 0;
}

// A snapshot's units come first, in its order; the other fresh watches come with their changes.
void Fanout::Impl::forget_served(Client& client, std::size_t units_begun, std::uint64_t cursor_before) {
  if (!client.behind) return;
  std::erase_if(client.behind->fresh, [&](const Watch& watch) {
    const std::uint64_t number = state_of(watch.symbol).sequence;
    if (number > cursor_before) return number <= client.cursor;
    return units_begun > 0 && units_begun-- > 0;
  });
}

// --- bytes ---

void Fanout::Impl::build(const Client& of, Batch& batch, std::int64_t now_ns) {
  batch.clear();
  if (of.behind) {
    for (const Watch& watch : of.behind->fresh) {
      if (in_snapshot(of, watch)) append_unit(batch, watch, 0, of, now_ns);
    }
  }
  changes.collect(lists[of.list], of.cursor, contains(of.list), newer);
  if (form.scope == Scope::array) {
    append_arrays(batch, of, now_ns);
  } else {
    for (const Watch& watch : newer) append_unit(batch, watch, changes.newest(watch.symbol), of, now_ns);
  }
  batch.from = of.cursor;
  batch.to = changes.head();
}

void Fanout::Impl::append_unit(Batch& batch, const Watch& watch, std::uint64_t unit_sequence,
                               const Client& of, std::int64_t now_ns) {
  if ((watch.channels & kBookTicker) != 0) append_book_ticker(batch.bytes, watch.symbol, of.encoding);
  if ((watch.channels & kQuote) != 0) {
    char buffer[wire::kQuoteEventBytesMax];
    framing.append(batch.bytes, of.encoding, kQuote, symbols.stream_name(watch.symbol),
                   quote_event(buffer, watch.symbol, of, now_ns));
  }
  if ((watch.channels & kBestBidAsk) != 0) append_best_bid_ask(batch.bytes, watch.symbol);
  if (unit_sequence != 0 && of.cursor != 0)
    batch.newest_ns = std::max(batch.newest_ns, known_since_ns(state_of(watch.symbol).quote));
  batch.units.push_back({batch.bytes.size(), unit_sequence, batch.units.size() + 1});
}

void Fanout::Impl::append_best_bid_ask(std::string& out, SymbolId symbol) {
  SymbolState& state = state_of(symbol);
  SymbolState::Frame& frame = state.best_bid_ask;
  if (frame.sequence != state.sequence) {
    char event[wire::kBestBidAskBytesMax];
    char* const end = wire::write_best_bid_ask(event, symbols.name(symbol), state.quote);
    frame.bytes.clear();
    if (end != nullptr) Framing::append_binary(frame.bytes, {event, end});
    frame.sequence = state.sequence;
  }
  out += frame.bytes;
}

void Fanout::Impl::append_book_ticker(std::string& out, SymbolId symbol, Encoding encoding) {
  SymbolState& state = state_of(symbol);
  SymbolState::Frame& frame = state.book_ticker[static_cast<std::size_t>(encoding)];
  if (frame.sequence != state.sequence) {
    char event[wire::kBookTickerBytesMax];
    char* const end = wire::write_book_ticker(event, symbols.name(symbol), state.quote);
    frame.bytes.clear();
    framing.append(frame.bytes, encoding, kBookTicker, symbols.stream_name(symbol), {event, end});
    frame.sequence = state.sequence;
  }
  out += frame.bytes;
}

std::string_view Fanout::Impl::quote_event(std::span<char> buffer, SymbolId symbol, const Client& of,
                                           std::int64_t now_ns) {
  const SymbolState& state = state_of(symbol);
  const bool fresh = of.behind && (channels_in(of.behind->fresh, symbol) & kQuote) != 0;
  const auto cuts = of.behind ? std::span<const Cut>(of.behind->cuts) : std::span<const Cut>();
  const std::uint64_t merged = fresh ? 0 : state.updates_since(of.cursor, cuts);
  return {buffer.data(),
          wire::write_quote_event(buffer.data(), symbols.name(symbol), state.quote, now_ns, merged)};
}

// A message is one unit: the client has all of its symbols or none of them. What is torn is finished.
void Fanout::Impl::append_arrays(Batch& batch, const Client& of, std::int64_t now_ns) {
  const auto channel = static_cast<Channels>(lists[of.list].whole_market());
  char buffer[std::max(wire::kQuoteEventBytesMax, wire::kBookTickerBytesMax)];
  std::uint64_t updates = 0;
  for (auto at = newer.begin(); at != newer.end();) {
    array.assign(1, '[');
    std::uint64_t last_sequence = 0;
    for (; at != newer.end() && array.size() < kArrayBytesMax; ++at) {
      const SymbolId symbol = at->symbol;
      const SymbolState& state = state_of(symbol);
      if (last_sequence != 0) array += ',';
      last_sequence = state.sequence;
      ++updates;
      if (of.cursor != 0) batch.newest_ns = std::max(batch.newest_ns, known_since_ns(state.quote));
      array +=
          channel == kQuote
              ? quote_event(buffer, symbol, of, now_ns)
              : std::string_view(buffer, wire::write_book_ticker(buffer, symbols.name(symbol), state.quote));
    }
    array += ']';
    framing.append_array(batch.bytes, of.encoding, channel, array, now_ns, &batch != &own);
    batch.units.push_back({batch.bytes.size(), last_sequence, updates});
  }
}

std::size_t Fanout::clients() const { return impl_->client_count; }
std::size_t Fanout::watchlists() const { return impl_->lists.size() - impl_->free_lists.size(); }

}  // namespace tickcast::fanout
