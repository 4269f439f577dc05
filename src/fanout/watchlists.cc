// SPDX-License-Identifier: Apache-2.0
#include "fanout/watchlists.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tickcast::fanout {
namespace {

// Of a Watchlist, or of watches that may become one.
template <class Watches>
std::size_t hash_of(const Watches& watches) {
  std::uint64_t h = watches.size();
  for (std::size_t i = 0; i < watches.size(); ++i) {
    const Watch watch = watches[i];
    h = (h ^ (market::index(watch.symbol) << 8 | watch.channels)) * 0x9e3779b97f4a7c15;
    h ^= h >> 29;
  }
  return static_cast<std::size_t>(h);
}

}  // namespace

void Watchlists::resize(std::size_t symbols) {
  watchers_.resize(symbols);
  for (const ListId list : markets_) {
    if (list != kNoList) extend(list);
  }
}

ListId Watchlists::intern(std::span<const Watch> watches) {
  const std::size_t hash = hash_of(watches);
  const auto [begin, end] = interned_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (lists_[it->second].equals(watches)) return it->second;
  }
  const ListId id = place(Watchlist(watches));
  interned_.emplace(hash, id);
  for (const Watch& watch : watches) watchers_[market::index(watch.symbol)].lists.set(id);
  return id;
}

ListId Watchlists::intern_market(Channels channel) {
  ListId& list = markets_[channel];
  if (list == kNoList) {
    list = place(Watchlist(channel));
    extend(list);
  }
  return list;
}

ListId Watchlists::place(Watchlist list) {
  if (free_.empty()) {
    lists_.push_back(std::move(list));
    return static_cast<ListId>(lists_.size() - 1);
  }
  const ListId id = free_.back();
  free_.pop_back();
  lists_[id] = std::move(list);
  return id;
}

// Gives a list of the whole market the symbols that it has not yet.
void Watchlists::extend(ListId id) {
  Watchlist& list = lists_[id];
  for (std::size_t i = list.size(); i < watchers_.size(); ++i) {
    list.append({static_cast<market::SymbolId>(i), list.whole_market()});
    watchers_[i].lists.set(id);
    watchers_[i].clients += static_cast<std::uint32_t>(list.members().size());
  }
}

std::uint32_t Watchlists::join(ListId id, ClientId client) {
  Watchlist& list = lists_[id];
  const std::uint32_t position = list.add_member(client);
  CHECK(position < kMembersMax, "one watchlist has more members than a fan-out has room to number");
  for (std::size_t i = 0; i < list.size(); ++i) ++watchers_[market::index(list[i].symbol)].clients;
  return position;
}

ClientId Watchlists::leave(ListId id, std::uint32_t position) {
  Watchlist& list = lists_[id];
  for (std::size_t i = 0; i < list.size(); ++i) --watchers_[market::index(list[i].symbol)].clients;
  return list.remove_member(position);
}

void Watchlists::free(ListId id) {
  Watchlist& list = lists_[id];
  CHECK(list.members().empty(), "a watchlist that clients have is freed");
  for (std::size_t i = 0; i < list.size(); ++i) watchers_[market::index(list[i].symbol)].lists.reset(id);
  if (list.whole_market() != 0) {
    markets_[list.whole_market()] = kNoList;
  } else {
    const auto [begin, end] = interned_.equal_range(hash_of(list));
    interned_.erase(std::find_if(begin, end, [id](const auto& item) { return item.second == id; }));
  }
  list = Watchlist(std::span<const Watch>());
  free_.push_back(id);
}

}  // namespace tickcast::fanout
