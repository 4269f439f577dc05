// SPDX-License-Identifier: Apache-2.0
//
// What the emitter's user-space code adds to the kernel's price, and what its clients cost: each measure of
// one shard beside a bare loop that does the least possible for the same bytes. Both in one run, in turn, so
// that ratios hold where absolute times drift; figures are medians.
//
//   fanout_bench [--runs N] [PART...]      parts: idle hot same different storm slow balance; all unless said
//
// The serving side is pinned to processor 0, the clients (child processes) to processor 1. Run it in a clean
// network namespace (`make bench` does): firewall hooks on loopback cost both sides, unequally.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "crowd.h"
#include "emitter/emitter.h"
#include "net/socket.h"

namespace tickcast::bench {
namespace {

constexpr std::size_t kListSymbols = 100;  // that a client of `same` and `different` watches

void sleep_until(std::int64_t steady_at_ns) {
  const timespec due{steady_at_ns / kNsPerSecond, steady_at_ns % kNsPerSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) == EINTR) continue;
}

// --- serving sides ---

// What is published next: numbers count from 1 over a side's life.
class Side {
 public:
  virtual ~Side() = default;
  virtual std::uint16_t port() const = 0;
  virtual bool asks() const { return true; }  // clients come with a handshake
  virtual void settle(int) {}                 // so many clients have connected
  virtual void publish(std::span<const std::size_t> symbols) = 0;
  std::int64_t number = 0;
};

class EmitterSide final : public Side {
 public:
  explicit EmitterSide(std::size_t symbols, int unsent_bytes = emitter::Options{}.unsent_bytes) {
    for (std::size_t i = 0; i < symbols; ++i) ids_.push_back(*symbols_.put_name(symbol_name(i)));
    emitter::Options options;
    options.listen = {"127.0.0.1", 0};
    options.shards = 1;
    options.drain_ns = 0;
    options.unsent_bytes = unsent_bytes;
    auto started = emitter::Emitter::start(options, symbols_, book_);
    CHECK(started.has_value(), "the bench could not start an emitter");
    emitter_ = std::move(started).value();
  }
  std::uint16_t port() const override { return emitter_->port(); }
  void publish(std::span<const std::size_t> symbols) override {
    for (const std::size_t symbol : symbols) {
      note_published(++number);
      book_.admit(ids_[symbol], sample_quote(number));
    }
    book_.publish();
  }

 private:
  market::SymbolTable symbols_;
  market::Book book_;
  std::vector<market::SymbolId> ids_;
  std::unique_ptr<emitter::Emitter> emitter_;
};

// A listener with the emitter's own socket settings, and what it accepted: watched, as by every server that
// would hear of a client's end, which costs the kernel a call for each acknowledgement.
class BareSide : public Side {
 public:
  BareSide() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    const emitter::Options options;
    auto listener = net::listen_tcp({"127.0.0.1", 0}, {.send_buffer_bytes = options.send_buffer_bytes,
                                                       .unsent_bytes = options.unsent_bytes});
    CHECK(listener.has_value(), "the bench could not listen");
    listener_ = std::move(listener).value();
  }
  ~BareSide() override { close(epoll_); }
  std::uint16_t port() const override { return net::local_endpoint(listener_)->port(); }
  bool asks() const override { return false; }
  void settle(int clients) override {
    while (sockets_.size() < static_cast<std::size_t>(clients)) {
      net::Endpoint peer;
      auto accepted = net::accept_tcp(listener_, peer);
      CHECK(accepted.has_value(), "the bench could not accept");
      if (!*accepted) continue;
      epoll_event event{};
      event.events = EPOLLIN;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, accepted->fd(), &event);
      sockets_.push_back(std::move(*accepted));
    }
  }

 protected:
  static void write_all(const net::Socket& socket, std::string_view bytes) {
    [[maybe_unused]] const ssize_t sent =
        send(socket.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  net::Socket listener_;
  std::vector<net::Socket> sockets_;

 private:
  int epoll_;
};

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

using Lists = std::vector<std::vector<std::size_t>>;  // by client: the symbols it watches

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

// --- reports ---

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

struct Pairs {
  std::vector<double> floor;
  std::vector<double> ours;
  void add(double bare, double emitter) {
    floor.push_back(bare);
    ours.push_back(emitter);
  }
  void print(const std::string& what, const char* unit, const char* goal) const {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / floor[i]);
    fmt::print("{:<66} {:>9.3f} {:>9.3f} {:<6} {:>5.2f} ({:.2f} to {:.2f})  goal {}\n", what, median(floor),
               median(ours), unit, median(ratios), *std::ranges::min_element(ratios),
               *std::ranges::max_element(ratios), goal);
    std::fflush(stdout);
  }
};

CrowdPlan plan_of(const Side& side, int clients, std::function<std::string(int)> path) {
  CrowdPlan plan;
  plan.port = side.port();
  plan.clients = clients;
  if (side.asks()) plan.path = std::move(path);
  return plan;
}

