// SPDX-License-Identifier: Apache-2.0
//
// The promises of paced streams, by example and over random schedules of changes, clients and full sockets.
#include "fanout/lanes.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wire/ws_frame.h"

namespace tickcast::fanout {
namespace {

using market::SymbolId;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::uint32_t kPaceMs = 100;

SymbolId id(std::size_t i) { return static_cast<SymbolId>(i); }

std::int64_t number_in(const std::string& event, const std::string& key, std::int64_t absent = 0) {
  const std::size_t at = event.find('"' + key + "\":");
  return at == std::string::npos ? absent : std::stoll(event.substr(at + key.size() + 3));
}

// A market whose every change raises a symbol's id by one, and a clock that only the test moves.
struct World {
  market::SymbolTable symbols;
  Lanes lanes{symbols};
  std::map<SymbolId, std::int64_t> newest;
  std::uint64_t sequence = 0;
  std::int64_t now_ns = 1000 * kMs;

  explicit World(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) symbols.put_name("SYM" + std::to_string(i) + "USDT");
  }
  void change(SymbolId symbol) {
    market::Book::Entry entry;
    entry.quote.update_id = ++newest[symbol];
    entry.sequence = ++sequence;
    entry.updates = static_cast<std::uint64_t>(newest[symbol]);
    lanes.apply(symbol, entry, now_ns);
  }
  // Moves the clock, stopping wherever a lane asked to be woken.
  template <class Serve>
  void pass(std::int64_t ns, Serve serve) {
    const std::int64_t until_ns = now_ns + ns;
    for (;;) {
      const std::int64_t next_ns = lanes.advance(now_ns);
      serve();
      if (next_ns > until_ns) break;
      ASSERT_GT(next_ns, now_ns) << "a lane asks for the past";
      now_ns = next_ns;
    }
    now_ns = until_ns;
    lanes.advance(now_ns);
    serve();
  }
};

// A client of one lane, with a socket of limited room.
struct Client {
  Lane* lane;
  ClientId number;
  wire::MessageReader reader{wire::Role::client, {}};
  std::string torn;
  std::vector<std::string> texts;
  std::vector<std::int64_t> moments;  // when each text was received

  Client(World& world, Form form, Encoding encoding = Encoding::raw)
      : lane(&world.lanes.lane_for(form, world.now_ns)), number(lane->add_client(encoding, 0)) {
    if (form.scope != Scope::listed) lane->fanout.watch_market(number, kQuote);
  }
  void watch(std::span<const Watch> watches) { lane->fanout.watch(number, watches); }

