// SPDX-License-Identifier: Apache-2.0
//
// `n` of a quote event: how many updates are merged in it, exactly or not at all.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fanout/test_world.h"

namespace tickcast::fanout {
namespace {

using test::Client;
using test::id;
using test::number_in;
using test::World;

// A client of the first symbol, whose cursor lies behind a change of the second.
Client served_past_what_it_does_not_watch(World& world) {
  world.change(id(1));
  world.change(id(0));
  world.look();
  Client client{world.fanout.add_client(Encoding::raw), {}, {}};
  const Watch first[] = {{id(0), kQuote}};
  world.fanout.watch(client.number, first);
  client.serve(world.fanout, 1 << 20);
  return client;
}

TEST(MergedUpdates, TheQuoteEventCountsTheUpdatesMergedInIt) {
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

TEST(MergedUpdates, TheFirstQuoteEventOfAnAddedSymbolCountsNothingFromBefore) {
  World world(2);
  Client client = served_past_what_it_does_not_watch(world);
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

TEST(MergedUpdates, AChangeBeforeTheSnapshotWasServedIsStillTheFirstEvent) {
  World world(2);
  Client client = served_past_what_it_does_not_watch(world);
  const Watch both[] = {{id(0), kQuote}, {id(1), kQuote}};
  world.fanout.watch(client.number, both);  // its last change lies before the cursor
  world.change(id(1));
  world.look();
  client.serve(world.fanout, 1 << 20);
  ASSERT_EQ(client.receiver.texts.size(), 2u);
  EXPECT_EQ(number_in(client.receiver.texts[1], "u"), 2);
  EXPECT_EQ(number_in(client.receiver.texts[1], "n"), std::nullopt);
}

TEST(MergedUpdates, WhatAWriteThatWasCutLeftOutIsCountedWhenItComes) {
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

// Here every update raises a symbol's id by one, so ids tell how many updates lie between two events.
RC_GTEST_PROP(MergedUpdates, CountsExactlyWhatWasMergedSinceASymbolWasSubscribed, ()) {
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

}  // namespace
}  // namespace tickcast::fanout
