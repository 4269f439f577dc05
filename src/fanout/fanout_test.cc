// SPDX-License-Identifier: Apache-2.0
//
// The fan-out's promises, by example: what a client is owed, and which bytes are shared.
#include "fanout/fanout.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "fanout/test_world.h"

namespace tickcast::fanout {
namespace {

using test::Client;
using test::id;
using test::kNow;
using test::number_in;
using test::watcher_of_market;
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

TEST(Fanout, NoListIsAlwaysServedLast) {
  constexpr std::size_t kLists = 50;
  World world(kLists + 1);
  std::map<ClientId, std::size_t> times_last;
  for (std::size_t i = 0; i < kLists; ++i) {
    const Watch watches[] = {{id(0), kBookTicker}, {id(i + 1), kBookTicker}};
    world.fanout.watch(world.fanout.add_client(Encoding::raw), watches);
  }
  for (int round = 0; round < 400; ++round) {
    world.change(id(0));
    world.look();
    ClientId due{};
    std::size_t visits = 0;
    while (world.fanout.next_due(due)) {
      const auto owed = world.fanout.owed(due, kNow);
      world.fanout.written(due, owed.size());
      ++visits;
    }
    ASSERT_EQ(visits, kLists);
    ++times_last[due];
  }
  for (const auto& [client, times] : times_last) EXPECT_LT(times, 40u) << "of 400; by chance it would be 8";
}

TEST(Fanout, WithoutAPauseNobodyWaitsForMoreThanARound) {
  constexpr std::size_t kClients = 50;
  World world(1);
  const Watch watches[] = {{id(0), kBookTicker}};
  for (std::size_t i = 0; i < kClients; ++i)
    world.fanout.watch(world.fanout.add_client(Encoding::raw), watches);
  world.change(id(0));
  world.look();
  std::map<ClientId, std::size_t> last_turn;
  ClientId due{};
  for (std::size_t turn = 1; turn <= 20 * kClients; ++turn) {
    ASSERT_TRUE(world.fanout.next_due(due));
    world.fanout.written(due, world.fanout.owed(due, kNow).size());
    const std::size_t before = std::exchange(last_turn[due], turn);
    ASSERT_TRUE(before == 0 || turn - before <= kClients) << turn - before;
    if (turn % 7 != 0) continue;
    world.change(id(0));
    world.look();
  }
  EXPECT_EQ(last_turn.size(), kClients);
}

TEST(Fanout, OneArrayCarriesEverySymbolThatChanged) {
  World world(3, {Scope::array, 0});
  Client client = watcher_of_market(world, kBookTicker, Encoding::combined);
  for (const std::size_t symbol : {2u, 0u, 2u}) world.change(id(symbol));
  world.look();
  client.serve(world.fanout, 1 << 20);
  ASSERT_EQ(client.receiver.texts.size(), 1u);
  EXPECT_EQ(client.receiver.texts[0],
            R"({"stream":"!bookTicker@arr","data":[)"
            R"({"u":2,"s":"SYM2USDT","b":"25.35190000","B":"0","a":"0","A":"0"},)"
            R"({"u":1,"s":"SYM0USDT","b":"25.35190000","B":"0","a":"0","A":"0"}]})");
}

TEST(Fanout, ABestBidAskIsOneBinaryMessageInEveryEncoding) {
  World world(2);
  const auto owed = [&](Encoding encoding, std::uint8_t channels) {
    const ClientId client = world.fanout.add_client(encoding);
    const Watch watches[] = {{id(0), channels}};
    world.fanout.watch(client, watches);
    const auto bytes = world.fanout.owed(client, kNow);
    return std::string(bytes.begin(), bytes.end());
  };
  world.change(id(0));
  world.look();
  const std::string raw = owed(Encoding::raw, kBestBidAsk);
  ASSERT_EQ(raw.size(), 2 + 59 + 8u);
  EXPECT_EQ(raw.substr(0, 2), "\x82\x43") << "a whole binary frame";
  EXPECT_EQ(raw[2 + 16], 1) << "u";
  EXPECT_TRUE(raw.ends_with("\x08SYM0USDT"));
  EXPECT_EQ(owed(Encoding::combined, kBestBidAsk), raw);
  const std::string both = owed(Encoding::raw, kBookTicker | kBestBidAsk);
  EXPECT_TRUE(both.ends_with(raw) && both.size() > raw.size()) << "beside another channel";
  world.change(id(0));
  world.look();
  EXPECT_EQ(owed(Encoding::raw, kBestBidAsk)[2 + 16], 2);
}

TEST(Fanout, AServerSentEventCarriesTheCombinedEvent) {
  World world(1);
  const ClientId client = world.fanout.add_client(Encoding::events);
  const Watch watches[] = {{id(0), kBookTicker}};
  world.fanout.watch(client, watches);
  world.change(id(0));
  world.look();
  const auto owed = world.fanout.owed(client, kNow);
  const std::string bytes(owed.begin(), owed.end());
  EXPECT_TRUE(bytes.starts_with(R"(data: {"stream":"sym0usdt@bookTicker","data":{"u":1,)"));
  EXPECT_TRUE(bytes.ends_with("}}\n\n"));
}

}  // namespace
}  // namespace tickcast::fanout