  void serve(const World& world, std::size_t room = 1 << 20) {
    take(torn, room, world.now_ns);
    if (!torn.empty()) return;
    const auto owed = lane->fanout.owed(number, world.now_ns);
    std::string bytes(owed.begin(), owed.end());
    const std::size_t sent = std::min(room, bytes.size());
    if (owed.empty()) return;
    const auto rest = lane->fanout.written(number, sent);
    const std::string kept(rest.begin(), rest.end());
    bytes.resize(sent);
    take(bytes, room, world.now_ns);
    torn = kept;
  }
  void take(std::string& bytes, std::size_t& room, std::int64_t now_ns) {
    const std::size_t n = std::min(room, bytes.size());
    std::string part = bytes.substr(0, n);
    std::span<char> rest(part);
    wire::Message message;
    while (reader.next(rest, message) == wire::MessageReader::Status::message) {
      texts.emplace_back(message.payload.begin(), message.payload.end());
      moments.push_back(now_ns);
    }
    bytes.erase(0, n);
    room -= n;
  }
};

TEST(Lanes, APacedStreamSendsAtOnceThenAtThePeriodsEnd) {
  World world(1);
  Client client(world, {Scope::listed, kPaceMs}, Encoding::combined);
  const Watch watches[] = {{id(0), kQuote}};
  client.watch(watches);
  const auto serve = [&] { client.serve(world); };
  world.pass(30 * kMs, serve);
  world.change(id(0));
  serve();
  ASSERT_EQ(client.texts.size(), 1u) << "the leading edge is at once";
  EXPECT_TRUE(client.texts[0].starts_with(R"({"stream":"sym0usdt@quote@100ms","data":{"e":"quote",)"));
  for (int i = 0; i < 3; ++i) {
    world.pass(10 * kMs, serve);
    world.change(id(0));
    serve();
  }
  EXPECT_EQ(client.texts.size(), 1u);
  world.pass(100 * kMs, serve);
  ASSERT_EQ(client.texts.size(), 2u);
  EXPECT_EQ(client.moments[1], 1100 * kMs) << "at the period's end";
  EXPECT_EQ(number_in(client.texts[1], "u"), 4);
  EXPECT_EQ(number_in(client.texts[1], "n"), 3);
  EXPECT_EQ(world.lanes.advance(world.now_ns), Lane::kNever) << "nothing is held: nobody need come back";
}

// What a client of this form is sent in two seconds of changes every 10 ms, and when.
struct Sent {
  std::vector<std::string> texts;
  std::vector<std::int64_t> moments;
  friend bool operator==(const Sent&, const Sent&) = default;
};
Sent sent_in(std::uint32_t pace_ms, std::int64_t fastest_pace_ns) {
  World world(1);
  world.lanes.set_fastest_pace(fastest_pace_ns);
  Client client(world, {Scope::listed, pace_ms}, Encoding::combined);
  const Watch watches[] = {{id(0), kBookTicker}};
  client.watch(watches);
  for (int i = 0; i < 200; ++i) {
    world.change(id(0));
    world.pass(10 * kMs, [&] { client.serve(world); });
  }
  return {client.texts, client.moments};
}

TEST(Lanes, AFastestPaceHoldsForStreamsThatAreFasterAndLeavesTheirNames) {
  const Sent unpaced = sent_in(0, 250 * kMs);
  const Sent faster = sent_in(100, 250 * kMs);
  EXPECT_EQ(unpaced.texts.size(), 9u) << "the first change at once, then one at each of eight periods' ends";
  EXPECT_EQ(faster.moments, unpaced.moments);
  EXPECT_TRUE(unpaced.texts.back().starts_with(R"({"stream":"sym0usdt@bookTicker","data":)"));
  EXPECT_TRUE(faster.texts.back().starts_with(R"({"stream":"sym0usdt@bookTicker@100ms","data":)"));
  EXPECT_EQ(sent_in(500, 250 * kMs), sent_in(500, 0)) << "a slower stream is as without";
}

TEST(Lanes, AFastestPaceComesAndGoesWhileClientsAreThere) {
  World world(1);
  Client client(world, {});
  const Watch watches[] = {{id(0), kQuote}};
  client.watch(watches);
  const auto change = [&] {
    world.change(id(0));
    client.serve(world);
  };
  change();
  change();
  EXPECT_EQ(client.texts.size(), 2u);
  world.lanes.set_fastest_pace(1000 * kMs);
  change();
  EXPECT_EQ(client.texts.size(), 3u) << "the first of the period that begins";
  change();
  EXPECT_EQ(client.texts.size(), 3u);
  world.lanes.set_fastest_pace(500 * kMs);
  client.serve(world);
  EXPECT_EQ(client.texts.size(), 4u) << "what was held under the pace before";
  change();
  change();
  EXPECT_EQ(client.texts.size(), 5u);
  world.lanes.set_fastest_pace(0);
  client.serve(world);
  ASSERT_EQ(client.texts.size(), 6u);
  EXPECT_EQ(number_in(client.texts[5], "u"), 6);
  EXPECT_EQ(world.lanes.advance(world.now_ns), Lane::kNever);
  change();
  EXPECT_EQ(client.texts.size(), 7u);
}

TEST(Lanes, ANewLaneUnderAFastestPaceHasWhatThatOneHoldsBack) {
  World world(1);
  world.lanes.set_fastest_pace(1000 * kMs);
  world.change(id(0));
  world.change(id(0));
  Client client(world, {Scope::listed, kPaceMs});
  const Watch watches[] = {{id(0), kQuote}};
  client.watch(watches);
  client.serve(world);
  ASSERT_EQ(client.texts.size(), 1u);
  EXPECT_EQ(number_in(client.texts[0], "u"), 2);
}

TEST(Lanes, AnArrayAtAPaceIsOneMessageAPeriod) {
  World world(20);
  Client client(world, {Scope::array, kPaceMs});
  const auto serve = [&] { client.serve(world); };
  for (int i = 0; i < 100; ++i) {
    world.change(id(static_cast<std::size_t>(i) % 20));
    world.pass(10 * kMs, serve);
  }
  EXPECT_EQ(client.texts.size(), 11u) << "the first change at once, then one at each of ten periods' ends";
}

TEST(Lanes, ClientsOfAPaceFillOnePhaseThenSpreadOverAll) {
  World world(1);
  std::vector<std::unique_ptr<Client>> clients;
  std::map<Lane*, std::size_t> members;
  for (std::size_t i = 0; i < Lanes::kPhases * Lanes::kClientsPerPhase * 2; ++i) {
    clients.push_back(std::make_unique<Client>(world, Form{Scope::all, 1000}));
    ++members[clients.back()->lane];
    if (i + 1 == Lanes::kClientsPerPhase) {
      EXPECT_EQ(members.size(), 1u);
    }
  }
  EXPECT_EQ(members.size(), Lanes::kPhases);
  for (const auto& [lane, count] : members) EXPECT_EQ(count, 2 * Lanes::kClientsPerPhase);
  for (const auto& client : clients) world.lanes.remove_client(*client->lane, client->number);
  EXPECT_EQ(world.lanes.count(), 1u);
}

TEST(Lanes, ANewLaneHasTheLastQuoteOfEverySymbol) {
  World world(2);
  world.change(id(1));
  Client client(world, {Scope::all, kPaceMs});
  client.serve(world);
  ASSERT_EQ(client.texts.size(), 1u);
  EXPECT_NE(client.texts[0].find("SYM1USDT"), std::string::npos);
}

TEST(Lanes, TakeTurnsSoThatABusyOneStarvesNone) {
  World world(1);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<Client>(world, Form{}));
    const Watch watches[] = {{id(0), kQuote}};
    clients.back()->watch(watches);
  }
  Client paced(world, {Scope::all, kPaceMs});
  world.change(id(0));
  Lanes::Due due;
  int before = 0;
  while (world.lanes.next_due(due) && due.lane != paced.lane) ++before;
  EXPECT_EQ(due.lane, paced.lane);
  EXPECT_LT(before, 100);
}

