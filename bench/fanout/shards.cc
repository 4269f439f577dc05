// SPDX-License-Identifier: Apache-2.0
//
// The parts `balance` and `shards`: how evenly shards share their clients, and what a second one brings where
// the clients take their processor time of the same cores.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/clock.h"
#include "crowd.h"
#include "net/socket.h"
#include "pairs.h"
#include "parts.h"
#include "sides.h"

namespace tickcast::bench {

// How evenly the kernel spreads connections over listeners that share a port, as shards do.
void balance() {
  constexpr int kClients = 16000;
  for (const std::size_t shards : {2u, 8u}) {
    std::vector<net::Socket> listeners;
    std::vector<std::size_t> counts(shards);
    wire::ListenAddress address{"127.0.0.1", 0};
    for (std::size_t i = 0; i < shards; ++i) {
      listeners.push_back(net::listen_tcp(address, {.reuse_port = true}).value());
      address.port = net::local_endpoint(listeners.back())->port();
    }
    CrowdPlan plan;
    plan.port = address.port;
    plan.clients = kClients;
    Crowd crowd(plan);
    std::vector<net::Socket> accepted;
    while (accepted.size() < kClients) {
      for (std::size_t i = 0; i < shards; ++i) {
        net::Endpoint peer;
        auto socket = net::accept_tcp(listeners[i], peer);
        if (!*socket) continue;
        accepted.push_back(std::move(*socket));
        ++counts[i];
      }
    }
    const auto [least, most] = std::ranges::minmax(counts);
    const double mean = static_cast<double>(kClients) / static_cast<double>(shards);
    fmt::print("{} clients over {} shards: {} to {} each, {:+.1f} % to {:+.1f} % of the mean\n", kClients,
               shards, least, most, 100 * (static_cast<double>(least) / mean - 1),
               100 * (static_cast<double>(most) / mean - 1));
    std::fflush(stdout);
  }
}

// --- two beside one ---

namespace {

constexpr int kClientsEach = 500;  // of two processes, so that the readers too have two cores
constexpr double kNoneIdle = 0.05;
constexpr std::int64_t kMeasuredNs = 4 * kNsPerSecond;

// What the machine's processors have done since it started, in seconds (proc_stat(5)).
struct Processors {
  double busy = 0;
  double all = 0;
  double softirq = 0;  // of busy, by the clock's ticks: no matter in whose time a softirq ran
};

Processors look_at_processors() {
  std::ifstream in("/proc/stat");
  std::string name;
  std::array<double, 8> ticks{};  // user nice system idle iowait irq softirq steal
  in >> name;
  for (double& each : ticks) in >> each;
  const auto per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  const double all = std::accumulate(ticks.begin(), ticks.end(), 0.0);
  return {(all - ticks[3] - ticks[4]) / per_second, all / per_second, ticks[6] / per_second};
}

double system_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return static_cast<double>(use.ru_stime.tv_sec) + static_cast<double>(use.ru_stime.tv_usec) / 1e6;
}

// A second of a saturated server.
struct Saturated {
  double deliveries = 0;
  double cores = 0;  // that the machine has, by the same clock as what follows
  double server = 0;
  double server_system = 0;  // of that, in the kernel
  double clients = 0;
  double others = 0;
  double softirq = 0;  // in whose time ever
  double idle() const { return std::max(0.0, cores - server - clients - others); }
};

Saturated run_saturated(std::size_t shards, std::size_t symbols) {
  emitter::Options options;
  options.shards = shards;
  EmitterSide side(symbols, options);
  const std::vector<std::size_t> all = first_symbols(symbols);
  CrowdPlan plan = plan_of(side, kClientsEach, [&](int) { return listed_path(all); });
  plan.processor = kAnyProcessor;
  Crowd one(plan);
  Crowd other(plan);
  one.wait_connected();
  other.wait_connected();

  const auto frames = [&] { return static_cast<double>(one.frames() + other.frames()); };
  const auto clients_seconds = [&] { return one.cpu_seconds() + other.cpu_seconds(); };
  std::int64_t due_ns = steady_ns();
  // Every millisecond all symbols change: sooner than any shard can have visited its clients.
  const auto publish_for = [&](std::int64_t ns) {
    for (const std::int64_t end_ns = due_ns + ns; due_ns < end_ns; sleep_until(due_ns += kNsPerMs))
      side.publish(all);
  };
  publish_for(kNsPerSecond);
  const Processors before = look_at_processors();
  const double frames_before = frames();
  const double server_before = cpu_seconds();
  const double system_before = system_seconds();
  const double clients_before = clients_seconds();
  const std::int64_t begin_ns = steady_ns();
  publish_for(kMeasuredNs);
  const double seconds = static_cast<double>(steady_ns() - begin_ns) / 1e9;
  Saturated out;
  out.deliveries = (frames() - frames_before) / seconds;
  out.server = (cpu_seconds() - server_before) / seconds;
  out.server_system = (system_seconds() - system_before) / seconds;
  out.clients = (clients_seconds() - clients_before) / seconds;
  const Processors after = look_at_processors();
  out.cores = (after.all - before.all) / seconds;
  out.others = std::max(0.0, (after.busy - before.busy) / seconds - out.server - out.clients);
  out.softirq = (after.softirq - before.softirq) / seconds;
  return out;
}

void print_split(const char* what, const std::vector<Saturated>& runs) {
  const auto of = [&](auto figure) {
    std::vector<double> values;
    for (const Saturated& run : runs) values.push_back(figure(run));
    return median(values);
  };
  const double idle = of([](const Saturated& run) { return run.idle() / run.cores; });
  fmt::print(
      "    {:<10} of {:.1f} cores the server {:.2f} ({:.2f} in the kernel), clients {:.2f}, others {:.2f}\n",
      what, of([](const Saturated& run) { return run.cores; }),
      of([](const Saturated& run) { return run.server; }),
      of([](const Saturated& run) { return run.server_system; }),
      of([](const Saturated& run) { return run.clients; }),
      of([](const Saturated& run) { return run.others; }));
  fmt::print("    {:<10} {:.2f} of this in softirqs; {}\n", "",
             of([](const Saturated& run) { return run.softirq; }),
             idle < kNoneIdle ? "no core is idle: these are the limit"
                              : fmt::format("{:.0f} % idle: the limit is what a thread can do", 100 * idle));
  std::fflush(stdout);
}

void shards_of(int runs, std::size_t symbols) {
  std::vector<Saturated> ones;
  std::vector<Saturated> twos;
  Pairs wall;
  Pairs per_cpu;
  for (int i = 0; i < runs; ++i) {
    const Saturated& one = ones.emplace_back(run_saturated(1, symbols));
    const Saturated& two = twos.emplace_back(run_saturated(2, symbols));
    wall.add(one.deliveries / 1e3, two.deliveries / 1e3);
    per_cpu.add(one.deliveries / one.server / 1e3, two.deliveries / two.server / 1e3);
  }
  const std::string what =
      fmt::format("1000 clients of {}, saturated: ", symbols == 1 ? "one symbol" : "100 symbols");
  wall.print(what + "deliveries", "k/s", "-");
  per_cpu.print(what + "deliveries", "k/cpu-s", "-");
  print_split("one shard", ones);
  print_split("two shards", twos);
}

}  // namespace

void shards(int runs) {
  pin_to(kAnyProcessor);
  print_columns("one shard", "two", runs);
  for (const std::size_t symbols : {std::size_t{1}, kListSymbols}) shards_of(runs, symbols);
  pin_to(0);
}

}  // namespace tickcast::bench
