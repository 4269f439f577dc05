// SPDX-License-Identifier: Apache-2.0
#include "exchange/board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange/test_peer.h"

namespace tickcast::exchange {
namespace {

class BoardTest : public testing::Test {
 protected:
  // The symbols for which an event goes out.
  std::vector<SymbolNumber> take(SymbolNumber symbol, std::int64_t id, std::string_view bid = "10.00000000") {
    std::vector<SymbolNumber> published;
    board_.take({symbol, make_quote(id, bid)},
                [&published](SymbolNumber each) { published.push_back(each); });
    return published;
  }
  std::int64_t id(SymbolNumber symbol) const { return board_.quote(symbol).update_id; }
  std::string bid(SymbolNumber symbol) const { return board_.quote(symbol).bid_price.text(); }

  ScriptSource source_{std::make_shared<Script>()};
  Board board_{source_, retired_symbols()};
};

TEST_F(BoardTest, ShowsWhatTheSourceSays) {
  EXPECT_EQ(id(0), 100);
  EXPECT_THAT(take(0, 101, "10.10000000"), testing::ElementsAre(0));
  EXPECT_EQ(id(0), 101);
  EXPECT_EQ(bid(0), "10.10000000");
  EXPECT_EQ(board_.find("BTCUSDT"), 0u);
  EXPECT_EQ(board_.find("btcusdt"), std::nullopt);
  EXPECT_EQ(board_.find_stream_symbol("btcusdt"), 0u);
  EXPECT_EQ(board_.find_stream_symbol("币安人生usdt"), 2u);
}

TEST_F(BoardTest, HasRetiredSymbolsWithEmptyBooks) {
  const auto retired = board_.find("BUSDNGN");
  ASSERT_TRUE(retired);
  EXPECT_EQ(board_.status(*retired), "BREAK");
  EXPECT_EQ(bid(*retired), "0.00000000");
  EXPECT_FALSE(board_.say_again(*retired));
}

TEST_F(BoardTest, SaysNothingForSymbolsThatDoNotTrade) {
  EXPECT_TRUE(take(3, 101, "10.10000000").empty());
  EXPECT_EQ(id(3), 100);
}

TEST_F(BoardTest, SaysAgainUnderIdsThatNeverGoBack) {
  EXPECT_TRUE(board_.say_again(0));
  EXPECT_TRUE(board_.say_again(0));
  EXPECT_EQ(id(0), 102);
  take(0, 101);
  EXPECT_EQ(id(0), 103) << "the source's next id follows those said in between";
}

TEST_F(BoardTest, KeepsTheLastQuoteOfASymbolThatStopsAndCatchesUpWhenItStarts) {
  EXPECT_FALSE(board_.set_overlay(0, {.status = "BREAK"}));
  EXPECT_EQ(board_.status(0), "BREAK");
  EXPECT_TRUE(take(0, 150, "10.10000000").empty());
  EXPECT_EQ(bid(0), "10.00000000");
  EXPECT_TRUE(board_.set_overlay(0, {}));
  EXPECT_EQ(bid(0), "10.10000000");
  EXPECT_EQ(id(0), 151);
}

TEST_F(BoardTest, EmptiesSidesOfABook) {
  EXPECT_TRUE(board_.set_overlay(0, {.zero_bid = true}));
  EXPECT_EQ(bid(0), "0.00000000");
  EXPECT_EQ(board_.quote(0).bid_quantity.text(), "0.00000000");
  EXPECT_EQ(board_.quote(0).ask_price.text(), "11.00000000");
  take(0, 101);
  EXPECT_EQ(bid(0), "0.00000000");
}

TEST_F(BoardTest, LetsASymbolFollowAnother) {
  const auto follower = board_.add_follower("NEWUSDT", 1);
  ASSERT_TRUE(follower);
  EXPECT_FALSE(board_.listed(*follower));
  EXPECT_THAT(take(1, 101), testing::ElementsAre(1));
  board_.set_overlay(*follower, {});
  EXPECT_TRUE(board_.listed(*follower));
  EXPECT_EQ(board_.listing(*follower).base_asset, "NEW");
  EXPECT_THAT(take(1, 102, "10.20000000"), testing::ElementsAre(1, *follower));
  EXPECT_EQ(bid(*follower), "10.20000000");
  EXPECT_FALSE(board_.add_follower("NEWUSDT", 1));
  EXPECT_FALSE(board_.add_follower(std::string(49, 'A'), 1));
}

}  // namespace
}  // namespace tickcast::exchange
