// SPDX-License-Identifier: Apache-2.0
//
// ServiceManager: tells systemd (or whoever listens at NOTIFY_SOCKET) how a role does. Without a listener it
// does nothing and has no thread.
//
//   READY=1      once, when /readyz would first say 200: a filled book, a live source. Until then the start
//                may take as long as the loops turn (EXTEND_TIMEOUT_USEC): a role waits for an exchange or a
//                broker that is away, and is ended when it hangs.
//   WATCHDOG=1   when every loop has answered what was posted to it, at most half the watchdog's time ago. A
//                loop that does not end its turn stops these, so that the manager ends the process. A source
//                that is silent does not: starting anew would cost every client its connection and bring no
//                quote (feed/watchdog.h replaces what is deaf).
//   STATUS=      one line for `systemctl status`; when a loop hangs, which.
//   RELOADING=1  around what SIGHUP does; STOPPING=1 when a planned stop begins.
//
// Thread: the owner's, main; it has one of its own. Loops answer in theirs, which never wait for the manager.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/admin.h"
#include "app/notify_socket.h"
#include "base/clock.h"

namespace tickcast::app {

// How a role does.
struct Vitals {
  Readiness readiness;
  std::optional<std::uint64_t> clients;  // nothing: it serves none
  // When its sources last brought anything, epoch; 0: never yet; nothing: it has none.
  std::optional<std::uint64_t> last_ns;
};

// "live, 1204 clients, last quote 3 ms ago"
std::string status_line(const Vitals& vitals, std::int64_t now_ns);

class ServiceManager {
 public:
  // One of a role's loops. What is posted runs in its thread, between turns.
  struct WatchedLoop {
    std::string name;  // "ingest"
    std::function<void(std::function<void()>)> post;
  };
  using Ask = std::function<Vitals()>;  // Thread: any

  // The loops must outlive this object. A socket that can't be used is logged, and nobody is told.
  ServiceManager(const ManagerEnvironment& environment, Ask ask, std::vector<WatchedLoop> loops);
  ~ServiceManager();

  // Does what SIGHUP asks for, and tells when it begins and ends.
  void reload(const std::function<void()>& read_again);
  // A planned stop begins, and takes so long at most. Nothing is told, and no loop asked, from then on.
  void stopping(std::int64_t at_most_ns);

 private:
  struct Answers;

  void run();
  void ask_loops();
  bool wait_for_answers();
  bool pause(std::int64_t until_ns);
  void tell();
  void tell_of_hang(std::size_t loop, std::int64_t since_ns, bool first);
  bool send(const std::string& lines);
  void end();

  std::optional<NotifySocket> socket_;
  const Ask ask_;
  const std::vector<WatchedLoop> loops_;
  const bool watchdog_;
  const std::int64_t beat_ns_;
  std::shared_ptr<Answers> answers_;  // the loops' too, in what was posted to them

  std::mutex telling_;  // guards what follows, and the order of messages
  bool ready_ = false;
  bool complained_ = false;
  std::int64_t beat_due_ns_ = 0;  // until the role is ready: then every round is a beat

  std::thread thread_;
};

}  // namespace tickcast::app
