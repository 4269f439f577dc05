// SPDX-License-Identifier: Apache-2.0
#include "market/listing_guess.h"

#include <gtest/gtest.h>

namespace tickcast::market {
namespace {

TEST(ListingGuess, SplitsANameAtTheLongestKnownQuoteAsset) {
  EXPECT_EQ(guess_listing("BTCUSDT").base_asset, "BTC");
  EXPECT_EQ(guess_listing("BTCUSDT").quote_asset, "USDT");
  EXPECT_EQ(guess_listing("BTCFDUSD").quote_asset, "FDUSD");
  EXPECT_EQ(guess_listing("1000SATSTRY").base_asset, "1000SATS");
  EXPECT_EQ(guess_listing("币安人生USDT").base_asset, "币安人生");
  EXPECT_EQ(guess_listing("WHATEVER").base_asset, "WHATEVER");
  EXPECT_EQ(guess_listing("WHATEVER").quote_asset, "");
  EXPECT_EQ(guess_listing("USDT").base_asset, "USDT") << "an asset alone is no pair";
}

TEST(GridGuess, IsAsFineAsTheFinestValueSeen) {
  GridGuess grids;
  Quote quote;
  quote.bid_price = {2'535'000'000, -8};  // 25.35
  quote.ask_price = {2'540'000'000, -8};  // 25.4
  quote.bid_quantity = {300'000'000, -8};
  quote.ask_quantity = {0, -8};
  EXPECT_TRUE(grids.learn(SymbolId{3}, quote));
  EXPECT_FALSE(grids.learn(SymbolId{3}, quote)) << "nothing new";
  Listing listing = guess_listing("BNBUSDT");
  grids.fill(SymbolId{3}, listing);
  EXPECT_EQ(listing.tick_size, "0.01000000");
  EXPECT_EQ(listing.step_size, "1.00000000");

  quote.ask_quantity = {12'345'678, -8};
  EXPECT_TRUE(grids.learn(SymbolId{3}, quote));
  grids.fill(SymbolId{3}, listing);
  EXPECT_EQ(listing.step_size, "0.00000001");
  EXPECT_EQ(listing.tick_size, "0.01000000");
}

}  // namespace
}  // namespace tickcast::market
