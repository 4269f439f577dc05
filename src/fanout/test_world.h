// SPDX-License-Identifier: Apache-2.0
//
// For tests: a market of a few symbols with the fan-out that follows it, and clients with sockets of limited
// room that read back what they were sent.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "fanout/fanout.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

namespace tickcast::fanout::test {

using market::Book;
using market::SymbolId;

inline constexpr std::int64_t kNow = 1'732'320'000'123'456'789;

inline SymbolId id(std::size_t i) { return static_cast<SymbolId>(i); }

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

inline Client watcher_of_market(World& world, Channels channel, Encoding encoding = Encoding::raw) {
  Client client{world.fanout.add_client(encoding), {}, {}};
  world.fanout.watch_market(client.number, channel);
  return client;
}

// The value of a number in an event; nothing when it is left out.
inline std::optional<std::int64_t> number_in(const std::string& event, const std::string& key) {
  const std::size_t at = event.find('"' + key + "\":");
  if (at == std::string::npos) return std::nullopt;
  return std::stoll(event.substr(at + key.size() + 3));
}

}  // namespace tickcast::fanout::test