std::string listed_path(std::span<const std::size_t> list) {
  std::string path = "/ws";
  for (const std::size_t symbol : list) path += fmt::format("/s{:06}@bookTicker", symbol);
  return path;
}

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

void hot(int runs, int clients, int per_second, int seconds) {
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

void same(int runs, std::size_t changed) {
  std::vector<std::size_t> list(kListSymbols);
  for (std::size_t i = 0; i < list.size(); ++i) list[i] = i;
  const Lists lists(1000, list);
  Pairs pairs;
  for (int i = 0; i < runs; ++i) {
    const double floor = run_rounds(*std::make_unique<SenderSide>(), lists, kListSymbols, changed);
    pairs.add(floor, run_rounds(*std::make_unique<EmitterSide>(kListSymbols), lists, kListSymbols, changed));
  }
  pairs.print(fmt::format("1000 clients, same 100 symbols, {} change at a time: deliveries", changed),
              "M/cpu-s", ">= 0.90");
}

Lists different_lists(std::size_t clients, std::size_t symbols) {
  std::mt19937 random(1);
  std::vector<std::size_t> all(symbols);
  for (std::size_t i = 0; i < symbols; ++i) all[i] = i;
  Lists lists(clients);
  for (auto& list : lists) std::ranges::sample(all, std::back_inserter(list), kListSymbols, random);
  return lists;
}

void different(int runs, std::size_t changed) {
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

// --- idle clients ---

std::size_t private_bytes() {
  std::ifstream in("/proc/self/smaps_rollup");
  std::string word;
  std::size_t kilobytes = 0;
  while (in >> word) {
    if (word == "Anonymous:") in >> kilobytes;
  }
  return kilobytes * 1024;
}

// In a process of its own, whose heap nothing has used before.
void memory(const std::string& what, const std::function<std::string(int)>& path, const char* goal) {
  std::fflush(stdout);
  if (const pid_t child = fork(); child != 0) {
    waitpid(child, nullptr, 0);
    return;
  }
  EmitterSide side(1400);
  Crowd few(plan_of(side, 2000, path));
  few.wait_connected();
  const std::size_t before = private_bytes();
  Crowd many(plan_of(side, 16000, path));
  many.wait_connected();
  const double slope = static_cast<double>(private_bytes() - before) / 16000;
  fmt::print("{:<66} {:>9} {:>9.0f} {:<6} {:27} goal {}\n", "user-space memory per client, " + what, "",
             slope, "bytes", "", goal);
  std::fflush(stdout);
  many.end();
  few.end();
  _exit(0);
}

void idle() {
  static const Lists lists = different_lists(16000, 1400);
  memory(
      "idle", [](int) { return "/ws"; }, "<= 250");
  memory(
      "all the same 100 streams", [](int) { return listed_path(lists[0]); }, "<= 300");
  memory(
      "each 100 others of 1400",
      [](int client) { return listed_path(lists[static_cast<std::size_t>(client)]); }, "<= 800");

  constexpr int kClients = 18000;
  EmitterSide side(1);
  Crowd crowd(plan_of(side, kClients, [](int) { return "/ws"; }));
  crowd.wait_connected();
  const double before = cpu_seconds();
  sleep_until(steady_ns() + 20 * kNsPerSecond);  // everyone is pinged once
  fmt::print("{:<66} {:>9} {:>9.2f} {:<6} {:27} goal {}\n",
             "18000 idle clients with pings: CPU per client and second", "",
             (cpu_seconds() - before) * 1e6 / kClients / 20, "us", "", "<= 2");
  std::fflush(stdout);
}

// --- all at once ---

// Accepts and answers, and nothing else.
class DoorSide final : public BareSide {
 public:
  DoorSide() : thread_([this] { run(); }) {}
  ~DoorSide() override {
    stop_ = true;
    thread_.join();
    for (const int fd : open_) close(fd);
  }
  bool asks() const override { return true; }
  void publish(std::span<const std::size_t>) override {}

 private:
  void run() {
    static constexpr std::string_view kAnswer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    const int epoll = epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = listener_.fd();
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener_.fd(), &event);
    std::vector<char> buffer(64 * 1024);
    while (!stop_) {
      epoll_event events[256];
      const int count = epoll_wait(epoll, events, 256, 50);
      for (int i = 0; i < count; ++i) {
        if (events[i].data.fd != listener_.fd()) {
          if (read(events[i].data.fd, buffer.data(), buffer.size()) <= 0) {
            epoll_ctl(epoll, EPOLL_CTL_DEL, events[i].data.fd, nullptr);
          } else {
            send(events[i].data.fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
          }
          continue;
        }
        for (int accepts = 0; accepts < 64; ++accepts) {
          event.data.fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
          if (event.data.fd < 0) break;
          open_.push_back(event.data.fd);
          epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
        }
      }
    }
    close(epoll);
  }

  std::atomic<bool> stop_{false};
  std::vector<int> open_;
  std::thread thread_;
};

struct Arrival {
  double per_second = 0;
  double us = 0;  // CPU each
};

Arrival run_arrival(const Side& side, int clients) {
  const double before = cpu_seconds();
  CrowdPlan plan = plan_of(side, clients, [](int) { return "/ws"; });
  plan.connecting_max = 2000;
  Crowd crowd(plan);
  crowd.wait_connected();
  return {clients / crowd.connecting_seconds(), (cpu_seconds() - before) * 1e6 / clients};
}

void storm(int runs) {
  constexpr int kClients = 18000;
  Pairs rate;
  Pairs cpu;
  Pairs p99;
  for (int i = 0; i < runs; ++i) {
    const Arrival bare = run_arrival(*std::make_unique<DoorSide>(), kClients);
    {
      EmitterSide side(1);
      // Read before those who come: what both wait for on their common processor is not the server's doing.
      CrowdPlan plan = plan_of(side, 1000, [](int) { return "/ws/s000000@bookTicker"; });
      plan.first = true;
      Crowd in(plan);
      in.wait_connected();
      // Ten quotes a second, before and while they come: far from what a processor can do.
      std::atomic<bool> stop{false};
      std::thread market([&] {
        const std::size_t symbol[] = {0};
        for (std::int64_t due_ns = steady_ns(); !stop; due_ns += kNsPerSecond / 10) {
          sleep_until(due_ns);
          side.publish(symbol);
        }
      });
      sleep_until(steady_ns() + 2 * kNsPerSecond);
      const double before = in.all().quantile_ms(0.99);
      in.forget_ages();
      run_arrival(side, kClients);
      p99.add(before, in.all().quantile_ms(0.99));
      stop = true;
      market.join();
    }
    const Arrival ours = run_arrival(*std::make_unique<EmitterSide>(1), kClients);
    rate.add(bare.per_second, ours.per_second);
    cpu.add(bare.us, ours.us);
  }
  rate.print("18000 clients at once: handshakes", "1/s", ">= 0.80");
  cpu.print("18000 clients at once: CPU per handshake", "us", "-");
  p99.print("1000 clients already in: p99 age before, and while 18000 come", "ms", "<= 2.00");
}

// --- clients slower than the market ---

// What the kernel may hold for a slow client decides how old what it reads is.
void slow() {
  constexpr int kClients = 50;
  for (const int unsent_bytes : {0, 64 * 1024, 16 * 1024, 4 * 1024, 1024}) {
    EmitterSide side(kListSymbols, unsent_bytes);
    std::vector<std::size_t> all(kListSymbols);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    CrowdPlan plan = plan_of(side, kClients, [&](int) { return listed_path(all); });
    plan.slow_bytes = 2000;
    Crowd crowd(plan);
    crowd.wait_connected();
    const double before = cpu_seconds();
    std::int64_t due_ns = steady_ns();
    for (int i = 0; i < 400; ++i) {  // 1.5 MB/s for each, who take 0.2
      if (i == 200) crowd.forget_ages();
      side.publish(all);
      sleep_until(due_ns += 10 * kNsPerMs);
    }
    fmt::print("slow clients, unsent bytes at most {:<8}: age p50/p99 {:.0f}/{:.0f} ms, {:.1f} us a frame\n",
               unsent_bytes == 0 ? "any" : std::to_string(unsent_bytes), crowd.all().quantile_ms(0.5),
               crowd.all().quantile_ms(0.99),
               (cpu_seconds() - before) * 1e6 / static_cast<double>(crowd.frames()));
    std::fflush(stdout);
  }
}

// --- shards ---

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
    Crowd crowd(
        {.port = address.port, .clients = kClients, .path = {}, .slow_bytes = 0, .connecting_max = 256});
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

}  // namespace
}  // namespace tickcast::bench

