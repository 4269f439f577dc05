// SPDX-License-Identifier: Apache-2.0
#include "fanout/watchlists.h"

#include <map>
#include <optional>
#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tickcast::fanout {
namespace {

market::SymbolId id(std::size_t i) { return static_cast<market::SymbolId>(i); }

TEST(Watchlists, EqualWatchesAreOneList) {
  Watchlists lists;
  lists.resize(2);
  const Watch both[] = {{id(0), kBookTicker}, {id(1), kQuote}};
  const Watch other_channel[] = {{id(0), kBookTicker}, {id(1), kBookTicker}};
  const ListId list = lists.intern(both);
  EXPECT_EQ(lists.intern(both), list);
  EXPECT_NE(lists.intern(other_channel), list);
  EXPECT_NE(lists.intern({}), list);
  EXPECT_EQ(lists.size(), 3u);
}

TEST(Watchlists, ASymbolKnowsItsListsAndHowManyClientsTheyHave) {
  Watchlists lists;
  lists.resize(2);
  const Watch first[] = {{id(0), kBookTicker}};
  const Watch both[] = {{id(0), kBookTicker}, {id(1), kBookTicker}};
  const ListId one = lists.intern(first);
  const ListId two = lists.intern(both);
  lists.join(one, ClientId{7});
  for (std::uint32_t client = 0; client < 3; ++client) EXPECT_EQ(lists.join(two, ClientId{client}), client);
  EXPECT_TRUE(lists.with(id(0)).has(one) && lists.with(id(0)).has(two));
  EXPECT_FALSE(lists.with(id(1)).has(one));
  EXPECT_EQ(lists.clients(id(0)), 4u);
  EXPECT_EQ(lists.clients(id(1)), 3u);
  EXPECT_EQ(lists.leave(two, 0), ClientId{2}) << "the last takes the position";
  EXPECT_EQ(lists.clients(id(1)), 2u);
}

TEST(Watchlists, AFreedListLeavesNothingBehindAndItsNumberIsGivenAgain) {
  Watchlists lists;
  lists.resize(2);
  const Watch first[] = {{id(0), kBookTicker}};
  const Watch second[] = {{id(1), kBookTicker}};
  const ListId list = lists.intern(first);
  lists.join(list, ClientId{0});
  lists.leave(list, 0);
  lists.free(list);
  EXPECT_EQ(lists.size(), 0u);
  EXPECT_EQ(lists.intern(second), list);
  EXPECT_FALSE(lists.with(id(0)).has(list));
  EXPECT_NE(lists.intern(first), list);
}

// What takes its place while it is free is an empty list, too.
TEST(Watchlists, AFreedEmptyListIsNotFound) {
  Watchlists lists;
  const ListId list = lists.intern({});
  lists.join(list, ClientId{0});
  lists.leave(list, 0);
  lists.free(list);
  lists.intern({});
  EXPECT_EQ(lists.size(), 1u);
}

TEST(Watchlists, TheWholeMarketIsOneListAChannelAndGetsSymbolsHeardOfLater) {
  Watchlists lists;
  lists.resize(1);
  const ListId list = lists.intern_market(kQuote);
  EXPECT_EQ(lists.intern_market(kQuote), list);
  EXPECT_NE(lists.intern_market(kBookTicker), list);
  lists.join(list, ClientId{0});
  lists.resize(3);
  ASSERT_EQ(lists[list].size(), 3u);
  EXPECT_EQ(lists[list][2], (Watch{id(2), kQuote}));
  EXPECT_TRUE(lists.with(id(2)).has(list));
  EXPECT_EQ(lists.clients(id(2)), 1u);
  lists.leave(list, 0);
  lists.free(list);
  lists.resize(4);
  EXPECT_FALSE(lists.with(id(3)).has(list));
  EXPECT_EQ(lists.intern_market(kQuote), list) << "anew";
  EXPECT_EQ(lists[list].size(), 4u);
}

// Beside the plainest thing that tells the same: what each client watches.
RC_GTEST_PROP(Watchlists, AgreesWithListsThatAreHeldForEachClient, ()) {
  constexpr std::size_t kSymbols = 4;
  struct Member {
    std::vector<Watch> watches;
    ListId list = kNoList;
    std::uint32_t position = 0;
  };
  Watchlists lists;
  lists.resize(kSymbols);
  std::map<ClientId, Member> members;
  const auto steps = *rc::gen::inRange(1, 100);
  for (int step = 0; step < steps; ++step) {
    const ClientId client{*rc::gen::inRange<std::uint32_t>(0, 6)};
    if (const auto found = members.find(client); found != members.end()) {
      const Member gone = found->second;
      members.erase(found);
      const ClientId moved = lists.leave(gone.list, gone.position);
      if (moved != client) members[moved].position = gone.position;
      if (lists[gone.list].members().empty()) lists.free(gone.list);
    } else {
      Member joining;
      const auto mask = *rc::gen::inRange<std::uint32_t>(0, 1u << kSymbols);
      for (std::size_t i = 0; i < kSymbols; ++i) {
        if ((mask >> i & 1u) != 0) joining.watches.push_back({id(i), kBookTicker});
      }
      joining.list = lists.intern(joining.watches);
      joining.position = lists.join(joining.list, client);
      members[client] = joining;
    }
    std::set<std::vector<std::size_t>> distinct;
    std::vector<std::uint32_t> clients(kSymbols);
    for (const auto& [member, its] : members) {
      RC_ASSERT(lists[its.list].members()[its.position] == member);
      RC_ASSERT(lists[its.list].equals(its.watches));
      std::vector<std::size_t> symbols;
      for (const Watch& watch : its.watches) {
        symbols.push_back(market::index(watch.symbol));
        ++clients[symbols.back()];
        RC_ASSERT(lists.with(watch.symbol).has(its.list));
      }
      distinct.insert(symbols);
    }
    RC_ASSERT(lists.size() == distinct.size());
    for (std::size_t i = 0; i < kSymbols; ++i) RC_ASSERT(lists.clients(id(i)) == clients[i]);
  }
}

}  // namespace
}  // namespace tickcast::fanout
