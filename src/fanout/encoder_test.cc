// SPDX-License-Identifier: Apache-2.0
#include "fanout/encoder.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tickcast::fanout {
namespace {

using market::SymbolId;

SymbolId id(std::size_t i) { return static_cast<SymbolId>(i); }

// A few symbols whose every change raises their id by one.
struct Market {
  market::SymbolTable symbols;
  ChangeLog changes;
  Encoder encoder;
  std::vector<market::Book::Entry> entries;
  Batch batch;

  explicit Market(std::size_t count, Form form = {}) : encoder(symbols, form, nullptr), entries(count) {
    for (std::size_t i = 0; i < count; ++i) symbols.put_name("SYM" + std::to_string(i) + "USDT");
    changes.resize(count);
    encoder.resize(count);
  }
  void change(SymbolId symbol, std::int64_t event_ns = 0) {
    market::Book::Entry& entry = entries[market::index(symbol)];
    ++entry.quote.update_id;
    entry.quote.bid_price = *market::Decimal::parse("25.35190000");
    entry.quote.event_ns = event_ns;
    entry.sequence = changes.head() + 1;
    ++entry.updates;
    ASSERT_TRUE(encoder.take(symbol, entry, changes.note(symbol)));
  }
  std::string encode(const std::vector<Watch>& changed, Encoding encoding = Encoding::raw,
                     const Position& position = {}) {
    encoder.encode(batch, changed, {position, encoding});
    return batch.bytes;
  }
};

TEST(Encoder, AnEntryIsTakenInOnce) {
  Market market(1);
  market.change(id(0));
  EXPECT_FALSE(market.encoder.take(id(0), market.entries[0], 2));
  market.encode({});
  EXPECT_EQ(market.batch.to, 1u);
}

TEST(Encoder, WhatItEncodedForAllFollowsTheNewestQuote) {
  Market market(1);
  for (const char* const u : {R"({"u":1,)", R"({"u":2,)"}) {
    market.change(id(0));
    for (int twice = 0; twice < 2; ++twice)
      EXPECT_NE(market.encode({{id(0), kBookTicker}}).find(u), std::string::npos);
  }
}

TEST(Encoder, AUnitIsASymbolWithAllItsChannels) {
  Market market(2);
  market.change(id(1));
  market.change(id(0));
  market.encode({{id(1), kBookTicker | kQuote}, {id(0), kBookTicker}});
  ASSERT_EQ(market.batch.units.size(), 2u);
  EXPECT_EQ(market.batch.units[0].sequence, 1u);
  EXPECT_EQ(market.batch.units[1].sequence, 2u);
  EXPECT_EQ(market.batch.units[1].updates, 2u);
  const std::size_t once = market.batch.bytes.find("SYM1USDT");
  EXPECT_LT(market.batch.bytes.find("SYM1USDT", once + 1), market.batch.units[0].end);
  EXPECT_EQ(market.batch.units[1].end, market.batch.bytes.size());
  EXPECT_NE(market.batch.bytes.find("SYM0USDT"), std::string::npos);
  EXPECT_GT(market.batch.bytes.find("SYM0USDT"), market.batch.units[0].end);
}

TEST(Encoder, WhatIsFreshFromBeforeTheCursorComesFirst) {
  Market market(3);
  for (const std::size_t symbol : {2u, 0u, 1u}) market.change(id(symbol));
  Position position;
  position.catch_up(2);
  const Watch before[] = {{id(0), kBookTicker}};
  const Watch now[] = {{id(0), kBookTicker}, {id(1), kBookTicker}, {id(2), kBookTicker}};
  position.change_list(Watchlist(before), now);
  const std::string bytes = market.encode({{id(1), kBookTicker}}, Encoding::raw, position);
  ASSERT_EQ(market.batch.units.size(), 2u);
  EXPECT_EQ(market.batch.units[0].sequence, 0u);
  EXPECT_EQ(market.batch.units[1].sequence, 3u);
  EXPECT_LT(bytes.find("SYM2USDT"), bytes.find("SYM1USDT"));
  EXPECT_EQ(market.batch.from, 2u);
  EXPECT_EQ(market.batch.to, 3u);
}

TEST(Encoder, ABatchIsAsNewAsItsNewestChange) {
  Market market(2);
  market.change(id(0), 100);
  market.change(id(1), 70);
  const std::vector<Watch> both = {{id(0), kBookTicker}, {id(1), kBookTicker}};
  market.encode(both);
  EXPECT_EQ(market.batch.newest_ns, 0) << "for a newcomer all of it was there before";
  market.change(id(0), 200);
  market.change(id(1), 170);
  Position position;
  position.catch_up(2);
  market.encode(both, Encoding::raw, position);
  EXPECT_EQ(market.batch.newest_ns, 200);
}

TEST(Encoder, ABestBidAskIsOneBinaryMessageInEveryEncoding) {
  Market market(1);
  market.change(id(0));
  const std::string raw = market.encode({{id(0), kBestBidAsk}});
  ASSERT_EQ(raw.size(), 2 + 59 + 8u);
  EXPECT_EQ(raw.substr(0, 2), "\x82\x43") << "a whole binary frame";
  EXPECT_EQ(raw[2 + 16], 1) << "u";
  EXPECT_TRUE(raw.ends_with("\x08SYM0USDT"));
  EXPECT_EQ(market.encode({{id(0), kBestBidAsk}}, Encoding::combined), raw);
  const std::string both = market.encode({{id(0), kBookTicker | kBestBidAsk}});
  EXPECT_TRUE(both.ends_with(raw) && both.size() > raw.size()) << "beside another channel";
  market.change(id(0));
  EXPECT_EQ(market.encode({{id(0), kBestBidAsk}})[2 + 16], 2);
}

TEST(Encoder, AServerSentEventCarriesTheCombinedEvent) {
  Market market(1);
  market.change(id(0));
  const std::string bytes = market.encode({{id(0), kBookTicker}}, Encoding::events);
  EXPECT_TRUE(bytes.starts_with(R"(data: {"stream":"sym0usdt@bookTicker","data":{"u":1,)"));
  EXPECT_TRUE(bytes.ends_with("}}\n\n"));
}

TEST(Encoder, AnArrayIsOneUnitWithEverySymbolThatChanged) {
  Market market(3, {Scope::array, 0});
  for (const std::size_t symbol : {0u, 2u, 0u, 2u, 0u}) market.change(id(symbol));
  const std::string bytes = market.encode({{id(2), kBookTicker}, {id(0), kBookTicker}}, Encoding::combined);
  EXPECT_TRUE(bytes.ends_with(R"({"stream":"!bookTicker@arr","data":[)"
                              R"({"u":2,"s":"SYM2USDT","b":"25.35190000","B":"0","a":"0","A":"0"},)"
                              R"({"u":3,"s":"SYM0USDT","b":"25.35190000","B":"0","a":"0","A":"0"}]})"));
  ASSERT_EQ(market.batch.units.size(), 1u);
  EXPECT_EQ(market.batch.units[0].sequence, 5u);
  EXPECT_EQ(market.batch.units[0].updates, 2u);
}

}  // namespace
}  // namespace tickcast::fanout
