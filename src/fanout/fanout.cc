// SPDX-License-Identifier: Apache-2.0
#include "fanout/fanout.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "fanout/symbol_state.h"
#include "fanout/watchlist.h"
#include "wire/stream_name.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

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
    bool combined = false;
    std::unique_ptr<Behind> behind;
  };

  // The round under way: a watchlist's members, from a random one on.
  struct Round {
    Watchlist* list = nullptr;
    std::size_t next = 0;
    std::size_t left = 0;
  };

  explicit Impl(const market::SymbolTable& table) : symbols(table) {}

  SymbolState& state_of(SymbolId symbol) {
    if (market::index(symbol) >= states.size()) states.resize(market::index(symbol) + 1);
    return states[market::index(symbol)];
  }
  Client& client(ClientId id) {
    CHECK(static_cast<std::size_t>(id) < clients.size() &&
              clients[static_cast<std::size_t>(id)].list != nullptr,
          "a client number that the fan-out never gave, or took back");
    return clients[static_cast<std::size_t>(id)];
  }

  Watchlist* intern(std::span<const Watch> watches);
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
  void append_book_ticker(Batch& batch, SymbolId symbol, bool combined);
  void append_quote(Batch& batch, SymbolId symbol, const Client& of, std::int64_t now_ns);

  const market::SymbolTable& symbols;
  std::vector<SymbolState> states;  // by symbol
  std::uint64_t sequence = 0;

  std::vector<Client> clients;
  std::vector<ClientId> free_clients;
  std::size_t client_count = 0;
  std::unordered_multimap<std::size_t, std::unique_ptr<Watchlist>> lists;  // by hash_of(watches)

  std::vector<Watchlist*> due;  // each at most once: Watchlist::due
  std::size_t due_begin = 0;    // the front; the vector is emptied when it reaches the end
  Round round;
  std::uint64_t random = 0x9e3779b97f4a7c15;

  Batch own;                         // for a client whose state no other shares
  const Batch* last = nullptr;       // what owed() returned
  std::vector<std::uint16_t> newer;  // scratch of build()
};

Fanout::Fanout(const market::SymbolTable& symbols) : impl_(std::make_unique<Impl>(symbols)) {}
Fanout::~Fanout() = default;

// --- the market's side ---

void Fanout::apply(SymbolId symbol, const market::Book::Entry& entry) {
  SymbolState& state = impl_->state_of(symbol);
  if (entry.sequence <= state.book_sequence) return;
  state.take(entry, ++impl_->sequence);
  for (const SymbolState::Watcher& watcher : state.watchers) {
    watcher.list->touch(watcher.position, impl_->sequence);
    impl_->mark_due(watcher.list);
  }
}

// --- the clients' side ---

