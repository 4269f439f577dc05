// SPDX-License-Identifier: Apache-2.0
//
// Watchlists: the distinct watchlists of a fan-out, each held once however many clients have it (interned),
// with its members; and the way back from a symbol to the lists that have it (an inverted index), which is
// what a change has to know.
//
// A list goes by its number, which is given again once the list was freed. Of the whole market there is one
// list per channel, which every symbol joins when it is first heard of.
//
// Thread: the fan-out's. Bounds: 120 bytes a list, + 2 for each symbol in it, + 48 and 4 for each
// member where there are several; for each symbol 32 bytes, + 1 for each 8 lists. kMembersMax members a list:
// CHECKed.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "fanout/bits.h"
#include "fanout/framing.h"
#include "fanout/watchlist.h"

namespace tickcast::fanout {

using ListId = std::uint32_t;
inline constexpr ListId kNoList = ~ListId{0};

class Watchlists {
 public:
  static constexpr std::uint32_t kMembersMax = 1u << 29;  // of one list

  // There are so many symbols now: more than before. The whole market's lists get the new ones.
  void resize(std::size_t symbols);

  // The list of these watches: sorted by symbol, each symbol once and among those there are. A new one has no
  // members: someone joins it next.
  ListId intern(std::span<const Watch> watches);
  // The same of every symbol there is or will be.
  ListId intern_market(Channels channel);

  Watchlist& operator[](ListId list) { return lists_[list]; }
  const Watchlist& operator[](ListId list) const { return lists_[list]; }

  // Returns the member's position in the list.
  std::uint32_t join(ListId list, ClientId client);
  // Returns who has the position now: the last member, which may be the one that left.
  ClientId leave(ListId list, std::uint32_t position);
  // REQUIRES that it has no members.
  void free(ListId list);

  // Of a symbol: the lists that have it, and how many members these have together.
  const Bits& with(market::SymbolId symbol) const { return watchers_[market::index(symbol)].lists; }
  std::uint32_t clients(market::SymbolId symbol) const { return watchers_[market::index(symbol)].clients; }

  std::size_t size() const { return lists_.size() - free_.size(); }
  std::size_t numbers() const { return lists_.size(); }  // every list's number is below

 private:
  struct Watchers {
    Bits lists;
    std::uint32_t clients = 0;
  };

  ListId place(Watchlist list);
  void extend(ListId list);

  std::deque<Watchlist> lists_;  // by ListId; those in free_ are empty
  std::vector<ListId> free_;
  std::unordered_multimap<std::size_t, ListId> interned_;                            // by hash
  ListId markets_[kBestBidAsk + 1] = {kNoList, kNoList, kNoList, kNoList, kNoList};  // by channel
  std::vector<Watchers> watchers_;                                                   // by symbol
};

}  // namespace tickcast::fanout
