// SPDX-License-Identifier: Apache-2.0
#include "fanout/fanout.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/check.h"
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

  struct Client {
    Watchlist* list = nullptr;  // null: the number is free
    std::uint64_t cursor = 0;
    std::uint32_t member = 0;  // position in list->members
    Encoding encoding = Encoding::raw;
    std::unique_ptr<Behind> behind;
  };

  // The round under way: a watchlist's members, from a random one on.
  struct Round {
    Watchlist* list = nullptr;
    std::size_t next = 0;
    std::size_t left = 0;
  };

  Impl(const market::SymbolTable& table, Form its_form, Compressor* compressor)
      : symbols(table), form(its_form), framing(its_form, compressor) {}

  SymbolState& state_of(SymbolId symbol) {
    if (market::index(symbol) >= states.size()) hear_of(symbol);
    return states[market::index(symbol)];
  }
  void hear_of(SymbolId symbol);
  Client& client(ClientId id) {
    CHECK(static_cast<std::size_t>(id) < clients.size() &&
              clients[static_cast<std::size_t>(id)].list != nullptr,
          "a client number that the fan-out never gave, or took back");
    return clients[static_cast<std::size_t>(id)];
  }

  Watchlist* intern(std::span<const Watch> watches);
  Watchlist* whole_market(Channels channel);
  void extend(Watchlist& list);
  void touch_all(Watchlist& list);
  void release(Watchlist* list);
  void join(ClientId id, Watchlist* list);
  void leave(ClientId id);
  void mark_due(Watchlist* list);
  // Whether a watch is new to the client and lies before its cursor, so that no change brings it.
  bool in_snapshot(const Client& of, const Watch& watch) {
    const std::uint64_t number = state_of(watch.symbol).sequence;
    return number != 0 && number <= of.cursor;
  }
  void forget_served(Client& client, std::size_t units_begun, std::uint64_t cursor_before);
  bool begin_round();

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
  std::vector<SymbolState> states;  // by symbol
  std::uint64_t sequence = 0;

  std::vector<Client> clients;
  std::vector<ClientId> free_clients;
  std::size_t client_count = 0;
  std::unordered_multimap<std::size_t, std::unique_ptr<Watchlist>> lists;  // by hash_of(watches)
  std::unique_ptr<Watchlist> whole_markets[kBestBidAsk + 1];               // by channel

  std::vector<Watchlist*> due;  // each at most once: Watchlist::due
  std::size_t due_begin = 0;    // the front; the vector is emptied when it reaches the end
  Round round;
  std::uint64_t random = 0x9e3779b97f4a7c15;

  Batch own;                         // for a client whose state no other shares
  const Batch* last = nullptr;       // what owed() returned
  std::vector<std::uint16_t> newer;  // scratch of build()
  std::string array;                 // scratch of append_arrays()
};

Fanout::Fanout(const market::SymbolTable& symbols, Form form, Compressor* compressor)
    : impl_(std::make_unique<Impl>(symbols, form, compressor)) {}
Fanout::~Fanout() = default;

// --- the market's side ---

bool Fanout::apply(SymbolId symbol, const market::Book::Entry& entry) {
  SymbolState& state = impl_->state_of(symbol);
  if (entry.sequence <= state.book_sequence) return false;
  state.take(entry, ++impl_->sequence);
  for (const SymbolState::Watcher& watcher : state.watchers) {
    watcher.list->touch(watcher.position, impl_->sequence);
    impl_->mark_due(watcher.list);
  }
  return true;
}

bool Fanout::newest(SymbolId symbol, market::Book::Entry& out) const {
  if (market::index(symbol) >= impl_->states.size()) return false;
  const SymbolState& state = impl_->states[market::index(symbol)];
  if (state.sequence == 0) return false;
  out = state.entry();
  return true;
}

std::size_t Fanout::symbols_known() const { return impl_->states.size(); }

