// SPDX-License-Identifier: Apache-2.0
//
// What the exchange costs: the synthetic market at a given rate, delivered to two legs of two connections
// each, all symbols on both legs; the readers only read. `cores` is the CPU time of the exchange's thread per
// second; `behind_ms` above zero means that it does not keep up.
#include "exchange/exchange.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include "base/check.h"
#include "exchange/test_peer.h"

namespace tickcast::exchange {
namespace {

constexpr std::size_t kSymbols = 1400;
constexpr std::size_t kConnections = 4;
constexpr std::int64_t kWarmNs = kNsPerSecond;
constexpr std::int64_t kMeasureNs = 4 * kNsPerSecond;

// Every other symbol, as one URL.
std::string half_of_the_market(std::size_t first) {
  const MarketModel market({.symbols = kSymbols, .start_ns = 1});
  std::string streams;
  for (std::size_t i = first; i < kSymbols; i += 2) {
    streams += fmt::format("{}{}@bookTicker", streams.empty() ? "" : "/",
                           market::to_lower_ascii(market.listings()[i].symbol));
  }
  return "/stream?streams=" + wire::percent_encode(streams);
}

double number_in(const std::string& json, std::string_view key) {
  const auto at = json.find(fmt::format("\"{}\":", key));
  CHECK(at != std::string::npos, "the exchange's state lacks a number");
  return std::strtod(json.c_str() + at + key.size() + 3, nullptr);
}

void sleep_for(std::int64_t ns) {
  timespec pause{.tv_sec = ns / kNsPerSecond, .tv_nsec = ns % kNsPerSecond};
  nanosleep(&pause, nullptr);
}

// Reads all connections in one thread.
class Readers {
 public:
  explicit Readers(std::uint16_t port) {
    for (std::size_t i = 0; i < kConnections; ++i) {
      peers_.push_back(std::make_unique<TestPeer>(port, half_of_the_market(i % 2)));
      CHECK(peers_.back()->status() == 101, "a reader was refused");
    }
    thread_ = std::thread([this] {
      while (!stopping_) {
        for (auto& peer : peers_) bytes_ += peer->discard(kNsPerMs);
      }
    });
  }
  ~Readers() {
    stopping_ = true;
    thread_.join();
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::vector<std::unique_ptr<TestPeer>> peers_;
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

void TwoLegsOfTheWholeMarket(benchmark::State& state) {
  Options options;
  options.listen = {.host = "127.0.0.1", .port = 0};
  options.market.symbols = kSymbols;
  options.market.events_per_second = static_cast<double>(state.range(0));
  auto exchange = Exchange::start(options);
  CHECK(exchange.has_value(), "the exchange does not start");
  const std::uint16_t port = (*exchange)->port();
  const Readers readers(port);
  sleep_for(kWarmNs);
  for (auto _ : state) {
    const std::string before = control(port, "state");
    const std::uint64_t bytes = readers.bytes();
    const std::int64_t begun_ns = steady_ns();
    sleep_for(kMeasureNs);
    const std::string after = control(port, "state");
    const double seconds = static_cast<double>(steady_ns() - begun_ns) * 1e-9;
    const auto per_second = [&](std::string_view key) {
      return (number_in(after, key) - number_in(before, key)) / seconds;
    };
    state.SetIterationTime(seconds);
    state.counters["events_per_s"] = per_second("events");
    state.counters["frames_per_s"] = per_second("frames");
    state.counters["cores"] = per_second("cpuMs") / 1000;
    state.counters["behind_ms"] = number_in(after, "behindMs");
    state.counters["MB_per_s"] = static_cast<double>(readers.bytes() - bytes) / seconds * 1e-6;
  }
}
BENCHMARK(TwoLegsOfTheWholeMarket)
    ->Arg(6'000)
    ->Arg(50'000)
    ->Arg(200'000)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace tickcast::exchange
