// SPDX-License-Identifier: Apache-2.0
//
// The fan-out's promises over random schedules of changes, subscriptions, full sockets and torn writes.
#include <map>
#include <optional>
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
using test::watcher_of_market;
using test::World;

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
