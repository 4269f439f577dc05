// SPDX-License-Identifier: Apache-2.0
//
// What a service manager is told, at a real datagram socket that stands in for it; loops that hang are real
// ones, held up from inside.
#include "app/service_manager.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/time.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emitter/emitter.h"
#include "net/loop.h"

namespace tickcast::app {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::int64_t kWatchdogNs = 100 * kNsPerMs;
constexpr int kMessagesMax = 500;  // that a test looks through for one

// The manager's end: bound where the process is told to send.
class Listener {
 public:
  explicit Listener(bool abstract = false)
      : address((abstract ? "@" : testing::TempDir()) + "tickcast_notify_" + std::to_string(getpid())),
        socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    address.copy(at.sun_path, sizeof at.sun_path - 1);
    if (abstract) at.sun_path[0] = '\0';
    const auto length =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + (abstract ? 0 : 1));
    EXPECT_EQ(bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&at), length), 0) << address;
    const timeval patience = {.tv_sec = 30, .tv_usec = 0};
    setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Listener() { unlink(address.c_str()); }

  // The next message; "" and a failure when none comes.
  std::string receive() {
    char text[4096];
    const ssize_t size = recv(socket_.fd(), text, sizeof text, 0);
    EXPECT_GT(size, 0) << "no message came";
    return {text, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }
  // The next one that has it.
  std::string receive_with(const std::string& part) {
    std::string message = receive();
    for (int i = 0; i < kMessagesMax && !message.empty() && message.find(part) == std::string::npos; ++i)
      message = receive();
    return message;
  }
  // The fourth in a row that is no WATCHDOG=1; "" when they go on.
  std::string receive_quiet() {
    int quiet = 0;
    for (int i = 0; i < kMessagesMax; ++i) {
      std::string message = receive();
      quiet = message.find("WATCHDOG=1") == std::string::npos ? quiet + 1 : 0;
      if (quiet == 4) return message;
    }
    return "";
  }
  bool silent() {
    char text[16];
    return recv(socket_.fd(), text, sizeof text, MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }

  const std::string address;

 private:
  net::Socket socket_;
};

// A role whose readiness the test decides.
class Role {
 public:
  std::atomic<bool> live = true;
  ServiceManager::Ask ask() {
    return [this] { return live ? Vitals{{true, "live"}, 2, 0} : Vitals{{false, "connecting"}, 2, 0}; };
  }
};

TEST(NotifySocket, AMessageReachesAPathAndAnAbstractName) {
  for (const bool abstract : {false, true}) {
    Listener listener(abstract);
    const auto socket = NotifySocket::open(listener.address);
    ASSERT_TRUE(socket) << socket.error().message;
    EXPECT_TRUE((*socket).send("READY=1\nSTATUS=live"));
    EXPECT_EQ(listener.receive(), "READY=1\nSTATUS=live");
  }
}

TEST(NotifySocket, WhatIsNoAddressIsRefusedByItsText) {
  EXPECT_THAT(NotifySocket::open("vsock:2:1").error().message, HasSubstr("vsock:2:1"));
  EXPECT_THAT(NotifySocket::open("/" + std::string(108, 'x')).error().message, HasSubstr("longer"));
  EXPECT_FALSE(NotifySocket::open("/nowhere/notify").value().send("READY=1"));
}

TEST(NotifySocket, AWatchdogOfAnotherProcessIsNotOurs) {
  setenv("NOTIFY_SOCKET", "@x", 1);
  setenv("WATCHDOG_USEC", "20000000", 1);
  EXPECT_EQ(manager_environment().watchdog_ns, 20 * kNsPerSecond);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(manager_environment().watchdog_ns, 20 * kNsPerSecond);
  setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(manager_environment().watchdog_ns, 0);
  unsetenv("WATCHDOG_PID");
  setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_EQ(manager_environment().watchdog_ns, 0);
  EXPECT_EQ(manager_environment().socket, "@x");
  unsetenv("WATCHDOG_USEC");
  unsetenv("NOTIFY_SOCKET");
}

TEST(ServiceManager, ARoleIsReadyOnceItsReadinessSaysSoAndAsksForPatienceUntilThen) {
  Listener listener;
  Role role;
  role.live = false;
  ServiceManager manager({listener.address, kWatchdogNs}, role.ask(), {});
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(listener.receive(),
                AllOf(HasSubstr("EXTEND_TIMEOUT_USEC=15000000\n"), Not(HasSubstr("READY=1")),
                      EndsWith("STATUS=connecting, 2 clients, no quote yet")));
  role.live = true;
  EXPECT_THAT(listener.receive_with("live"),
              AllOf(StartsWith("READY=1\n"), Not(HasSubstr("EXTEND")), HasSubstr("WATCHDOG=1\n")));
  role.live = false;
  EXPECT_THAT(listener.receive_with("connecting"),
              AllOf(StartsWith("WATCHDOG=1\n"), Not(HasSubstr("EXTEND"))))
      << "a source that is gone is no reason to end the process";
}

TEST(ServiceManager, WithoutAWatchdogThereIsNothingToKeepQuiet) {
  Listener listener;
  Role role;
  ServiceManager manager({listener.address, 0}, role.ask(), {});
  EXPECT_EQ(listener.receive(), "READY=1\nSTATUS=live, 2 clients, no quote yet");
}

// A loop that is stuck in a callback until the object goes.
class Hang {
 public:
  explicit Hang(const std::function<void(std::function<void()>)>& post) {
    post([begun = &begun_, released = released_.get_future().share()] {
      begun->set_value();
      released.wait();
    });
    begun_.get_future().wait();
  }
  ~Hang() { release(); }
  void release() {
    if (!std::exchange(gone_, true)) released_.set_value();
  }

 private:
  std::promise<void> begun_;
  std::promise<void> released_;
  bool gone_ = false;
};

TEST(ServiceManager, ALoopThatHangsStopsTheWatchdogUntilItTurnsAgain) {
  market::SymbolTable symbols;
  market::Book book;
  emitter::Options options;
  options.listen = {"127.0.0.1", 0};
  options.shards = 2;
  options.drain_ns = 0;
  auto started = emitter::Emitter::start(options, symbols, book);
  ASSERT_TRUE(started);
  emitter::Emitter& emitter = **started;
  net::Loop ingest;
  std::thread thread([&ingest] { ingest.run(); });

  {
    Listener listener;
    Role role;
    std::vector<ServiceManager::WatchedLoop> loops;
    loops.push_back({"ingest", [&](auto callback) { ingest.post(std::move(callback)); }});
    for (std::size_t i = 0; i < 2; ++i)
      loops.push_back({"shard " + std::to_string(i),
                       [&emitter, i](auto callback) { emitter.post(i, std::move(callback)); }});
    ServiceManager manager({listener.address, kWatchdogNs}, role.ask(), loops);
    for (const ServiceManager::WatchedLoop& loop : loops) {
      EXPECT_THAT(listener.receive_with("WATCHDOG=1"), HasSubstr("live"));
      Hang hang(loop.post);
      EXPECT_THAT(listener.receive_quiet(),
                  StartsWith("STATUS=the " + loop.name + " loop has not turned for "));
    }
    EXPECT_THAT(listener.receive_with("WATCHDOG=1"), HasSubstr("live"));
  }
  ingest.stop();
  thread.join();
}

TEST(ServiceManager, ALoopThatHangsWhileStartingIsGivenNoPatience) {
  Listener listener;
  Role role;
  role.live = false;
  std::function<void()> kept;  // posted to a loop that does not turn
  ServiceManager manager({listener.address, kWatchdogNs}, role.ask(),
                         {{"ingest", [&kept](auto callback) { kept = std::move(callback); }}});
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(listener.receive(), StartsWith("STATUS=the ingest loop has not turned for "));
}

TEST(ServiceManager, AReloadIsTold) {
  Listener listener;
  Role role;
  ServiceManager manager({listener.address, 0}, role.ask(), {});
  EXPECT_THAT(listener.receive(), StartsWith("READY=1\n"));
  const std::int64_t before_us = steady_ns() / kNsPerUs;
  std::string within;
  manager.reload([&] { within = listener.receive(); });
  const std::int64_t after_us = steady_ns() / kNsPerUs;
  ASSERT_THAT(within, StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  const std::int64_t told_us = std::stoll(within.substr(within.find("USEC=") + 5));
  EXPECT_LE(before_us, told_us);
  EXPECT_LE(told_us, after_us);
  EXPECT_EQ(listener.receive(), "READY=1");
}

TEST(ServiceManager, AReloadBeforeTheRoleIsReadyDoesNotMakeItSo) {
  Listener listener;
  Role role;
  role.live = false;
  ServiceManager manager({listener.address, 0}, role.ask(), {});
  bool read = false;
  manager.reload([&] { read = true; });
  manager.stopping(0);
  EXPECT_TRUE(read);
  EXPECT_THAT(listener.receive_with("STOPPING=1"), StartsWith("STOPPING=1\n"));
  EXPECT_TRUE(listener.silent());
}

TEST(ServiceManager, AStopIsTheLastThatIsTold) {
  Listener listener;
  Role role;
  ServiceManager manager({listener.address, kWatchdogNs}, role.ask(), {});
  listener.receive_with("READY=1");
  manager.stopping(70 * kNsPerSecond);
  EXPECT_EQ(listener.receive_with("STOPPING=1"), "STOPPING=1\nEXTEND_TIMEOUT_USEC=70000000\nSTATUS=draining");
  EXPECT_TRUE(listener.silent());
}

TEST(ServiceManager, AStopDoesNotWaitForALoopThatHangs) {
  Listener listener;
  Role role;
  ServiceManager manager({listener.address, kWatchdogNs}, role.ask(), {{"ingest", [](auto) {}}});
  listener.receive_with("has not turned");
  manager.stopping(0);
  EXPECT_THAT(listener.receive_with("STOPPING=1"), StartsWith("STOPPING=1\n"));
}

TEST(ServiceManager, WithoutAManagerOnlyTheWorkIsDone) {
  Role role;
  int asked = 0;
  int read = 0;
  for (const char* address : {"", "nowhere"}) {
    ServiceManager manager({address, kWatchdogNs}, role.ask(), {{"ingest", [&asked](auto) { ++asked; }}});
    manager.reload([&read] { ++read; });
    manager.stopping(0);
  }
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(read, 2);
}

TEST(ServiceManager, TheStatusTellsOfClientsAndOfTheSourceWhereThereAreAny) {
  const std::int64_t now_ns = 100 * kNsPerSecond;
  const auto ago = [&](std::int64_t ns) { return static_cast<std::uint64_t>(now_ns - ns); };
  EXPECT_EQ(status_line({{true, "live"}, 1204, ago(3 * kNsPerMs)}, now_ns),
            "live, 1204 clients, last quote 3 ms ago");
  EXPECT_EQ(status_line({{false, "stale"}, 1, ago(12 * kNsPerSecond)}, now_ns),
            "stale, 1 client, last quote 12 s ago");
  EXPECT_EQ(status_line({{false, "connecting"}, {}, 0}, now_ns), "connecting, no quote yet");
  EXPECT_EQ(status_line({{true, "open"}, 3, {}}, now_ns), "open, 3 clients");
  EXPECT_EQ(status_line({{true, "live"}, {}, ago(-kNsPerSecond)}, now_ns), "live, last quote 0 ms ago")
      << "a clock that was set back";
}

}  // namespace
}  // namespace tickcast::app
