// SPDX-License-Identifier: Apache-2.0
//
// NotifySocket: messages to the service manager that started this process, by the protocol of sd_notify(3): a
// datagram of NAME=value lines to the unix socket that NOTIFY_SOCKET names. The manual promises that the
// protocol stays as it is; these few lines instead of libsystemd keep libgcrypt, liblzma, libzstd and liblz4
// out of the process.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>

#include "base/result.h"
#include "net/socket.h"

namespace tickcast::app {

// What the environment says of whoever started this process.
struct ManagerEnvironment {
  std::string socket;            // NOTIFY_SOCKET; "": nobody wants to be told
  std::int64_t watchdog_ns = 0;  // WATCHDOG_USEC, where it is meant for this process; 0: no watchdog
};
ManagerEnvironment manager_environment();

class NotifySocket {
 public:
  // "/run/systemd/notify", or "@name" in the abstract namespace.
  static Result<NotifySocket> open(const std::string& address);

  // One message. Waits while the manager's queue is full, a second at most: not for a thread that carries
  // quotes.
  Status send(std::string_view lines) const;

 private:
  NotifySocket(net::Socket socket, const sockaddr_un& to, socklen_t length)
      : socket_(std::move(socket)), to_(to), length_(length) {}

  net::Socket socket_;
  sockaddr_un to_;
  socklen_t length_;
};

}  // namespace tickcast::app
