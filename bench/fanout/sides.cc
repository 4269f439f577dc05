// SPDX-License-Identifier: Apache-2.0
#include "sides.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <numeric>
#include <random>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/core.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"

namespace tickcast::bench {

void sleep_until(std::int64_t steady_at_ns) {
  const timespec due{steady_at_ns / kNsPerSecond, steady_at_ns % kNsPerSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) == EINTR) continue;
}

EmitterSide::EmitterSide(std::size_t symbols, emitter::Options options) {
  for (std::size_t i = 0; i < symbols; ++i) ids_.push_back(*symbols_.put_name(symbol_name(i)));
  options.listen = {"127.0.0.1", 0};
  options.shards = std::max<std::size_t>(options.shards, 1);
  options.drain_ns = 0;
  auto started = emitter::Emitter::start(options, symbols_, book_);
  CHECK(started.has_value(), "the bench could not start an emitter");
  emitter_ = std::move(started).value();
}

void EmitterSide::publish(std::span<const std::size_t> symbols) {
  for (const std::size_t symbol : symbols) {
    note_published(++number);
    book_.admit(ids_[symbol], sample_quote(number));
  }
  book_.publish();
}

BareSide::BareSide() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  const emitter::Options options;
  auto listener = net::listen_tcp({"127.0.0.1", 0}, {.send_buffer_bytes = options.send_buffer_bytes,
                                                     .unsent_bytes = options.unsent_bytes});
  CHECK(listener.has_value(), "the bench could not listen");
  listener_ = std::move(listener).value();
}

BareSide::~BareSide() { close(epoll_); }

void BareSide::settle(int clients) {
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

void BareSide::write_all(const net::Socket& socket, std::string_view bytes) {
  [[maybe_unused]] const ssize_t sent =
      send(socket.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

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

std::vector<std::size_t> first_symbols(std::size_t count) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

Lists different_lists(std::size_t clients, std::size_t symbols) {
  std::mt19937 random(1);
  const std::vector<std::size_t> all = first_symbols(symbols);
  Lists lists(clients);
  for (auto& list : lists) std::ranges::sample(all, std::back_inserter(list), kListSymbols, random);
  return lists;
}

}  // namespace tickcast::bench
