// SPDX-License-Identifier: Apache-2.0
//
// The parts `hot`, `same` and `different`: what a delivery costs, beside loops that only send.
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "base/clock.h"
#include "crowd.h"
#include "pairs.h"
#include "parts.h"
#include "sides.h"

namespace tickcast::bench {
namespace {

// Everybody gets everything: the frames are built once, and one send() a client carries them.
class SenderSide final : public BareSide {
 public:
  void publish(std::span<const std::size_t> symbols) override {
    bytes_.clear();
    for (const std::size_t symbol : symbols) {
      note_published(++number);
      bytes_ += sample_frame(symbol, number);
    }
    for (const net::Socket& socket : sockets_) write_all(socket, bytes_);
  }

 private:
  std::string bytes_;
};

// Everybody gets its own: each frame is built once and copied for each client that watches it, then one
// send() a client.
class CopierSide final : public BareSide {
 public:
  CopierSide(const Lists& lists, std::size_t symbols) : watchers_(symbols), buffers_(lists.size()) {
    for (std::size_t client = 0; client < lists.size(); ++client) {
      for (const std::size_t symbol : lists[client]) watchers_[symbol].push_back(client);
    }
  }
  void publish(std::span<const std::size_t> symbols) override {
    for (const std::size_t symbol : symbols) {
      note_published(++number);
      const std::string frame = sample_frame(symbol, number);
      for (const std::size_t client : watchers_[symbol]) buffers_[client] += frame;
    }
    for (std::size_t client = 0; client < buffers_.size(); ++client) {
      if (buffers_[client].empty()) continue;
      write_all(sockets_[client], buffers_[client]);
      buffers_[client].clear();
    }
  }

 private:
  Lists watchers_;  // by symbol
  std::vector<std::string> buffers_;
};

// --- one hot symbol ---

struct Hot {
  double us_per_delivery = 0;
  std::array<double, 3> p50_ms{};  // all, the first tenth, the last tenth
  std::array<double, 3> p99_ms{};
};

Hot run_hot(Side& side, int clients, int per_second, int seconds) {
  Crowd crowd(plan_of(side, clients, [](int) { return "/ws/s000000@bookTicker"; }));
  if (!side.asks()) side.settle(clients);
  crowd.wait_connected();
  const std::size_t symbol[] = {0};
  const double before = cpu_seconds();
  const std::int64_t begin_ns = steady_ns();
  for (int n = 0; n < per_second * seconds; ++n) {
    sleep_until(begin_ns + n * kNsPerSecond / per_second);
    side.publish(symbol);
  }
  sleep_until(steady_ns() + 200 * kNsPerMs);  // what is still on its way belongs to the run
  Hot out;
  out.us_per_delivery = (cpu_seconds() - before) * 1e6 / static_cast<double>(crowd.frames());
  const std::array<const Ages*, 3> groups = {&crowd.all(), &crowd.first_tenth(), &crowd.last_tenth()};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    out.p50_ms[i] = groups[i]->quantile_ms(0.5);
    out.p99_ms[i] = groups[i]->quantile_ms(0.99);
  }
  return out;
}

void hot_of(int runs, int clients, int per_second, int seconds) {
  Pairs cpu;
  std::vector<Hot> ours;
  for (int i = 0; i < runs; ++i) {
    const double floor =
        run_hot(*std::make_unique<SenderSide>(), clients, per_second, seconds).us_per_delivery;
    ours.push_back(run_hot(*std::make_unique<EmitterSide>(1), clients, per_second, seconds));
    cpu.add(floor, ours.back().us_per_delivery);
  }
  cpu.print(fmt::format("one symbol, {} clients, {}/s: CPU per delivery", clients, per_second), "us",
            "<= 1.05");
  const auto of = [&](auto member, std::size_t group) {
    std::vector<double> values;
    for (const Hot& run : ours) values.push_back((run.*member)[group]);
    return median(values);
  };
  fmt::print("    age p50/p99 ms: all {:.1f}/{:.1f}, first tenth {:.1f}/{:.1f}, last tenth {:.1f}/{:.1f}\n",
             of(&Hot::p50_ms, 0), of(&Hot::p99_ms, 0), of(&Hot::p50_ms, 1), of(&Hot::p99_ms, 1),
             of(&Hot::p50_ms, 2), of(&Hot::p99_ms, 2));
}

// --- many symbols ---

// In rounds: `changed` symbols change once each, and the next round begins when all clients have them, so
// that nothing is merged. The side's CPU is what ends its rate.
double run_rounds(Side& side, const Lists& lists, std::size_t symbols, std::size_t changed) {
  Crowd crowd(plan_of(side, static_cast<int>(lists.size()),
                      [&](int client) { return listed_path(lists[static_cast<std::size_t>(client)]); }));
  if (!side.asks()) side.settle(static_cast<int>(lists.size()));
  crowd.wait_connected();
  std::vector<std::size_t> watchers(symbols);
  for (const auto& list : lists) {
    for (const std::size_t symbol : list) ++watchers[symbol];
  }
  std::vector<std::size_t> batch(changed);
  std::uint64_t expected = 0;
  std::size_t next = 0;
  const auto round = [&] {
    for (std::size_t& symbol : batch) {
      symbol = next++ % symbols;
      expected += watchers[symbol];
    }
    side.publish(batch);
    crowd.wait_frames(expected);
  };
  for (int i = 0; i < 5; ++i) round();  // warm
  const std::uint64_t before_frames = expected;
  const double before = cpu_seconds();
  const std::int64_t end_ns = steady_ns() + 1500 * kNsPerMs;
  while (steady_ns() < end_ns) round();
  return static_cast<double>(expected - before_frames) / (cpu_seconds() - before) / 1e6;
}

void same_of(int runs, std::size_t changed) {
  const Lists lists(1000, first_symbols(kListSymbols));
  Pairs pairs;
  for (int i = 0; i < runs; ++i) {
    const double floor = run_rounds(*std::make_unique<SenderSide>(), lists, kListSymbols, changed);
    pairs.add(floor, run_rounds(*std::make_unique<EmitterSide>(kListSymbols), lists, kListSymbols, changed));
  }
  pairs.print(fmt::format("1000 clients, same 100 symbols, {} change at a time: deliveries", changed),
              "M/cpu-s", ">= 0.90");
}

void different_of(int runs, std::size_t changed) {
  constexpr std::size_t kSymbols = 1000;
  const Lists lists = different_lists(1000, kSymbols);
  Pairs pairs;
  for (int i = 0; i < runs; ++i) {
    const double floor = run_rounds(*std::make_unique<CopierSide>(lists, kSymbols), lists, kSymbols, changed);
    pairs.add(floor, run_rounds(*std::make_unique<EmitterSide>(kSymbols), lists, kSymbols, changed));
  }
  pairs.print(fmt::format("1000 clients, each another 100 of 1000, {} change at a time: deliveries", changed),
              "M/cpu-s", ">= 0.80");
}

}  // namespace

void hot(int runs) {
  hot_of(runs, 1000, 100, 2);
  hot_of(runs, 18000, 3, 4);
}

void same(int runs) {
  for (const std::size_t changed : {100u, 10u, 1u}) same_of(runs, changed);
}

void different(int runs) {
  for (const std::size_t changed : {1000u, 100u, 10u}) different_of(runs, changed);
}

}  // namespace tickcast::bench
