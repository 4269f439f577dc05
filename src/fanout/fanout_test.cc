// SPDX-License-Identifier: Apache-2.0
//
// The fan-out's promises, by example: what a client is owed, and which bytes are shared.
#include "fanout/fanout.h"

#include <vector>

#include <gtest/gtest.h>

#include "fanout/test_world.h"

namespace tickcast::fanout {
namespace {

using test::Client;
using test::id;
using test::kNow;
using test::number_in;
using test::World;

TEST(Fanout, ANewClientGetsTheLastQuoteOfEverySymbolItWatchesOnce) {
  World world(3);
  world.change(id(0));
  world.change(id(1));
  world.change(id(0));
  world.look();
  Client client{world.fanout.add_client(Encoding::raw), {}, {}};
  const Watch watches[] = {{id(0), kBookTicker}, {id(1), kBookTicker}, {id(2), kBookTicker}};
  world.fanout.watch(client.number, watches);
  client.serve(world.fanout, 1 << 20);
  client.serve(world.fanout, 1 << 20);
  EXPECT_EQ(client.receiver.texts.size(), 2u);
  EXPECT_EQ(client.receiver.book_tickers["SYM0USDT"].update_id, 2);
  EXPECT_EQ(client.receiver.book_tickers["SYM1USDT"].update_id, 1);
}

TEST(Fanout, AClientThatWasAwayGetsOnlyTheNewestOfWhatItMissed) {
  World world(2);
  Client client{world.fanout.add_client(Encoding::combined), {}, {}};
  const Watch watches[] = {{id(0), kBookTicker}, {id(1), kBookTicker}};
  world.fanout.watch(client.number, watches);
  for (int i = 0; i < 100; ++i) world.change(id(0));
  world.look();
  client.serve(world.fanout, 1 << 20);
  ASSERT_EQ(client.receiver.texts.size(), 1u);
  EXPECT_EQ(client.receiver.texts[0].substr(0, 52),
            R"({"stream":"sym0usdt@bookTicker","data":{"u":100,"s":)");
}

TEST(Fanout, AddingASymbolOwesThatSymbolAlone) {
  World world(2);
  world.change(id(0));
  world.change(id(1));
  world.look();
  Client client{world.fanout.add_client(Encoding::raw), {}, {}};
  const Watch second[] = {{id(1), kBookTicker}};
  world.fanout.watch(client.number, second);
  client.serve(world.fanout, 1 << 20);
  const Watch both[] = {{id(0), kBookTicker}, {id(1), kBookTicker}};
  world.fanout.watch(client.number, both);
  client.serve(world.fanout, 1 << 20);
  EXPECT_EQ(client.receiver.book_tickers["SYM0USDT"].events, 1u);
  EXPECT_EQ(client.receiver.book_tickers["SYM1USDT"].events, 1u);
  EXPECT_TRUE(world.fanout.owed(client.number, kNow).empty());
}

TEST(Fanout, ItCountsWhatClientsWereOwedAndWhatTheyWereSent) {
  World world(2);
  world.change(id(0));
  world.look();
  Client one{world.fanout.add_client(Encoding::raw), {}, {}};
  Client two{world.fanout.add_client(Encoding::combined), {}, {}};
  const Watch watches[] = {{id(0), kBookTicker}, {id(1), kBookTicker}};
  for (Client* client : {&one, &two}) world.fanout.watch(client->number, watches);
  EXPECT_EQ(world.counters.due, 2u) << "one symbol has a quote yet";
  for (Client* client : {&one, &two}) client->serve(world.fanout, 1 << 20);
  EXPECT_EQ(world.counters.sent, 2u);
  for (int i = 0; i < 3; ++i) {
    world.change(id(0));
    world.look();
  }
  EXPECT_EQ(world.counters.due, 2u + 2u * 3u);
  one.serve(world.fanout, 1 << 20);
  EXPECT_EQ(world.counters.sent, 3u) << "two of three were merged";
}

TEST(Fanout, EqualSubscriptionsShareOneWatchlistThatIsFreedWithItsLastMember) {
  World world(2);
  const Watch watches[] = {{id(0), kBookTicker}, {id(1), kBookTicker}};
  const ClientId first = world.fanout.add_client(Encoding::raw);
  const ClientId second = world.fanout.add_client(Encoding::combined);
  world.fanout.watch(first, watches);
  world.fanout.watch(second, watches);
  EXPECT_EQ(world.fanout.watchlists(), 1u);  // the empty list of newcomers is gone
  world.fanout.remove_client(first);
  world.fanout.remove_client(second);
  EXPECT_EQ(world.fanout.watchlists(), 0u);
  EXPECT_EQ(world.fanout.clients(), 0u);
}

TEST(Fanout, ClientsInTheSameStateShareTheSameBytes) {
  World world(1);
  const Watch watches[] = {{id(0), kBookTicker}};
  const ClientId first = world.fanout.add_client(Encoding::raw);
  const ClientId second = world.fanout.add_client(Encoding::raw);
  world.fanout.watch(first, watches);
  world.fanout.watch(second, watches);
  world.change(id(0));
  world.look();
  const auto bytes = world.fanout.owed(first, kNow);
  world.fanout.written(first, bytes.size());
  EXPECT_EQ(world.fanout.owed(second, kNow).data(), bytes.data());
}

TEST(Fanout, AListWithTheNumberOfAFreedOneIsNotServedItsBytes) {
  World world(2);
  for (const std::size_t symbol : {1u, 0u}) world.change(id(symbol));
  world.look();
  std::vector<Client> clients;
  for (int i = 0; i < 2; ++i) clients.push_back({world.fanout.add_client(Encoding::raw), {}, {}});
  for (const std::size_t symbol : {0u, 1u}) {
    const Watch watches[] = {{id(symbol), kBookTicker}};
    for (Client& client : clients) world.fanout.watch(client.number, {});  // frees the list before
    for (Client& client : clients) world.fanout.watch(client.number, watches);
    for (Client& client : clients) client.serve(world.fanout, 1 << 20);
  }
  for (Client& client : clients) EXPECT_EQ(client.receiver.book_tickers["SYM1USDT"].events, 1u);
}

TEST(Fanout, ClientsThatLagByDifferentAmountsShareBytes) {
  World world(4);
  std::vector<Watch> watches;
  for (std::size_t i = 0; i < 4; ++i) watches.push_back({id(i), kBookTicker});
  std::vector<Client> clients;
  for (std::size_t i = 0; i < 3; ++i) {
    clients.push_back({world.fanout.add_client(Encoding::raw), {}, {}});
    world.fanout.watch(clients.back().number, watches);
  }
  // The last is served after each change, the others lag behind it by one change and by two.
  for (std::size_t i = 0; i < 4; ++i) {
    world.change(id(i));
    world.look();
    for (std::size_t c = 0; c < 3; ++c) {
      if (i + 3 < 4 + c) clients[c].serve(world.fanout, 1 << 20);
    }
  }
  const auto furthest = world.fanout.owed(clients[0].number, kNow);
  EXPECT_EQ(furthest.size(), 3 * (furthest.size() / 3));
  const auto nearer = world.fanout.owed(clients[1].number, kNow);
  EXPECT_EQ(nearer.data() + nearer.size(), furthest.data() + furthest.size()) << "the end of the same bytes";
  EXPECT_EQ(nearer.size() * 3, furthest.size() * 2);
  for (Client& client : clients) client.serve(world.fanout, 1 << 20);
  for (Client& client : clients) {
    EXPECT_EQ(client.receiver.texts.size(), 4u);
    EXPECT_TRUE(client.receiver.in_order);
  }
}

TEST(Fanout, AClientThatFellBehindTheLogOfChangesIsServedFromItsList) {
  World world(2);
  Client client{world.fanout.add_client(Encoding::raw), {}, {}};
  const Watch watches[] = {{id(0), kBookTicker}, {id(1), kBookTicker}};
  world.fanout.watch(client.number, watches);
  world.change(id(1));
  for (int i = 0; i < 10'000; ++i) {
    world.change(id(0));
    world.look();
  }
  client.serve(world.fanout, 1 << 20);
  ASSERT_EQ(client.receiver.texts.size(), 2u);
  EXPECT_EQ(number_in(client.receiver.texts[0], "u"), 1) << "oldest change first";
  EXPECT_EQ(number_in(client.receiver.texts[1], "u"), 10'000);
}

// At each byte of what is owed a write is cut, the market goes on, and the client is served again.
void cut_everywhere(Form form, Encoding encoding) {
  World world(3, form);
  const Watch watches[] = {{id(0), kBookTicker}, {id(1), kBookTicker}, {id(2), kQuote}};
  for (std::size_t i = 0; i < 3; ++i) world.change(id(i));
  world.look();
  for (std::size_t cut = 0, size = 1; cut <= size; ++cut) {
    Client client{world.fanout.add_client(encoding), {}, {}};
    if (form.scope == Scope::listed) {
      world.fanout.watch(client.number, watches);
    } else {
      world.fanout.watch_market(client.number, kBookTicker);
    }
    size = world.fanout.owed(client.number, kNow).size();
    client.serve(world.fanout, cut);
    world.change(id(cut % 3));
    world.look();
    while (client.serve(world.fanout, 100) < 100) continue;
    const std::size_t whole = client.receiver.texts.size();
    EXPECT_TRUE(world.fanout.owed(client.number, kNow).empty());
    for (const auto& [symbol, update_id] : world.newest) {
      ASSERT_EQ(client.receiver.book_tickers[std::string(world.symbols.name(symbol))].update_id, update_id)
          << "cut at byte " << cut << " of " << size;
    }
    ASSERT_TRUE(client.receiver.in_order) << "cut at byte " << cut;
    ASSERT_GE(whole, form.scope == Scope::array ? 1u : 3u);
    for (const std::string& text : client.receiver.texts)
      ASSERT_TRUE(text.ends_with('}') || text.ends_with(']'));
    world.fanout.remove_client(client.number);
  }
}

TEST(Fanout, AWriteMayBeCutAtEveryByte) {
  for (const Encoding encoding : {Encoding::raw, Encoding::combined}) {
    cut_everywhere({Scope::listed, 0}, encoding);
    cut_everywhere({Scope::all, 0}, encoding);
  }
  cut_everywhere({Scope::array, 0}, Encoding::raw);
}

}  // namespace
}  // namespace tickcast::fanout
