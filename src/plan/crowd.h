// SPDX-License-Identifier: Apache-2.0
//
// Crowd: clients of a server of this process, of which nothing matters but that they are there and take what
// comes. Drain: the thread that reads it and throws it away, uncopied.
//
// Thread: the owner's, beside the drain's own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/wakeup.h"
#include "net/socket.h"
#include "net/stream.h"

namespace tickcast::plan {

class Drain {
 public:
  Drain();
  ~Drain();
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  void add(const net::Socket& client);  // until it is closed

  // Counts anew; wait() then returns when so many bytes have come. False: not within the time.
  void expect(std::uint64_t bytes);
  bool wait(std::int64_t limit_ns);
  // Returns once nothing has come for a while, or after a few seconds.
  void wait_for_quiet() const;

  std::int64_t cpu_ns() const;  // of its thread

 private:
  static constexpr std::size_t kTakenMax = 1 << 20;  // by one recv()

  void run();
  void take(int fd);

  const std::unique_ptr<char[]> room_ = std::make_unique_for_overwrite<char[]>(kTakenMax);
  int epoll_;
  Wakeup stop_;
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> expected_{0};
  std::mutex mutex_;
  std::condition_variable reached_;
  std::thread thread_;
};

struct CrowdOptions {
  std::uint16_t port = 0;  // of 127.0.0.1
  std::uint32_t clients = 1;
  std::uint32_t clients_least = 1;  // so many, if connecting more takes longer than
  std::int64_t limit_ns = 3 * kNsPerSecond;
  std::function<std::string(std::uint32_t client)> target;  // "/ws/btcusdt@bookTicker"
  const net::TlsContext* tls = nullptr;                     // null: in clear
};

class Crowd {
 public:
  // Connects them, one after the other. Both must outlive the crowd.
  static Result<Crowd> open(const CrowdOptions& options, Drain& drain);
  ~Crowd();  // with resets: no port is left waiting
  Crowd(Crowd&&) = default;

  std::uint32_t size() const { return static_cast<std::uint32_t>(clients_.size()); }

 private:
  Crowd() = default;
  std::vector<net::Socket> clients_;
};

}  // namespace tickcast::plan