void Fanout::Impl::hear_of(SymbolId symbol) {
  states.resize(market::index(symbol) + 1);
  for (const auto& list : whole_markets) {
    if (list) extend(*list);
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

void Fanout::watch(ClientId id, std::span<const Watch> watches) {
  CHECK(impl_->form.scope == Scope::listed, "a fan-out of the whole market has no lists of symbols");
  Impl::Client& client = impl_->client(id);
  Watchlist* const before = client.list;
  Watchlist* const after = impl_->intern(watches);
  if (after == before) return;

  if (before->watches().empty()) {
    client.cursor = 0;  // owed everything it asks for: the same state as every other newcomer with this list
    client.behind.reset();
  } else {
    // What it had and still waits for, and what is new; all the rest its cursor covers.
    std::vector<Watch> fresh;
    for (const Watch& watch : watches) {
      const std::uint8_t waiting =
          client.behind ? channels_in(client.behind->fresh, watch.symbol) : std::uint8_t{0};
      const auto channels = static_cast<std::uint8_t>(
          watch.channels & (~channels_in(before->watches(), watch.symbol) | waiting));
      if (channels != 0) fresh.push_back({watch.symbol, channels});
    }
    if (!fresh.empty() && !client.behind) client.behind = std::make_unique<Impl::Behind>();
    if (client.behind) client.behind->fresh = std::move(fresh);
  }
  impl_->leave(id);
  impl_->join(id, after);
}

void Fanout::watch_market(ClientId id, Channels channel) {
  CHECK(impl_->form.scope != Scope::listed && impl_->client(id).list->watches().empty(),
        "the whole market is watched once per client, in a fan-out of its own");
  impl_->leave(id);
  impl_->join(id, impl_->whole_market(channel));
}

std::span<const Watch> Fanout::watches(ClientId id) const { return impl_->client(id).list->watches(); }

Watchlist* Fanout::Impl::intern(std::span<const Watch> watches) {
  const std::size_t hash = hash_of(watches);
  const auto [begin, end] = lists.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (std::ranges::equal(it->second->watches(), watches)) return it->second.get();
  }
  Watchlist* const list = lists.emplace(hash, std::make_unique<Watchlist>(watches))->second.get();

  list->watcher_positions.resize(watches.size());
  for (std::size_t i = 0; i < watches.size(); ++i) {
    SymbolState& state = state_of(watches[i].symbol);
    list->watcher_positions[i] = static_cast<std::uint32_t>(state.watchers.size());
    state.watchers.push_back({list, static_cast<std::uint16_t>(i)});
  }
  touch_all(*list);
  return list;
}

Watchlist* Fanout::Impl::whole_market(Channels channel) {
  std::unique_ptr<Watchlist>& list = whole_markets[channel];
  if (!list) {
    list = std::make_unique<Watchlist>(channel);
    extend(*list);
    touch_all(*list);
  }
  return list.get();
}

// Gives a list of the whole market the symbols that it has not yet.
void Fanout::Impl::extend(Watchlist& list) {
  for (std::size_t i = list.watches().size(); i < states.size(); ++i) {
    std::vector<SymbolState::Watcher>& watchers = states[i].watchers;
    list.append({static_cast<SymbolId>(i), list.whole_market}, static_cast<std::uint32_t>(watchers.size()));
    watchers.push_back({&list, static_cast<std::uint16_t>(i)});
  }
}

// In order of change, so that a new list is ordered as if it had been there all along.
void Fanout::Impl::touch_all(Watchlist& list) {
  const std::span<const Watch> watches = list.watches();
  const auto sequence_at = [&](std::uint16_t i) { return state_of(watches[i].symbol).sequence; };
  std::vector<std::uint16_t> changed;
  for (std::size_t i = 0; i < watches.size(); ++i) {
    if (sequence_at(static_cast<std::uint16_t>(i)) != 0) changed.push_back(static_cast<std::uint16_t>(i));
  }
  std::ranges::sort(changed, {}, sequence_at);
  for (const std::uint16_t i : changed) list.touch(i, sequence_at(i));
}

// Frees a list without members, unless it waits in `due`: then whoever takes it from there does.
void Fanout::Impl::release(Watchlist* list) {
  if (!list->members.empty() || list->due || round.list == list) return;
  for (std::size_t i = 0; i < list->watches().size(); ++i) {
    SymbolState& state = state_of(list->watches()[i].symbol);
    const std::uint32_t position = list->watcher_positions[i];
    state.watchers[position] = state.watchers.back();
    const SymbolState::Watcher& moved = state.watchers[position];
    moved.list->watcher_positions[moved.position] = position;
    state.watchers.pop_back();
  }
  if (list->whole_market != 0) {
    whole_markets[list->whole_market].reset();
    return;
  }
  const auto [begin, end] = lists.equal_range(hash_of(list->watches()));
  lists.erase(std::find_if(begin, end, [list](const auto& item) { return item.second.get() == list; }));
}

void Fanout::Impl::join(ClientId id, Watchlist* list) {
  Client& joining = clients[static_cast<std::size_t>(id)];
  joining.list = list;
  joining.member = static_cast<std::uint32_t>(list->members.size());
  list->members.push_back(id);
}

void Fanout::Impl::leave(ClientId id) {
  Client& leaving = client(id);
  Watchlist* const list = leaving.list;
  const ClientId moved = list->members.back();
  list->members[leaving.member] = moved;
  clients[static_cast<std::size_t>(moved)].member = leaving.member;
  list->members.pop_back();
  // The member moved into the gap may have been stepped over by the round under way.
  if (round.list == list && round.left > 0) mark_due(list);
  release(list);
}

void Fanout::Impl::mark_due(Watchlist* list) {
  if (list->due) return;
  list->due = true;
  due.push_back(list);
}

// --- serving ---

bool Fanout::Impl::begin_round() {
  Watchlist* const finished = std::exchange(round, Round{}).list;
  if (finished != nullptr) release(finished);
  if (due_begin == due.size()) {
    due.clear();
    due_begin = 0;
    return false;
  }
  Watchlist* const list = due[due_begin++];
  list->due = false;
  const std::size_t members = list->members.size();
  round = {list, members == 0 ? 0 : next_random(random) % members, members};
  return true;
}

bool Fanout::next_due(ClientId& client) {
  for (;;) {
    Impl::Round& round = impl_->round;
    while (round.left > 0) {
      --round.left;
      const std::vector<ClientId>& members = round.list->members;
      if (members.empty()) break;
      if (round.next >= members.size()) round.next = 0;
      client = members[round.next++];
      const Impl::Client& candidate = impl_->clients[static_cast<std::size_t>(client)];
      if (candidate.cursor < round.list->last_change || candidate.behind) return true;
    }
    if (!impl_->begin_round()) return false;
  }
}

std::span<const char> Fanout::owed(ClientId id, std::int64_t now_ns) {
  Impl::Client& client = impl_->client(id);
  Watchlist& list = *client.list;
  if (client.behind) {
    // What never had a quote is like any other symbol once it has one.
    std::erase_if(client.behind->fresh,
                  [&](const Watch& watch) { return impl_->state_of(watch.symbol).sequence == 0; });
    if (client.behind->fresh.empty() && client.behind->cuts.empty()) client.behind.reset();
  }
  if (client.cursor >= list.last_change && (!client.behind || client.behind->fresh.empty())) {
    impl_->last = nullptr;
    return {};
  }

  // Bytes are kept for others in the same state where there can be any. The many are those served last: a
  // client that lags behind them gets bytes of its own.
  Batch& shared = list.shared[static_cast<std::size_t>(client.encoding)];
  const bool fits = shared.to == list.last_change && shared.from == client.cursor && !client.behind;
  const bool worth_sharing = list.members.size() > 1 && !client.behind &&
                             (shared.to != list.last_change || shared.from < client.cursor);
  Batch& batch = fits || worth_sharing ? shared : impl_->own;
  if (!fits) impl_->build(client, batch, now_ns);
  impl_->last = &batch;
  return batch.bytes;
}

std::span<const char> Fanout::written(ClientId id, std::size_t bytes) {
  const Batch* const batch = std::exchange(impl_->last, nullptr);
  CHECK(batch != nullptr && bytes <= batch->bytes.size(),
        "written() without owed(), or for more bytes than it gave");
  Impl::Client& client = impl_->client(id);
  if (bytes == 0) return {};

  // The unit in which the last written byte lies is the last that was begun.
  const auto last = std::ranges::lower_bound(batch->units, bytes, {}, &Batch::Unit::end);
  const auto begun = static_cast<std::size_t>(last - batch->units.begin()) + 1;
  const std::uint64_t before = client.cursor;
  if (last->sequence > 0) client.cursor = last->sequence;
  if (begun == batch->units.size()) {
    client.behind.reset();
  } else {
    impl_->forget_served(client, begun, before);
    if (client.cursor != before && client.list->counts_updates) {
      if (!client.behind) client.behind = std::make_unique<Impl::Behind>();
      client.behind->cut({before, client.cursor, batch->to});
    }
  }
  return std::span<const char>(batch->bytes).subspan(bytes, last->end - bytes);
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
  const Watchlist& list = *of.list;
  if (of.behind) {
    for (const Watch& watch : of.behind->fresh) {
      if (in_snapshot(of, watch)) append_unit(batch, watch, 0, of, now_ns);
    }
  }
  newer.clear();
  for (std::uint16_t at = list.newest(); at != Watchlist::kNone; at = list.older(at)) {
    if (state_of(list.watches()[at].symbol).sequence <= of.cursor) break;
    newer.push_back(at);
  }
  if (form.scope == Scope::array) append_arrays(batch, of, now_ns);
  for (auto at = newer.rbegin(); form.scope != Scope::array && at != newer.rend(); ++at) {
    const Watch& watch = list.watches()[*at];
    append_unit(batch, watch, state_of(watch.symbol).sequence, of, now_ns);
  }
  batch.from = of.cursor;
  batch.to = list.last_change;
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
  batch.units.push_back({batch.bytes.size(), unit_sequence});
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
  const auto channel = static_cast<Channels>(of.list->whole_market);
  char buffer[std::max(wire::kQuoteEventBytesMax, wire::kBookTickerBytesMax)];
  for (auto at = newer.rbegin(); at != newer.rend();) {
    array.assign(1, '[');
    std::uint64_t last_sequence = 0;
    for (; at != newer.rend() && array.size() < kArrayBytesMax; ++at) {
      const SymbolId symbol = of.list->watches()[*at].symbol;
      const SymbolState& state = state_of(symbol);
      if (last_sequence != 0) array += ',';
      last_sequence = state.sequence;
      array +=
          channel == kQuote
              ? quote_event(buffer, symbol, of, now_ns)
              : std::string_view(buffer, wire::write_book_ticker(buffer, symbols.name(symbol), state.quote));
    }
    array += ']';
    framing.append_array(batch.bytes, of.encoding, channel, array, now_ns, &batch != &own);
    batch.units.push_back({batch.bytes.size(), last_sequence});
  }
}

std::size_t Fanout::clients() const { return impl_->client_count; }
std::size_t Fanout::watchlists() const {
  return impl_->lists.size() + static_cast<std::size_t>(std::ranges::count_if(
                                   impl_->whole_markets, [](const auto& list) { return list != nullptr; }));
}

}  // namespace tickcast::fanout
