// SPDX-License-Identifier: Apache-2.0
#include "fanout/position.h"

#include <vector>

#include <gtest/gtest.h>

namespace tickcast::fanout {
namespace {

market::SymbolId id(std::size_t i) { return static_cast<market::SymbolId>(i); }

std::vector<Watch> book_tickers(std::initializer_list<std::size_t> symbols) {
  std::vector<Watch> out;
  for (const std::size_t symbol : symbols) out.push_back({id(symbol), kBookTicker});
  return out;
}

std::vector<Watch> fresh_of(const Position& position) {
  return {position.fresh().begin(), position.fresh().end()};
}

ChangeLog changes_of(std::initializer_list<std::size_t> symbols) {
  ChangeLog out;
  out.resize(8);
  for (const std::size_t symbol : symbols) out.note(id(symbol));
  return out;
}

TEST(Position, ItsCursorIsAllThereIsToSayOfOneThatHasEverything) {
  Position position;
  EXPECT_EQ(position.cursor(), 0u);
  position.change_list(Watchlist(book_tickers({})), book_tickers({0, 1}));
  EXPECT_TRUE(position.cursor_alone()) << "a newcomer is owed everything, which its cursor says";
  position.catch_up(5);
  EXPECT_EQ(position.cursor(), 5u);
  EXPECT_TRUE(position.cursor_alone());
}

TEST(Position, WhatAListAddsIsFreshUntilItIsServed) {
  Position position;
  position.catch_up(5);
  position.change_list(Watchlist(book_tickers({0, 1})), book_tickers({0, 1, 2}));
  EXPECT_EQ(fresh_of(position), book_tickers({2}));
  EXPECT_EQ(position.fresh_channels(id(2)), kBookTicker);
  EXPECT_EQ(position.fresh_channels(id(1)), 0);
  position.change_list(Watchlist(book_tickers({0, 1, 2})), book_tickers({1, 2, 3}));
  EXPECT_EQ(fresh_of(position), book_tickers({2, 3})) << "what waits goes on waiting";
  position.catch_up(6);
  EXPECT_TRUE(position.cursor_alone());
}

TEST(Position, AChannelMoreIsFreshForThatChannelAlone) {
  Position position;
  position.catch_up(5);
  const std::vector<Watch> both = {{id(0), kBookTicker | kQuote}};
  position.change_list(Watchlist(book_tickers({0})), both);
  EXPECT_EQ(position.fresh_channels(id(0)), kQuote);
}

TEST(Position, AnEmptyListBetweenMakesItANewcomer) {
  Position position;
  position.catch_up(5);
  position.change_list(Watchlist(book_tickers({0})), {});
  position.change_list(Watchlist(book_tickers({})), book_tickers({0}));
  EXPECT_EQ(position.cursor(), 0u);
}

TEST(Position, AFreshWatchWithoutAQuoteIsLikeAnyOther) {
  Position position;
  position.catch_up(2);
  position.change_list(Watchlist(book_tickers({0})), book_tickers({0, 1, 2}));
  position.forget_without_quote(changes_of({0, 1}));
  EXPECT_EQ(fresh_of(position), book_tickers({1}));
  position.change_list(Watchlist(book_tickers({0, 1, 2})), book_tickers({0, 2, 3}));
  position.forget_without_quote(changes_of({0, 1}));
  EXPECT_TRUE(position.cursor_alone());
}

TEST(Position, APartCrossesOffTheFreshOnesItBrought) {
  const ChangeLog changes = changes_of({1, 2, 3, 0, 4, 0});  // 4 and 0 after the cursor
  Position position;
  position.catch_up(4);
  position.change_list(Watchlist(book_tickers({0})), book_tickers({0, 1, 2, 3, 4}));
  position.advance({.units = 2, .last_change = 0, .made = 6}, false, changes);
  EXPECT_EQ(fresh_of(position), book_tickers({3, 4})) << "two of those from before the cursor, in order";
  EXPECT_EQ(position.cursor(), 4u);
  position.advance({.units = 2, .last_change = 5, .made = 6}, false, changes);
  EXPECT_TRUE(position.fresh().empty()) << "the other came with its change";
  EXPECT_EQ(position.cursor(), 5u);
}

TEST(Position, CutsAreKeptWhereEventsCount) {
  const ChangeLog changes = changes_of({0, 1, 2});
  Position silent;
  silent.advance({.units = 1, .last_change = 1, .made = 3}, false, changes);
  EXPECT_TRUE(silent.cursor_alone());
  Position counting;
  counting.advance({.units = 1, .last_change = 1, .made = 3}, true, changes);
  ASSERT_EQ(counting.cuts().size(), 1u);
  EXPECT_EQ(counting.cuts()[0].from, 0u);
  EXPECT_EQ(counting.cuts()[0].cursor, 1u);
  EXPECT_EQ(counting.cuts()[0].made, 3u);
  counting.catch_up(3);
  EXPECT_TRUE(counting.cuts().empty());
}

TEST(Position, OfVeryManyCutsTheOldestBecomeOneThatKnowsLess) {
  const ChangeLog changes = changes_of({});
  Position position;
  for (std::uint64_t number = 1; number <= 20; ++number)
    position.advance({.units = 1, .last_change = number, .made = 30}, true, changes);
  const auto cuts = position.cuts();
  ASSERT_EQ(cuts.size(), Position::kCutsMax);
  EXPECT_TRUE(cuts.front().forgotten);
  EXPECT_EQ(cuts.front().from, 0u);
  for (std::size_t i = 1; i < cuts.size(); ++i) {
    EXPECT_FALSE(cuts[i].forgotten);
    EXPECT_EQ(cuts[i].from, cuts[i - 1].cursor) << "without a gap";
  }
  EXPECT_EQ(cuts.back().cursor, 20u);
}

}  // namespace
}  // namespace tickcast::fanout
