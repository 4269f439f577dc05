// SPDX-License-Identifier: Apache-2.0
//
// The feed under load: a simulated exchange in a thread of its own, the feed in another, real sockets between
// them. Prints whether the feed keeps up, what it costs, and how long a quote takes from the socket into the
// book.
//
//   feed_bench [events per second] [connections] [seconds] [legs]      defaults: 100000 8 10 2
//
// With two legs every event comes twice, so the feed reads two frames per event. When fewer are admitted than
// were asked for, compare the two threads' shares of a core to see which one is the bottleneck.
#include "feed/feed.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "exchange/exchange.h"
#include "market/book.h"
#include "net/loop.h"

namespace tickcast {
namespace {

struct Load {
  double events_per_second = 100'000;
  std::size_t connections = 8;
  int seconds = 10;
  std::size_t legs = 2;
};

double thread_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

std::unique_ptr<exchange::Exchange> start_exchange(const Load& load) {
  exchange::Options options;
  options.listen = {"127.0.0.1", 0};
  options.market.events_per_second = load.events_per_second;
  auto started = exchange::Exchange::start(options);
  CHECK(started.has_value(), "the simulated exchange did not start");
  return std::move(started).value();
}

feed::Options feed_options(const Load& load, std::uint16_t port) {
  feed::Options options;
  options.rest = *wire::parse_url("http://127.0.0.1:" + std::to_string(port), "http");
  options.streams = *wire::parse_url("ws://127.0.0.1:" + std::to_string(port), "ws");
  options.legs = load.legs;
  options.connections_per_leg_min = std::max<std::size_t>(1, load.connections / load.legs);
  return options;
}

struct Counts {
  std::uint64_t frames = 0;
  std::uint64_t admitted = 0;
  double cpu_seconds = 0;
  std::int64_t at_ns = 0;
};

Counts count(const feed::Stats& stats) {
  Counts out;
  for (const feed::LegStats& leg : stats.legs) out.frames += leg.frames;
  out.admitted = stats.admitted;
  out.cpu_seconds = thread_cpu_seconds();
  out.at_ns = steady_ns();
  return out;
}

// The feed in this thread; its book is read at the end of every turn, so a sample is the newest quote of a
// symbol that changed in the turn.
void run(const Load& load) {
  auto exchange = start_exchange(load);
  net::Loop loop;
  market::SymbolTable symbols;
  market::Book book;
  feed::Feed feed(loop, symbols, book, feed_options(load, exchange->port()));
  feed.start();

  const std::int64_t start_ns = steady_ns();
  while (!feed.stats().ready && steady_ns() - start_ns < 60 * kNsPerSecond) loop.turn(5 * kNsPerMs);
  CHECK(feed.stats().ready, "the feed was not ready within a minute");
  std::printf("ready after %.2f s, %lu connections, %zu symbols\n",
              static_cast<double>(steady_ns() - start_ns) / 1e9, feed.stats().open_connections.value(),
              symbols.size());

  std::vector<std::int64_t> ages_ns;
  ages_ns.reserve(static_cast<std::size_t>(load.events_per_second) * static_cast<std::size_t>(load.seconds) *
                  2);
  market::BookReader reader(book);
  reader.drain(symbols, [](market::SymbolId) {});
  const Counts before = count(feed.stats());
  while (steady_ns() - before.at_ns < load.seconds * kNsPerSecond) {
    loop.turn(100 * kNsPerMs);
    reader.drain(symbols, [&](market::SymbolId id) {
      market::Book::Entry entry;
      if (book.read(id, entry) && ages_ns.size() < ages_ns.capacity()) {
        ages_ns.push_back(entry.quote.admitted_ns - entry.quote.received_ns);
      }
    });
  }
  const Counts after = count(feed.stats());

  const double seconds = static_cast<double>(after.at_ns - before.at_ns) / 1e9;
  const double frames = static_cast<double>(after.frames - before.frames);
  const double cpu = after.cpu_seconds - before.cpu_seconds;
  std::printf("%.0f events/s asked for: %.0f admitted/s, %.0f frames/s\n", load.events_per_second,
              static_cast<double>(after.admitted - before.admitted) / seconds, frames / seconds);
  std::printf("feed thread: %.1f %% of a core, %.0f ns per frame (sockets included)\n", 100 * cpu / seconds,
              1e9 * cpu / frames);
  std::sort(ages_ns.begin(), ages_ns.end());
  const auto at = [&](double share) {
    return static_cast<double>(
               ages_ns[static_cast<std::size_t>(share * static_cast<double>(ages_ns.size() - 1))]) /
           1e3;
  };
  if (!ages_ns.empty()) {
    std::printf("received to admitted: p50 %.1f us, p99 %.1f us, p99.9 %.1f us, max %.1f us (%zu samples)\n",
                at(0.5), at(0.99), at(0.999), at(1), ages_ns.size());
  }
  for (std::size_t leg = 0; leg < load.legs; ++leg) {
    const feed::LegStats& counters = feed.stats().legs[leg];
    std::printf("leg %c: %lu won, %lu duplicates, %lu older\n", static_cast<char>('A' + leg),
                counters.wins.value(), counters.duplicates.value(), counters.older.value());
  }
}

}  // namespace
}  // namespace tickcast

int main(int argc, char** argv) {
  tickcast::Load load;
  if (argc > 1) load.events_per_second = std::atof(argv[1]);
  if (argc > 2) load.connections = static_cast<std::size_t>(std::atoi(argv[2]));
  if (argc > 3) load.seconds = std::atoi(argv[3]);
  if (argc > 4) load.legs = static_cast<std::size_t>(std::atoi(argv[4]));
  if (load.events_per_second <= 0 || load.connections < 1 || load.seconds < 1 || load.legs < 1 ||
      load.legs > tickcast::feed::Stats::kLegsMax) {
    std::fprintf(stderr, "feed_bench [events per second] [connections] [seconds] [legs: 1 to 4]\n");
    return 2;
  }
  tickcast::run(load);
}