int main(int argc, char** argv) {
  using namespace tickcast;
  using namespace tickcast::bench;
  CLI::App app("What the emitter adds to the kernel's price of serving clients");
  int runs = 3;
  std::vector<std::string> parts;
  app.add_option("--runs", runs, "pairs of runs for each figure")->check(CLI::Range(1, 100));
  app.add_option("part", parts)
      ->check(CLI::IsMember({"idle", "hot", "same", "different", "storm", "slow", "balance"}));
  CLI11_PARSE(app, argc, argv);
  const auto wanted = [&](const char* part) { return parts.empty() || std::ranges::count(parts, part) != 0; };

  signal(SIGPIPE, SIG_IGN);
  set_log_level(LogLevel::warning);
  net::raise_descriptor_limit();
  pin_to(0);
  fmt::print("{:<66} {:>9} {:>9} {:<6} ratio (of {} runs)\n", "", "bare", "emitter", "", runs);
  if (wanted("idle")) idle();  // first: memory is measured where nothing has been used yet
  if (wanted("hot")) {
    hot(runs, 1000, 100, 2);
    hot(runs, 18000, 3, 4);
  }
  if (wanted("same")) {
    for (const std::size_t changed : {100u, 10u, 1u}) same(runs, changed);
  }
  if (wanted("different")) {
    for (const std::size_t changed : {1000u, 100u, 10u}) different(runs, changed);
  }
  if (wanted("storm")) storm(runs);
  if (wanted("slow")) slow();
  if (wanted("balance")) balance();
  return 0;
}
