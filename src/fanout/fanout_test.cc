// SPDX-License-Identifier: Apache-2.0
//
// The fan-out's promises, by example and over random schedules of changes, subscriptions, full sockets and
// torn writes.
#include "fanout/fanout.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fanout/compressor.h"
#include "wire/deflate.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

namespace tickcast::fanout {
namespace {

using market::Book;
using market::SymbolId;

constexpr std::int64_t kNow = 1'732'320'000'123'456'789;

SymbolId id(std::size_t i) { return static_cast<SymbolId>(i); }

// What a client has received, read back from the bytes on its socket.
struct Receiver {
  struct Seen {
    std::int64_t update_id = 0;
    std::uint64_t events = 0;
    int repeats_allowed =
        0;  // one per new subscription: its snapshot may show what was seen under an earlier one
  };
  wire::MessageReader reader{wire::Role::client, {}};
  std::unique_ptr<wire::FrameReader> frames = std::make_unique<wire::FrameReader>();
  std::map<std::string, Seen> book_tickers;
  std::vector<std::string> texts;
  bool in_order = true;

  void take(std::span<const char> bytes) {
    std::string copy(bytes.begin(), bytes.end());
    std::span<char> rest(copy);
    wire::Message message;
    while (reader.next(rest, message) == wire::MessageReader::Status::message) {
      texts.emplace_back(message.payload.begin(), message.payload.end());
      if (frames->read(texts.back()) == wire::FrameKind::ticker) take_ticker();
      if (texts.back().front() == '[') take_array(texts.back());
    }
  }
  void take_array(std::string_view array) {
    ASSERT_EQ(array.back(), ']');
    array = array.substr(1, array.size() - 2);
    while (!array.empty()) {
      const std::size_t end = array.find('}') + 1;
      ASSERT_EQ(frames->read(array.substr(0, end)), wire::FrameKind::ticker) << array;
      take_ticker();
      array.remove_prefix(std::min(array.size(), end + 1));  // and the comma
    }
  }
  void take_ticker() {
    Seen& seen = book_tickers[std::string(frames->ticker().symbol)];
    const std::int64_t update_id = frames->ticker().quote.update_id;
    const bool repeat = update_id == seen.update_id && seen.repeats_allowed-- > 0;
    in_order = in_order && (repeat || update_id > seen.update_id);
    seen.update_id = update_id;
    ++seen.events;
  }
};

// A market of a few symbols in a real book, and a fan-out that follows it.
struct World {
  market::SymbolTable symbols;
  Book book;
  market::BookReader reader{book};
  FanoutCounters counters;
  Fanout fanout;
  std::map<SymbolId, std::int64_t> newest;  // update id

  explicit World(std::size_t count, Form form = {}, Compressor* compressor = nullptr)
      : fanout(symbols, form, compressor, &counters) {
    for (std::size_t i = 0; i < count; ++i) symbols.put_name("SYM" + std::to_string(i) + "USDT");
  }

  void change(SymbolId symbol) {
    market::Quote quote;
    quote.update_id = ++newest[symbol];
    quote.bid_price = *market::Decimal::parse("25.35190000");
    ASSERT_EQ(book.admit(symbol, quote), market::Admission::admitted);
  }
  void look() {
    reader.drain(symbols, [&](SymbolId symbol) {
      Book::Entry entry;
      if (book.read(symbol, entry)) fanout.apply(symbol, entry);
    });
  }
};

// A client with a socket of limited room.
struct Client {
  ClientId number{};
  Receiver receiver;
  std::string torn;  // must go out first