ClientId Fanout::add_client(bool combined) {
  ClientId id{};
  if (impl_->free_clients.empty()) {
    id = static_cast<ClientId>(impl_->clients.size());
    impl_->clients.emplace_back();
  } else {
    id = impl_->free_clients.back();
    impl_->free_clients.pop_back();
  }
  Impl::Client& client = impl_->clients[static_cast<std::size_t>(id)];
  client.combined = combined;
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

void Fanout::set_combined(ClientId id, bool combined) { impl_->client(id).combined = combined; }

void Fanout::watch(ClientId id, std::span<const Watch> watches) {
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

std::span<const Watch> Fanout::watches(ClientId id) const { return impl_->client(id).list->watches(); }

Watchlist* Fanout::Impl::intern(std::span<const Watch> watches) {
  const std::size_t hash = hash_of(watches);
  const auto [begin, end] = lists.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (std::ranges::equal(it->second->watches(), watches)) return it->second.get();
  }
  Watchlist* const list = lists.emplace(hash, std::make_unique<Watchlist>(watches))->second.get();

  // Touch in order of change, so that the new list is ordered as if it had been there all along.
  std::vector<std::uint16_t> changed;
  list->watcher_positions.resize(watches.size());
  for (std::size_t i = 0; i < watches.size(); ++i) {
    SymbolState& state = state_of(watches[i].symbol);
    list->watcher_positions[i] = static_cast<std::uint32_t>(state.watchers.size());
    state.watchers.push_back({list, static_cast<std::uint16_t>(i)});
    if (state.sequence != 0) changed.push_back(static_cast<std::uint16_t>(i));
  }
  const auto sequence_at = [&](std::uint16_t i) { return states[market::index(watches[i].symbol)].sequence; };
  std::ranges::sort(changed, {}, sequence_at);
  for (const std::uint16_t i : changed) list->touch(i, sequence_at(i));
  return list;
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
  Batch& shared = list.shared[client.combined ? 1 : 0];
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
  for (auto at = newer.rbegin(); at != newer.rend(); ++at) {
    const Watch& watch = list.watches()[*at];
    append_unit(batch, watch, state_of(watch.symbol).sequence, of, now_ns);
  }
  batch.from = of.cursor;
  batch.to = list.last_change;
}

void Fanout::Impl::append_unit(Batch& batch, const Watch& watch, std::uint64_t unit_sequence,
                               const Client& of, std::int64_t now_ns) {
  if ((watch.channels & kBookTicker) != 0) append_book_ticker(batch, watch.symbol, of.combined);
  if ((watch.channels & kQuote) != 0) append_quote(batch, watch.symbol, of, now_ns);
  batch.units.push_back({batch.bytes.size(), unit_sequence});
}

namespace {

// Appends one text frame whose payload is [prefix] `event` [}].
void append_event(std::string& out, bool combined, std::string_view stream_symbol, std::string_view channel,
                  std::string_view event) {
  char prefix[wire::kCombinedPrefixBytesMax];
  const std::size_t prefix_bytes =
      combined
          ? static_cast<std::size_t>(wire::write_combined_prefix(prefix, stream_symbol, channel) - prefix)
          : 0;
  char header[wire::kFrameHeaderBytesMax];
  char* const header_end =
      wire::write_frame_header(header, wire::Opcode::text, prefix_bytes + event.size() + (combined ? 1 : 0));
  out.append(header, header_end);
  out.append(prefix, prefix_bytes);
  out.append(event);
  if (combined) out.push_back('}');
}

}  // namespace

void Fanout::Impl::append_book_ticker(Batch& batch, SymbolId symbol, bool combined) {
  SymbolState& state = state_of(symbol);
  SymbolState::Frame& frame = state.book_ticker[combined ? 1 : 0];
  if (frame.sequence != state.sequence) {
    char event[wire::kBookTickerBytesMax];
    char* const end = wire::write_book_ticker(event, symbols.name(symbol), state.quote);
    frame.bytes.clear();
    append_event(frame.bytes, combined, symbols.stream_name(symbol),
                 wire::channel_name(wire::Channel::book_ticker), {event, end});
    frame.sequence = state.sequence;
  }
  batch.bytes += frame.bytes;
}

void Fanout::Impl::append_quote(Batch& batch, SymbolId symbol, const Client& of, std::int64_t now_ns) {
  const SymbolState& state = state_of(symbol);
  const bool fresh = of.behind && (channels_in(of.behind->fresh, symbol) & kQuote) != 0;
  const auto cuts = of.behind ? std::span<const Cut>(of.behind->cuts) : std::span<const Cut>();
  const std::uint64_t merged = fresh ? 0 : state.updates_since(of.cursor, cuts);
  char event[wire::kQuoteEventBytesMax];
  char* const end = wire::write_quote_event(event, symbols.name(symbol), state.quote, now_ns, merged);
  append_event(batch.bytes, of.combined, symbols.stream_name(symbol),
               wire::channel_name(wire::Channel::quote), {event, end});
}

std::size_t Fanout::clients() const { return impl_->client_count; }
std::size_t Fanout::watchlists() const { return impl_->lists.size(); }

}  // namespace tickcast::fanout
