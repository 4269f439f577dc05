// SPDX-License-Identifier: Apache-2.0
//
// Taking in a quote and serving it allocates nothing once warm: from the bytes of an exchange's frame to the
// bytes on a client's socket, through the production classes, for every form of stream.
#include <deque>
#include <string>
#include <vector>

#include <sys/socket.h>

#include <gtest/gtest.h>

#include "allocations.h"
#include "fanout/compressor.h"
#include "fanout/lanes.h"
#include "market/book.h"
#include "net/loop.h"
#include "wire/ticker.h"
#include "ws/connection.h"

namespace tickcast {
namespace {

struct Ignore final : ws::ConnectionEvents {
  void on_message(ws::Connection&, const wire::Message&, std::int64_t) override {}
  void on_writable(ws::Connection&) override {}
  void on_ended(ws::Connection&, const ws::Ended&) override {}
};

// One client's end of a socket pair, and a connection that writes to it.
struct Pipe {
  int fds[2];
  Pipe() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() { close(fds[1]); }
  std::size_t drain() const {
    char buffer[4096];
    const ssize_t n = read(fds[1], buffer, sizeof buffer);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
  }
};

// A client of one form of stream.
struct Client {
  Client(const ws::ConnectionOwner& connections, fanout::Lane& its_lane, std::uint32_t owner)
      : connection(connections, net::Stream(net::Socket(pipe.fds[0]))),
        lane(its_lane),
        number(lane.add_client(fanout::Encoding::combined, owner)) {
    connection.start({});
  }
  Pipe pipe;
  ws::Connection connection;
  fanout::Lane& lane;
  fanout::ClientId number;
  std::size_t delivered = 0;
};

std::vector<std::string> exchange_frames(int count) {
  std::vector<std::string> out;
  for (int u = 1; u <= count; ++u) {
    const char* const symbol = u % 3 == 0 ? "ETHUSDT" : "BTCUSDT";
    out.push_back(R"({"stream":"x@bookTicker","data":{"u":)" + std::to_string(50'093'421'613 + u) +
                  R"(,"s":")" + symbol +
                  R"(","b":"61685.99000000","B":"1.25869000","a":"61686.00000000","A":"2.44816000"}})");
  }
  return out;
}

TEST(Allocation, TakingInAQuoteAndServingItAllocatesNothingOnceWarm) {
  market::SymbolTable symbols;
  market::Book book;
  market::BookReader reader(book);
  fanout::Lanes lanes(symbols);
  wire::FrameReader frames;
  net::Loop loop;
  Ignore ignore;
  const ws::ConnectionOptions options;
  const ws::ConnectionOwner connections{loop, wire::Role::server, options, ignore};
  const fanout::Watch watches[] = {
      {*symbols.put_name("BTCUSDT"), fanout::kBookTicker | fanout::kQuote | fanout::kBestBidAsk},
      {*symbols.put_name("ETHUSDT"), fanout::kQuote}};
  std::int64_t now_ns = kNsPerSecond;
  std::deque<Client> clients;
  for (const auto scope : {fanout::Scope::listed, fanout::Scope::all, fanout::Scope::array}) {
    for (const std::uint32_t pace_ms : {0u, 100u}) {
      for (int twice = 0; twice < 2; ++twice) {  // for bytes of one's own, and for shared ones
        const auto owner = static_cast<std::uint32_t>(clients.size());
        clients.emplace_back(connections, lanes.lane_for({scope, pace_ms}, now_ns), owner);
        fanout::Fanout& fanout = clients.back().lane.fanout;
        if (scope == fanout::Scope::listed) {
          fanout.watch(clients.back().number, watches);
        } else {
          fanout.watch_market(clients.back().number, fanout::kQuote);
        }
      }
    }
  }

  const auto serve = [&] {
    fanout::Lanes::Due due;
    while (lanes.next_due(due)) {
      Client& client = clients[due.lane->owner(due.client)];
      const auto owed = due.lane->fanout.owed(due.client, 1'732'320'000'000'000'000 + now_ns);
      if (owed.empty()) continue;
      ASSERT_TRUE(due.lane->fanout.written(due.client, client.connection.offer(owed)).empty());
    }
    for (Client& client : clients) client.delivered += client.pipe.drain();
  };
  const std::vector<std::string> incoming = exchange_frames(2000);
  std::uint64_t warm = 0;
  for (std::size_t i = 0; i < incoming.size(); ++i) {
    if (i == 200) warm = allocations();
    ASSERT_EQ(frames.read(incoming[i]), wire::FrameKind::ticker);
    market::Quote quote = frames.ticker().quote;
    quote.received_ns = quote.admitted_ns = 1'732'320'000'000'000'000 + now_ns;
    ASSERT_EQ(book.admit(*symbols.find(frames.ticker().symbol), quote), market::Admission::admitted);
    book.publish();
    now_ns += 7 * kNsPerMs;
    reader.drain(symbols, [&](market::SymbolId changed) {
      market::Book::Entry entry;
      if (book.read(changed, entry)) lanes.apply(changed, entry, now_ns);
    });
    lanes.advance(now_ns);
    serve();
  }
  EXPECT_EQ(allocations() - warm, 0u);
  for (const Client& client : clients) {
    EXPECT_GT(client.delivered, client.lane.form.pace_ms == 0 ? 2000u * 100 : 100u * 100);
  }
}

TEST(Allocation, CompressingAnArrayAllocatesNothingOnceWarm) {
  constexpr std::size_t kSymbols = 100;
  market::SymbolTable symbols;
  for (std::size_t i = 0; i < kSymbols; ++i)
    ASSERT_TRUE(symbols.put_name("SYM" + std::to_string(i) + "USDT"));
  fanout::Compressor compressor;
  fanout::Fanout fanout(symbols, {fanout::Scope::array, 0}, &compressor);
  const auto client = fanout.add_client(fanout::Encoding::combined_deflated);
  fanout.watch_market(client, fanout::kQuote);

  market::Book::Entry entry;
  entry.quote.bid_price = {6'168'599'000'000, -8};
  std::uint64_t warm = 0;
  std::size_t bytes = 0;
  constexpr std::size_t kRounds = 200;
  for (std::size_t round = 0; round < kRounds; ++round) {
    if (round == 10) warm = allocations();
    for (std::size_t i = 0; i < kSymbols; ++i) {
      ++entry.sequence;
      entry.updates = round + 1;
      entry.quote.update_id = static_cast<std::int64_t>(entry.sequence);
      fanout.apply(static_cast<market::SymbolId>(i), entry);
    }
    fanout::ClientId due{};
    while (fanout.next_due(due)) {
      const auto owed =
          fanout.owed(due, 1'732'320'000'000'000'000 + static_cast<std::int64_t>(round) * 1'000'000'000);
      bytes += owed.size();
      ASSERT_TRUE(fanout.written(due, owed.size()).empty());
    }
  }
  EXPECT_GT(bytes, kRounds * kSymbols);
  EXPECT_LT(bytes, kRounds * kSymbols * 60) << "every one was compressed";
  EXPECT_EQ(allocations() - warm, 0u);
}

}  // namespace
}  // namespace tickcast
