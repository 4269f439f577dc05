// SPDX-License-Identifier: Apache-2.0
//
// Who watches the whole market, by events or by arrays: everybody shares one list, and a message is whole.
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fanout/compressor.h"
#include "fanout/test_world.h"
#include "wire/deflate.h"

namespace tickcast::fanout {
namespace {

using test::Client;
using test::id;
using test::kNow;
using test::watcher_of_market;
using test::World;

TEST(WholeMarket, AnAllSymbolStreamCarriesEverySymbolAndThoseListedLater) {
  World world(3, {Scope::all, 0});
  world.change(id(1));
  world.look();
  Client client = watcher_of_market(world, kBookTicker, Encoding::combined);
  client.serve(world.fanout, 1 << 20);
  world.symbols.put_name("LATERUSDT");
  world.change(id(3));
  world.change(id(0));
  world.look();
  client.serve(world.fanout, 1 << 20);
  ASSERT_EQ(client.receiver.texts.size(), 3u);
  EXPECT_TRUE(
      client.receiver.texts[0].starts_with(R"({"stream":"!bookTicker","data":{"u":1,"s":"SYM1USDT",)"));
  EXPECT_NE(client.receiver.texts[1].find("LATERUSDT"), std::string::npos);
  EXPECT_NE(client.receiver.texts[2].find("SYM0USDT"), std::string::npos);
}

TEST(WholeMarket, AllWhoWatchTheWholeMarketShareOneListAndItsBytes) {
  World world(3, {Scope::array, 0});
  Client first = watcher_of_market(world, kQuote);
  Client second = watcher_of_market(world, kQuote);
  EXPECT_EQ(world.fanout.watchlists(), 1u);
  world.change(id(0));
  world.change(id(2));
  world.look();
  const auto bytes = world.fanout.owed(first.number, kNow);
  world.fanout.written(first.number, bytes.size());
  EXPECT_EQ(world.fanout.owed(second.number, kNow).data(), bytes.data());
  world.fanout.remove_client(first.number);
  world.fanout.remove_client(second.number);
  ClientId due{};
  EXPECT_FALSE(world.fanout.next_due(due));
  EXPECT_EQ(world.fanout.watchlists(), 0u);
  world.symbols.put_name("LATERUSDT");
  world.change(id(3));
  world.look();  // no list is left that it could join
}

TEST(WholeMarket, AnArrayIsCompressedOnceForAllWhoTakeItSo) {
  constexpr std::size_t kSymbols = 300;
  Compressor compressor;
  World world(kSymbols, {Scope::array, 0}, &compressor);
  std::vector<Client> clients;
  for (const Encoding encoding : {Encoding::raw, Encoding::raw_deflated, Encoding::raw_deflated})
    clients.push_back(watcher_of_market(world, kBookTicker, encoding));
  wire::Inflater inflater;
  for (Client& client : clients) {
    client.receiver.reader = wire::MessageReader(wire::Role::client, {});
    client.receiver.reader.accept_compressed(inflater);
  }
  for (std::size_t i = 0; i < kSymbols; ++i) world.change(id(i));
  world.look();
  const auto plain = world.fanout.owed(clients[0].number, kNow).size();
  const auto first = world.fanout.owed(clients[1].number, kNow);
  EXPECT_LT(first.size(), plain / 3);
  const auto second = world.fanout.owed(clients[2].number, kNow);
  EXPECT_EQ(first.data(), second.data()) << "made once";
  // Torn in the compressed message: its rest is finished, and then comes what changed meanwhile, too short to
  // be compressed.
  clients[1].serve(world.fanout, 100);
  world.change(id(7));
  world.look();
  for (int visits = 0; visits < 3; ++visits) {
    for (Client& client : clients) client.serve(world.fanout, 1 << 20);
  }
  ASSERT_EQ(clients[1].receiver.texts.size(), 2u);
  EXPECT_EQ(clients[1].receiver.texts[1],
            R"([{"u":2,"s":"SYM7USDT","b":"25.35190000","B":"0","a":"0","A":"0"}])");
  for (const Client& client : clients) EXPECT_EQ(client.receiver.book_tickers.size(), kSymbols);
  EXPECT_EQ(clients[2].receiver.texts[0], clients[0].receiver.texts[0]);
}

TEST(WholeMarket, AnArrayOfAVeryLargeMarketComesInSeveralMessages) {
  constexpr std::size_t kSymbols = 8000;
  World world(kSymbols, {Scope::array, 0});
  for (std::size_t i = 0; i < kSymbols; ++i) world.change(id(i));
  world.look();
  Client client = watcher_of_market(world, kBookTicker);
  client.receiver.reader = wire::MessageReader(wire::Role::client, {2 * kArrayBytesMax, 1});
  // The second message is torn, and changes come before it is finished.
  client.serve(world.fanout, kArrayBytesMax + 2000);
  for (std::size_t i = 0; i < kSymbols; i += 2) world.change(id(i));
  world.look();
  while (client.serve(world.fanout, 100'000) < 100'000) continue;
  EXPECT_EQ(client.receiver.texts.size(), 3u);
  for (const std::string& text : client.receiver.texts) EXPECT_LT(text.size(), kArrayBytesMax + 400);
  EXPECT_TRUE(client.receiver.in_order);
  ASSERT_EQ(client.receiver.book_tickers.size(), kSymbols);
  for (const auto& [symbol, update_id] : world.newest) {
    EXPECT_EQ(client.receiver.book_tickers[std::string(world.symbols.name(symbol))].update_id, update_id);
  }
}

TEST(WholeMarket, AStalledArrayClientKeepsTheRestOfOneMessageAtMost) {
  constexpr std::size_t kSymbols = 8000;  // two messages
  World world(kSymbols, {Scope::array, 0});
  for (std::size_t i = 0; i < kSymbols; ++i) world.change(id(i));
  world.look();
  Client client = watcher_of_market(world, kBookTicker);
  client.serve(world.fanout, 1);
  const std::size_t kept = client.torn.size();
  EXPECT_GT(kept, kArrayBytesMax - 400);
  EXPECT_LT(kept, kArrayBytesMax + 400);
  for (std::size_t i = 0; i < kSymbols; ++i) world.change(id(i));
  world.look();
  client.serve(world.fanout, 0);
  EXPECT_EQ(client.torn.size(), kept) << "changes add nothing to it";
}

}  // namespace
}  // namespace tickcast::fanout
