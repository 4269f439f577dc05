// SPDX-License-Identifier: Apache-2.0
#include "app/notify_socket.h"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <sys/time.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/clock.h"

namespace tickcast::app {
namespace {

constexpr timeval kPatience = {.tv_sec = 1, .tv_usec = 0};
// Longer ones would not fit into 64 bits of nanoseconds; a watchdog of a day is none.
constexpr long long kWatchdogMaxUs = 24LL * 3600 * 1'000'000;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// 0: no number.
long long number(const char* name) {
  const std::string text = variable(name);
  char* end = nullptr;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  return *end == '\0' && value > 0 ? value : 0;
}

}  // namespace

ManagerEnvironment manager_environment() {
  ManagerEnvironment out;
  out.socket = variable("NOTIFY_SOCKET");
  const bool for_us = variable("WATCHDOG_PID").empty() || number("WATCHDOG_PID") == getpid();
  const long long watchdog_us = number("WATCHDOG_USEC");
  if (for_us && watchdog_us <= kWatchdogMaxUs) out.watchdog_ns = watchdog_us * kNsPerUs;
  return out;
}

Result<NotifySocket> NotifySocket::open(const std::string& address) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  const bool abstract = address.starts_with('@');
  if (!abstract && !address.starts_with('/'))
    return Error{fmt::format("NOTIFY_SOCKET={}: neither a path nor an abstract name (@...)", address)};
  if (address.size() >= sizeof to.sun_path)
    return Error{fmt::format("NOTIFY_SOCKET={}: longer than a socket's name can be", address)};
  std::memcpy(to.sun_path, address.data(), address.size());
  if (abstract) to.sun_path[0] = '\0';
  // A path ends with its zero byte, an abstract name with its last letter.
  const std::size_t length = offsetof(sockaddr_un, sun_path) + address.size() + (abstract ? 0 : 1);

  net::Socket socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return Error{fmt::format("no socket for NOTIFY_SOCKET: {}", std::strerror(errno))};
  setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  return NotifySocket(std::move(socket), to, static_cast<socklen_t>(length));
}

Status NotifySocket::send(std::string_view lines) const {
  const auto* const to = reinterpret_cast<const sockaddr*>(&to_);
  if (sendto(socket_.fd(), lines.data(), lines.size(), MSG_NOSIGNAL, to, length_) >= 0) return Done{};
  return Error{fmt::format("the service manager can't be told: {}", std::strerror(errno))};
}

}  // namespace tickcast::app