// Random schedules over random paces: at most one event per symbol and period when nothing delays a write,
// none older after newer, `n` sums up, and after quiet everyone holds the last quote of every symbol.
RC_GTEST_PROP(Lanes, KeepTheirPromisesOverRandomSchedules, ()) {
  constexpr std::size_t kSymbols = 4;
  World world(kSymbols);
  const auto pace_ms = *rc::gen::element<std::uint32_t>(0, 100, 250, 3000);
  const auto fastest_ms = *rc::gen::element<std::uint32_t>(0, 170, 5000);
  const std::int64_t period_ms = std::max({pace_ms, fastest_ms, 1u});
  const auto scope = *rc::gen::element(Scope::listed, Scope::all);
  const auto full = *rc::gen::arbitrary<bool>();  // sockets that take what they like
  world.lanes.set_fastest_pace(fastest_ms * kMs);
  Client client(world, {scope, pace_ms});
  std::vector<Watch> watches;
  for (std::size_t i = 0; i < kSymbols; ++i) watches.push_back({id(i), kQuote});
  if (scope == Scope::listed) client.watch(watches);
  const auto serve = [&] { client.serve(world, full ? *rc::gen::inRange<std::size_t>(0, 400) : 1 << 20); };
  const auto steps = *rc::gen::inRange(1, 120);
  for (int step = 0; step < steps; ++step) {
    if (*rc::gen::inRange(0, 4) == 0) {
      world.pass(*rc::gen::inRange<std::int64_t>(1, 1 + 2 * period_ms) * kMs, serve);
    } else {
      world.change(id(*rc::gen::inRange<std::size_t>(0, kSymbols)));
      serve();
    }
  }
  // A period later all is out, and once the socket takes it everyone is up to date.
  world.pass(period_ms * kMs, serve);
  for (int i = 0; i < 3; ++i) client.serve(world);

  std::map<std::string, std::int64_t> seen;
  std::map<std::string, std::int64_t> last_period;
  for (std::size_t i = 0; i < client.texts.size(); ++i) {
    const std::string& event = client.texts[i];
    const std::string symbol = event.substr(event.find("SYM"), 8);
    const std::int64_t update_id = number_in(event, "u");
    RC_ASSERT(update_id > seen[symbol]);
    if (const std::int64_t n = number_in(event, "n"); n != 0) RC_ASSERT(n == update_id - seen[symbol]);
    const std::int64_t period = client.moments[i] / (period_ms * kMs);
    const bool paced = pace_ms != 0 || fastest_ms != 0;
    if (paced && !full && seen[symbol] != 0) RC_ASSERT(period > last_period[symbol]);
    seen[symbol] = update_id;
    last_period[symbol] = period;
  }
  for (const auto& [symbol, update_id] : world.newest) {
    RC_ASSERT(seen[std::string(world.symbols.name(symbol))] == update_id);
  }
}

