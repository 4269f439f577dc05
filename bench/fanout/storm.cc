// SPDX-License-Identifier: Apache-2.0
//
// The part `storm`: very many clients that come at once, and those who are in already.
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "crowd.h"
#include "pairs.h"
#include "parts.h"
#include "sides.h"

namespace tickcast::bench {
namespace {

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

}  // namespace

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

}  // namespace tickcast::bench
