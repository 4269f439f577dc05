// SPDX-License-Identifier: Apache-2.0
//
// The part `stalled`: a tenth of the clients takes nothing more. What the others notice of it, and what it
// takes of the server's memory as time passes.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "base/clock.h"
#include "crowd.h"
#include "memory.h"
#include "pairs.h"
#include "parts.h"
#include "sides.h"

namespace tickcast::bench {
namespace {

constexpr int kClients = 1000;
constexpr int kStalledEvery = 10;  // one in so many
// Half of what a core carries to so many clients, where an age tells how long one waits; and more than it
// carries, where the clients' core is busy too and ages follow which of the two runs ahead.
constexpr int kHalfLoad = 50;  // updates a second
constexpr int kOverload = 200;
constexpr int kUpdatesUntilFull = 200;  // some 30 kB: more than the sockets hold of who has stopped

// A thread that changes kListSymbols symbols in turn.
class Market {
 public:
  Market(Side& side, int updates_per_second)
      : thread_([this, &side, updates_per_second] { run(side, updates_per_second); }) {}
  ~Market() {
    stop_ = true;
    thread_.join();
  }

 private:
  void run(Side& side, int updates_per_second) {
    std::int64_t due_ns = steady_ns();
    for (std::size_t n = 0; !stop_; ++n) {
      const std::size_t symbol[] = {n % kListSymbols};
      side.publish(symbol);
      sleep_until(due_ns += kNsPerSecond / updates_per_second);
    }
  }

  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// The emitter would be rid of who takes nothing for 30 s: here they shall stay.
emitter::Options patient() {
  emitter::Options options;
  options.stuck_timeout_ns = 0;
  return options;
}

CrowdPlan crowd_plan(const Side& side, int clients, int stalled_every) {
  CrowdPlan plan = plan_of(side, clients, [](int) { return listed_path(first_symbols(kListSymbols)); });
  plan.stalled_every = stalled_every;
  return plan;
}

// p99 age in ms at those who read.
double run_others(int updates_per_second, int clients, int stalled_every) {
  EmitterSide side(kListSymbols, patient());
  Crowd crowd(crowd_plan(side, clients, stalled_every));
  crowd.wait_connected();
  const Market market(side, updates_per_second);
  sleep_until(steady_ns() + kUpdatesUntilFull * kNsPerSecond / updates_per_second);
  crowd.forget_ages();
  sleep_until(steady_ns() + 3 * kNsPerSecond);
  return crowd.all().quantile_ms(0.99);
}

void others(int updates_per_second, int runs) {
  Pairs reading;
  Pairs absent;
  for (int i = 0; i < runs; ++i) {
    const double all_read = run_others(updates_per_second, kClients, 0);
    const double stalled = run_others(updates_per_second, kClients, kStalledEvery);
    const double without = run_others(updates_per_second, kClients - kClients / kStalledEvery, 0);
    reading.add(all_read, stalled);
    absent.add(without, stalled);
  }
  fmt::print("{} updates a second, p99 age of 900 clients with 100 more that have stopped\n",
             updates_per_second);
  reading.print("beside 1000 clients that all read", "ms", "1.00");
  absent.print("beside 900 clients alone", "ms", "1.00");
}

// By least squares, per minute, of one sample a second.
double slope_per_minute(const std::vector<double>& samples) {
  const double mean_x = static_cast<double>(samples.size() - 1) / 2;
  double mean_y = 0;
  for (const double y : samples) mean_y += y / static_cast<double>(samples.size());
  double above = 0;
  double below = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double x = static_cast<double>(i) - mean_x;
    above += x * (samples[i] - mean_y);
    below += x * x;
  }
  return below > 0 ? 60 * above / below : 0;
}

void print_course(const char* what, const std::vector<double>& kilobytes) {
  const auto [least, most] = std::ranges::minmax(kilobytes);
  fmt::print("    {:<62} {:>9.0f} {:>9.0f} kB     {:+.1f} kB a minute ({:.0f} to {:.0f})  goal 0\n", what,
             kilobytes.front(), kilobytes.back(), slope_per_minute(kilobytes), least, most);
}

// For a second from now on: what readers have under way comes and goes, what others hold stays.
double least_socket_kilobytes() {
  constexpr int kLooks = 10;
  std::int64_t due_ns = steady_ns();
  std::size_t least = socket_bytes();
  for (int i = 1; i < kLooks; ++i) {
    sleep_until(due_ns += kNsPerSecond / kLooks);
    least = std::min(least, socket_bytes());
  }
  return static_cast<double>(least) / 1e3;
}

void watch_memory(std::int64_t watched_ns) {
  EmitterSide side(kListSymbols, patient());
  Crowd crowd(crowd_plan(side, kClients, kStalledEvery));
  crowd.wait_connected();
  const Market market(side, kOverload);
  std::int64_t due_ns = steady_ns() + 3 * kNsPerSecond;  // buffers are full, and what grows once has grown
  const std::int64_t end_ns = due_ns + watched_ns;
  std::vector<double> user;
  std::vector<double> kernel;
  for (; due_ns <= end_ns; due_ns += kNsPerSecond) {
    sleep_until(due_ns);
    user.push_back(static_cast<double>(private_bytes()) / 1e3);
    kernel.push_back(least_socket_kilobytes());
  }
  const emitter::ClientReading reading = side.read_metrics();
  fmt::print("1000 clients, 100 of them stopped for {} s and none cut off ({} are in): first, last, slope\n",
             watched_ns / kNsPerSecond, reading.clients);
  print_course("the server's memory in user space", user);
  print_course("its sockets' in the kernel (least of ten looks in a second)", kernel);
  std::fflush(stdout);
}

}  // namespace

void stalled(int runs, std::int64_t watched_ns) {
  watch_memory(watched_ns);  // first: memory that others had freed would hide what grows
  print_columns("without", "stalled", runs);
  others(kHalfLoad, runs);
  others(kOverload, runs);
}

}  // namespace tickcast::bench
