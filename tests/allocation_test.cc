// SPDX-License-Identifier: Apache-2.0
//
// Taking in a quote and serving it allocates nothing once warm: from the bytes of an exchange's frame to the
// bytes on a client's socket, through the production classes.
#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include <sys/socket.h>

#include <gtest/gtest.h>

#include "fanout/compressor.h"
#include "fanout/fanout.h"
#include "market/book.h"
#include "net/loop.h"
#include "wire/ticker.h"
#include "ws/connection.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}

void* operator new(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

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
  ~Pipe() { close(fds[1]); }
  std::size_t drain() const {
    char buffer[4096];
    const ssize_t n = read(fds[1], buffer, sizeof buffer);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
  }
};

TEST(Allocation, TakingInAQuoteAndServingItAllocatesNothingOnceWarm) {
  market::SymbolTable symbols;
  market::Book book;
  market::BookReader reader(book);
  fanout::Fanout fanout(symbols);
  wire::FrameReader frames;
  net::Loop loop;
  Ignore ignore;
  ws::ConnectionOptions connection_options;

  const auto symbol = *symbols.put_name("BTCUSDT");
  Pipe pipe;
  ws::Connection connection(loop, net::Stream(net::Socket(pipe.fds[0])), wire::Role::server,
                            connection_options, ignore);
  connection.start({});
  const auto client = fanout.add_client(fanout::Encoding::combined);
  const fanout::Watch watches[] = {{symbol, fanout::kBookTicker | fanout::kQuote | fanout::kBestBidAsk}};
  fanout.watch(client, watches);

  std::vector<std::string> incoming;
  for (int u = 1; u <= 2000; ++u) {
    incoming.push_back(
        R"({"stream":"btcusdt@bookTicker","data":{"u":)" + std::to_string(50'093'421'613 + u) +
        R"(,"s":"BTCUSDT","b":"61685.99000000","B":"1.25869000","a":"61686.00000000","A":"2.44816000"}})");
  }
  std::uint64_t warm = 0;
  std::size_t delivered = 0;
  for (std::size_t i = 0; i < incoming.size(); ++i) {
    if (i == 100) warm = allocations.load();
    ASSERT_EQ(frames.read(incoming[i]), wire::FrameKind::ticker);
    market::Quote quote = frames.ticker().quote;
    quote.received_ns = quote.admitted_ns = 1'732'320'000'000'000'000 + static_cast<std::int64_t>(i);
    ASSERT_EQ(book.admit(*symbols.find(frames.ticker().symbol), quote), market::Admission::admitted);
    book.publish();
    reader.drain(symbols, [&](market::SymbolId changed) {
      market::Book::Entry entry;
      if (book.read(changed, entry)) fanout.apply(changed, entry);
    });
    fanout::ClientId due{};
    while (fanout.next_due(due)) {
      const auto owed = fanout.owed(due, quote.admitted_ns);
      ASSERT_TRUE(fanout.written(due, connection.offer(owed)).empty());
    }
    delivered += pipe.drain();
  }
  EXPECT_GT(delivered, incoming.size() * 300);
  EXPECT_EQ(allocations.load() - warm, 0u);
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
    if (round == 10) warm = allocations.load();
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
  EXPECT_GT(bytes, kRounds * kSymbols * 10);
  EXPECT_LT(bytes, kRounds * kSymbols * 60) << "every one was compressed";
  EXPECT_EQ(allocations.load() - warm, 0u);
}

}  // namespace
}  // namespace tickcast
