// SPDX-License-Identifier: Apache-2.0
#include "fanout/rounds.h"

#include <map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace tickcast::fanout {
namespace {

constexpr market::SymbolId kEverybodys{0};

// Lists that all have one symbol, so that its change makes all of them due, and their members.
struct Crowd {
  Watchlists lists;
  Rounds rounds{lists};
  std::vector<ListId> ids;

  Crowd(std::size_t list_count, std::size_t members_each) {
    lists.resize(list_count + 1);
    std::uint32_t client = 0;
    for (std::size_t i = 0; i < list_count; ++i) {
      const Watch watches[] = {{kEverybodys, kBookTicker},
                               {static_cast<market::SymbolId>(i + 1), kBookTicker}};
      ids.push_back(lists.intern(watches));
      for (std::size_t m = 0; m < members_each; ++m) lists.join(ids.back(), ClientId{client++});
    }
  }
  void change() { rounds.set_due(lists.with(kEverybodys)); }
  std::vector<ClientId> rest_of_round() {
    std::vector<ClientId> out;
    for (ClientId client{}; rounds.next(client);) out.push_back(client);
    return out;
  }
};

TEST(Rounds, EveryMemberOfEveryDueListHasOneTurn) {
  Crowd crowd(70, 3);
  EXPECT_TRUE(crowd.rest_of_round().empty()) << "nothing is due";
  for (int changes = 1; changes <= 2; ++changes) crowd.change();
  std::map<ClientId, int> turns;
  for (const ClientId client : crowd.rest_of_round()) ++turns[client];
  EXPECT_EQ(turns.size(), 70u * 3u);
  for (const auto& [client, times] : turns) EXPECT_EQ(times, 1);
  EXPECT_EQ(crowd.rounds.list(), kNoList) << "a pause";
}

// Of lists, and of one list's members.
TEST(Rounds, NoPositionIsAlwaysServedLast) {
  for (const auto& [lists, members] : {std::pair(50, 1), std::pair(1, 50)}) {
    Crowd crowd(static_cast<std::size_t>(lists), static_cast<std::size_t>(members));
    std::map<ClientId, int> times_last;
    for (int round = 0; round < 400; ++round) {
      crowd.change();
      const std::vector<ClientId> turns = crowd.rest_of_round();
      ASSERT_EQ(turns.size(), 50u);
      ++times_last[turns.back()];
    }
    for (const auto& [client, times] : times_last) EXPECT_LT(times, 40) << "of 400; by chance it would be 8";
  }
}

TEST(Rounds, WithoutAPauseNobodyWaitsForMoreThanARound) {
  constexpr std::size_t kLists = 50;
  Crowd crowd(kLists, 1);
  crowd.change();
  std::map<ClientId, std::size_t> last_turn;
  ClientId client{};
  for (std::size_t turn = 1; turn <= 20 * kLists; ++turn) {
    ASSERT_TRUE(crowd.rounds.next(client));
    const std::size_t before = std::exchange(last_turn[client], turn);
    ASSERT_TRUE(before == 0 || turn - before <= kLists) << turn - before;
    if (turn % 7 == 0) crowd.change();
  }
  EXPECT_EQ(last_turn.size(), kLists);
}

TEST(Rounds, ItTellsWhoIsNextWithinAList) {
  Crowd crowd(1, 3);
  ClientId expected{};
  EXPECT_FALSE(crowd.rounds.expects(expected)) << "no list has its turn yet";
  crowd.change();
  int told = 0;
  bool expects = false;
  for (ClientId client{}; crowd.rounds.next(client); told += expects ? 1 : 0) {
    EXPECT_TRUE(!expects || client == expected);
    expects = crowd.rounds.expects(expected);
  }
  EXPECT_FALSE(expects) << "the round has ended";
  EXPECT_GE(told, 1) << "of two steps from one to the next, at most one goes on at the list's beginning";
}

TEST(Rounds, WhoMovesIntoThePlaceOfOneThatLeftIsNotSteppedOver) {
  for (std::uint32_t turns_before = 1; turns_before <= 5; ++turns_before) {
    Crowd crowd(1, 5);
    crowd.change();
    std::map<ClientId, int> turns;
    ClientId client{};
    for (std::uint32_t i = 0; i < turns_before; ++i) {
      ASSERT_TRUE(crowd.rounds.next(client));
      ++turns[client];
    }
    // The one that had its turn leaves, and the last takes its position.
    const ClientId moved = crowd.lists.leave(crowd.ids[0], static_cast<std::uint32_t>(client));
    crowd.rounds.member_left(crowd.ids[0]);
    for (const ClientId later : crowd.rest_of_round()) ++turns[later];
    EXPECT_GE(turns[moved], 1) << "after " << turns_before;
    EXPECT_EQ(turns.size(), 5u);
  }
}

TEST(Rounds, AListThatIsFreedInItsTurnHasNoMore) {
  Crowd crowd(2, 2);
  crowd.change();
  ClientId client{};
  ASSERT_TRUE(crowd.rounds.next(client)) << "and the other member has its turn next";
  for (const ListId list : crowd.ids) {
    for (int member = 0; member < 2; ++member) crowd.lists.leave(list, 0);
    crowd.rounds.forget(list);
    crowd.lists.free(list);
  }
  EXPECT_EQ(crowd.rounds.list(), kNoList);
  EXPECT_FALSE(crowd.rounds.next(client));
}

}  // namespace
}  // namespace tickcast::fanout