  // Serves as a shard does, into a socket that takes `room` bytes. Returns the room left.
  std::size_t serve(Fanout& fanout, std::size_t room) {
    if (!torn.empty()) {
      const std::size_t n = std::min(room, torn.size());
      receiver.take(std::span<const char>(torn).first(n));
      torn.erase(0, n);
      room -= n;
      if (!torn.empty()) return 0;
    }
    const auto owed = fanout.owed(number, kNow);
    if (owed.empty()) return room;
    const std::size_t n = std::min(room, owed.size());
    receiver.take(owed.first(n));
    const auto rest = fanout.written(number, n);
    torn.assign(rest.begin(), rest.end());
    return room - n;
  }
};

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

TEST(Fanout, TheQuoteEventCountsTheUpdatesMergedInIt) {
  World world(1);
  Client client{world.fanout.add_client(Encoding::raw), {}, {}};
  const Watch watches[] = {{id(0), kQuote}};
  world.fanout.watch(client.number, watches);
  world.change(id(0));
  world.look();
  client.serve(world.fanout, 1 << 20);
  world.change(id(0));
  world.look();
  client.serve(world.fanout, 1 << 20);
  for (int i = 0; i < 3; ++i) {
    world.change(id(0));
    world.look();
  }
  client.serve(world.fanout, 1 << 20);
  ASSERT_EQ(client.receiver.texts.size(), 3u);
  EXPECT_EQ(client.receiver.texts[0].find("\"n\":"), std::string::npos) << "nothing was seen before: unknown";
  EXPECT_NE(client.receiver.texts[1].find("\"n\":1}"), std::string::npos);
  EXPECT_NE(client.receiver.texts[2].find("\"n\":3}"), std::string::npos);
}

// The value of a number in an event; nothing when it is left out.
std::optional<std::int64_t> number_in(const std::string& event, const std::string& key) {
  const std::size_t at = event.find('"' + key + "\":");
  if (at == std::string::npos) return std::nullopt;
  return std::stoll(event.substr(at + key.size() + 3));
}

TEST(Fanout, TheFirstQuoteEventOfAnAddedSymbolCountsNothingFromBefore) {
  World world(2);
  world.change(id(1));
  world.change(id(0));
  world.look();
  Client client{world.fanout.add_client(Encoding::raw), {}, {}};
  const Watch first[] = {{id(0), kQuote}};
  world.fanout.watch(client.number, first);
  client.serve(world.fanout, 1 << 20);  // the cursor stands between the other symbol's changes
  for (int i = 0; i < 4; ++i) {
    world.change(id(1));
    world.look();
  }
  const Watch both[] = {{id(0), kQuote}, {id(1), kQuote}};
  world.fanout.watch(client.number, both);
  client.serve(world.fanout, 1 << 20);
  for (int i = 0; i < 2; ++i) {
    world.change(id(1));
    world.look();
  }
  client.serve(world.fanout, 1 << 20);
  ASSERT_EQ(client.receiver.texts.size(), 3u);
  EXPECT_EQ(number_in(client.receiver.texts[1], "u"), 5);
  EXPECT_EQ(number_in(client.receiver.texts[1], "n"), std::nullopt);
  EXPECT_EQ(number_in(client.receiver.texts[2], "n"), 2);
}

TEST(Fanout, AChangeBeforeTheSnapshotWasServedIsStillTheFirstEvent) {
  World world(2);
  world.change(id(1));
  world.change(id(0));
  world.look();
  Client client{world.fanout.add_client(Encoding::raw), {}, {}};
  const Watch first[] = {{id(0), kQuote}};
  world.fanout.watch(client.number, first);
  client.serve(world.fanout, 1 << 20);
  const Watch both[] = {{id(0), kQuote}, {id(1), kQuote}};
  world.fanout.watch(client.number, both);  // its last change lies before the cursor
  world.change(id(1));
  world.look();
  client.serve(world.fanout, 1 << 20);
  ASSERT_EQ(client.receiver.texts.size(), 2u);
  EXPECT_EQ(number_in(client.receiver.texts[1], "u"), 2);
  EXPECT_EQ(number_in(client.receiver.texts[1], "n"), std::nullopt);
}

TEST(Fanout, WhatAWriteThatWasCutLeftOutIsCountedWhenItComes) {
  World world(2);
  Client client{world.fanout.add_client(Encoding::raw), {}, {}};
  const Watch watches[] = {{id(0), kQuote}, {id(1), kQuote}};
  world.fanout.watch(client.number, watches);
  for (const std::size_t symbol : {0u, 1u}) world.change(id(symbol));
  world.look();
  client.serve(world.fanout, 1 << 20);
  for (const std::size_t symbol : {0u, 1u, 0u}) {  // the first is replaced: served are the second and third
    world.change(id(symbol));
    world.look();
  }
  client.serve(world.fanout, 10);  // begins with the second symbol; the cut lies in it
  client.serve(world.fanout, 1 << 20);
  ASSERT_EQ(client.receiver.texts.size(), 4u);
  EXPECT_EQ(number_in(client.receiver.texts[2], "n"), 1);
  EXPECT_EQ(number_in(client.receiver.texts[3], "u"), 3);
  EXPECT_EQ(number_in(client.receiver.texts[3], "n"), 2);
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

Client watcher_of_market(World& world, Channels channel, Encoding encoding = Encoding::raw) {
  Client client{world.fanout.add_client(encoding), {}, {}};
  world.fanout.watch_market(client.number, channel);
  return client;
}

TEST(Fanout, AnAllSymbolStreamCarriesEverySymbolAndThoseListedLater) {
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

TEST(Fanout, AllWhoWatchTheWholeMarketShareOneListAndItsBytes) {
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

TEST(Fanout, AnArrayIsCompressedOnceForAllWhoTakeItSo) {
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

TEST(Fanout, AnArrayOfAVeryLargeMarketComesInSeveralMessages) {
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

TEST(Fanout, AStalledArrayClientKeepsTheRestOfOneMessageAtMost) {
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

// The whole market over random schedules, as events and as arrays: nobody sees an older quote after a newer,
// nor one twice, and after quiet everyone holds the last quote of every symbol, those listed later too.
RC_GTEST_PROP(Fanout, KeepsItsPromisesOfTheWholeMarket, ()) {
  const auto scope = *rc::gen::element(Scope::all, Scope::array);
  World world(3, {scope, 0});
  std::vector<std::optional<Client>> clients(4);
  const auto steps = *rc::gen::inRange(1, 150);
  for (int step = 0; step < steps; ++step) {
    const auto who = *rc::gen::inRange<std::size_t>(0, clients.size());
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
      case 1:
      case 2:
        world.change(id(*rc::gen::inRange<std::size_t>(0, world.symbols.size())));
        world.look();
        break;
      case 3:
        if (world.symbols.size() < 8)
          world.symbols.put_name("SYM" + std::to_string(world.symbols.size()) + "USDT");
        break;
      case 4:
        if (clients[who]) {
          world.fanout.remove_client(clients[who]->number);
          clients[who].reset();
        } else {
          clients[who] = watcher_of_market(world, kBookTicker);
        }
        break;
      case 5:
        if (clients[who]) clients[who]->serve(world.fanout, *rc::gen::inRange<std::size_t>(0, 400));
        break;
      default: {
        ClientId due{};
        while (world.fanout.next_due(due)) {
          for (auto& client : clients) {
            if (client && client->number == due)
              client->serve(world.fanout, *rc::gen::inRange<std::size_t>(0, 1500));
          }
        }
      }
    }
  }
  for (auto& client : clients) {
    if (!client) continue;
    while (client->serve(world.fanout, 1 << 20) < 1 << 20) continue;
    RC_ASSERT(client->receiver.in_order);
    RC_ASSERT(client->receiver.book_tickers.size() == world.newest.size());
    for (const auto& [symbol, update_id] : world.newest) {
      RC_ASSERT(client->receiver.book_tickers[std::string(world.symbols.name(symbol))].update_id ==
                update_id);
    }
  }
}

// Random schedules. After each the promises are checked: never an older quote after a newer one, no quote
// twice, nothing torn, and after quiet everyone holds the book's last quote of each of its symbols.
RC_GTEST_PROP(Fanout, KeepsItsPromisesOverRandomSchedules, ()) {
  constexpr std::size_t kSymbols = 6;
  World world(kSymbols);
  std::vector<std::optional<Client>> clients(5);
  std::vector<std::uint32_t> masks(clients.size(), 0);

  const auto steps = *rc::gen::inRange(1, 200);
  for (int step = 0; step < steps; ++step) {
    const auto who = *rc::gen::inRange<std::size_t>(0, clients.size());
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
      case 1:
        world.change(id(*rc::gen::inRange<std::size_t>(0, kSymbols)));
        break;
      case 2:
        world.look();
        break;
      case 3: {  // join, or watch something else
        if (!clients[who])
          clients[who] =
              Client{world.fanout.add_client(*rc::gen::element(Encoding::raw, Encoding::combined)), {}, {}};
        const std::uint32_t before =
            std::exchange(masks[who], *rc::gen::inRange<std::uint32_t>(0, 1u << kSymbols));
        std::vector<Watch> watches;
        for (std::size_t i = 0; i < kSymbols; ++i) {
          if (((masks[who] >> i) & 1u) == 0) continue;
          watches.push_back({id(i), kBookTicker});
          if (((before >> i) & 1u) == 0) {
            ++clients[who]->receiver.book_tickers["SYM" + std::to_string(i) + "USDT"].repeats_allowed;
          }
        }
        world.fanout.watch(clients[who]->number, watches);
        break;
      }
      case 4:
        if (clients[who]) {
          world.fanout.remove_client(clients[who]->number);
          clients[who].reset();
          masks[who] = 0;
        }
        break;
      case 5:  // a socket becomes writable by itself
        if (clients[who]) clients[who]->serve(world.fanout, *rc::gen::inRange<std::size_t>(0, 400));
        break;
      default: {  // a round
        ClientId due{};
        while (world.fanout.next_due(due)) {
          for (auto& client : clients) {
            if (client && client->number == due)
              client->serve(world.fanout, *rc::gen::inRange<std::size_t>(0, 1000));
          }
        }
      }
    }
  }
  world.look();
  for (std::size_t c = 0; c < clients.size(); ++c) {
    if (!clients[c]) continue;
    while (clients[c]->serve(world.fanout, 1 << 20) < 1 << 20) continue;
    RC_ASSERT(clients[c]->receiver.in_order);
    for (const auto& [symbol, update_id] : world.newest) {
      if (((masks[c] >> market::index(symbol)) & 1u) == 0) continue;
      RC_ASSERT(clients[c]->receiver.book_tickers[std::string(world.symbols.name(symbol))].update_id ==
                update_id);
    }
  }
}

// Here every update raises a symbol's id by one, so ids tell how many updates lie between two events.
RC_GTEST_PROP(Fanout, CountsExactlyWhatWasMergedSinceASymbolWasSubscribed, ()) {
  constexpr std::size_t kSymbols = 5;
  World world(kSymbols);
  Client client{world.fanout.add_client(Encoding::raw), {}, {}};
  std::uint32_t mask = 0;
  std::map<std::string, std::int64_t> seen;  // by symbol: the id of the last event since it was subscribed
  std::size_t counted = 0;
  const auto check = [&](const std::string& event) {
    const std::string symbol = event.substr(event.find("SYM"), 8);
    const std::int64_t update_id = *number_in(event, "u");
    const auto merged = number_in(event, "n");
    if (merged) {
      RC_ASSERT(seen.contains(symbol));
      RC_ASSERT(*merged == update_id - seen[symbol]);
      ++counted;
    }
    seen[symbol] = update_id;
  };
  const auto serve = [&](std::size_t room) {
    // What is torn was made before: it counts for the subscription it was made under, as what is whole does.
    client.serve(world.fanout, room);
    const std::size_t torn = client.torn.size();
    if (torn > 0) client.serve(world.fanout, torn);
    for (const std::string& event : std::exchange(client.receiver.texts, {})) check(event);
  };
  const auto steps = *rc::gen::inRange(1, 200);
  for (int step = 0; step < steps; ++step) {
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
      case 1:
        world.change(id(*rc::gen::inRange<std::size_t>(0, kSymbols)));
        world.look();
        break;
      case 2:
        world.change(id(*rc::gen::inRange<std::size_t>(0, kSymbols)));
        break;
      case 3: {
        if (*rc::gen::inRange(0, 3) != 0) break;
        const auto before = std::exchange(mask, *rc::gen::inRange<std::uint32_t>(0, 1u << kSymbols));
        std::vector<Watch> watches;
        for (std::size_t i = 0; i < kSymbols; ++i) {
          if (((mask >> i) & 1u) != 0) watches.push_back({id(i), kQuote});
          if (((before >> i) & 1u) == 0) seen.erase("SYM" + std::to_string(i) + "USDT");
        }
        world.fanout.watch(client.number, watches);
        break;
      }
      default:
        serve(*rc::gen::inRange<std::size_t>(0, 700));
    }
  }
  RC_CLASSIFY(counted > 0, "counted");
  // Served whole, and then again: all that changed in between is counted.
  world.look();
  serve(1 << 20);
  for (std::size_t i = 0; i < kSymbols; ++i) world.change(id(i));
  world.look();
  counted = 0;
  serve(1 << 20);
  std::size_t watched = 0;
  for (std::size_t i = 0; i < kSymbols; ++i) {
    if (((mask >> i) & 1u) != 0 && world.newest[id(i)] > 1) ++watched;
  }
  RC_ASSERT(counted == watched);
}

RC_GTEST_PROP(Fanout, ARoundReachesEveryoneWhoIsOwedSomething, ()) {
  World world(4);
  std::vector<Client> clients;
  const auto count = *rc::gen::inRange<std::size_t>(1, 40);
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back({world.fanout.add_client(Encoding::raw), {}, {}});
    const Watch watches[] = {{id(i % 4), kBookTicker}};
    world.fanout.watch(clients.back().number, watches);
  }
  for (std::size_t i = 0; i < 4; ++i) world.change(id(i));
  world.look();
  ClientId due{};
  std::map<ClientId, int> visits;
  while (world.fanout.next_due(due)) {
    ++visits[due];
    for (Client& client : clients) {
      if (client.number == due) client.serve(world.fanout, 1 << 20);
    }
    // Another leaves in the middle of the round: nobody is skipped for it.
    if (clients.size() > 1 && *rc::gen::inRange(0, 4) == 0) {
      const auto victim = *rc::gen::inRange<std::size_t>(0, clients.size());
      world.fanout.remove_client(clients[victim].number);
      clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(victim));
    }
  }
  for (const Client& client : clients) RC_ASSERT(client.receiver.book_tickers.size() == 1u);
}

}  // namespace
}  // namespace tickcast::fanout