// The events of a message: one, or an array of them.
std::vector<std::string> events_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1))
    out.push_back(text.substr(at, text.find('}', at) + 1 - at));
  return out;
}

// Many clients of many forms at once, who come, go, lag and are cut off in the middle: none sees an older
// quote after a newer one, `n` sums up, and after quiet all hold the last quote of every symbol.
RC_GTEST_PROP(Lanes, KeepTheirPromisesForManyClientsOfManyForms, ()) {
  constexpr std::size_t kSymbols = 4;
  World world(kSymbols);
  std::vector<std::optional<Client>> clients(6);
  const auto join = [&](std::optional<Client>& place) {
    const Form form{*rc::gen::element(Scope::listed, Scope::all, Scope::array),
                    *rc::gen::element<std::uint32_t>(0, 100, 250)};
    place.emplace(world, form);
    const Watch watches[] = {{id(0), kQuote}, {id(1), kQuote}, {id(2), kQuote}, {id(3), kQuote}};
    if (form.scope == Scope::listed) place->watch(watches);
  };
  const auto serve_due = [&](bool whole) {
    Lanes::Due due;
    while (world.lanes.next_due(due)) {
      for (auto& client : clients) {
        if (client && client->lane == due.lane && client->number == due.client)
          client->serve(world, whole ? 1 << 20 : *rc::gen::inRange<std::size_t>(0, 900));
      }
    }
  };
  const auto steps = *rc::gen::inRange(1, 150);
  for (int step = 0; step < steps; ++step) {
    auto& place = clients[*rc::gen::inRange<std::size_t>(0, clients.size())];
    switch (*rc::gen::inRange(0, 9)) {
      case 0:
        if (place) {
          world.lanes.remove_client(*place->lane, place->number);
          place.reset();
        } else {
          join(place);
        }
        break;
      case 1:
        world.pass(*rc::gen::inRange<std::int64_t>(1, 300) * kMs, [&] { serve_due(false); });
        break;
      case 2:
        if (place) place->serve(world, *rc::gen::inRange<std::size_t>(0, 400));
        break;
      case 3:
        world.lanes.set_fastest_pace(*rc::gen::element<std::int64_t>(0, 40, 170, 1000) * kMs);
        break;
      default:
        world.change(id(*rc::gen::inRange<std::size_t>(0, kSymbols)));
        if (*rc::gen::inRange(0, 2) == 0) serve_due(false);
    }
  }
  world.pass(1000 * kMs, [&] { serve_due(true); });
  for (auto& client : clients) {
    if (!client) continue;
    for (int i = 0; i < 3; ++i) client->serve(world);
    std::map<std::string, std::int64_t> seen;
    for (const std::string& text : client->texts) {
      for (const std::string& event : events_of(text)) {
        const std::string symbol = event.substr(event.find("SYM"), 8);
        const std::int64_t update_id = number_in(event, "u");
        RC_ASSERT(update_id > seen[symbol]);
        if (const std::int64_t n = number_in(event, "n"); n != 0) RC_ASSERT(n == update_id - seen[symbol]);
        seen[symbol] = update_id;
      }
    }
    for (const auto& [symbol, update_id] : world.newest)
      RC_ASSERT(seen[std::string(world.symbols.name(symbol))] == update_id);
  }
}

}  // namespace
}  // namespace tickcast::fanout
