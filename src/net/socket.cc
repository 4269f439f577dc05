// SPDX-License-Identifier: Apache-2.0
#include "net/socket.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/core.h>

#include "net/port_holder.h"

namespace tickcast::net {
namespace {

std::string system_text(int error) { return std::generic_category().message(error); }

int set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

const sockaddr* address_of(const Endpoint& endpoint) {
  return reinterpret_cast<const sockaddr*>(&endpoint.storage);
}

Endpoint endpoint_of(const sockaddr* address, socklen_t length) {
  Endpoint endpoint;
  std::memcpy(&endpoint.storage, address, length);
  endpoint.length = length;
  return endpoint;
}

// The IPv4 address inside ::ffff:a.b.c.d, in network order.
bool mapped_ipv4(const Endpoint& endpoint, in_addr& out) {
  if (endpoint.storage.ss_family != AF_INET6) return false;
  const in6_addr& address = reinterpret_cast<const sockaddr_in6&>(endpoint.storage).sin6_addr;
  if (!IN6_IS_ADDR_V4MAPPED(&address)) return false;
  std::memcpy(&out, address.s6_addr + 12, sizeof out);
  return true;
}

struct AddressListDeleter {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

Result<std::vector<Endpoint>> look_up(const char* host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* raw = nullptr;
  const int code = getaddrinfo(host, std::to_string(port).c_str(), &hints, &raw);
  if (code != 0) {
    const std::string why = code == EAI_SYSTEM ? system_text(errno) : gai_strerror(code);
    return Error{fmt::format("the host name '{}' can't be looked up: {}", host == nullptr ? "" : host, why)};
  }
  const std::unique_ptr<addrinfo, AddressListDeleter> list(raw);
  std::vector<Endpoint> endpoints;
  for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family == AF_INET || entry->ai_family == AF_INET6) {
      endpoints.push_back(endpoint_of(entry->ai_addr, entry->ai_addrlen));
    }
  }
  if (endpoints.empty())
    return Error{fmt::format("the host name '{}' has no address", host == nullptr ? "" : host)};
  return endpoints;
}

std::vector<Endpoint> every_address(std::uint16_t port) {
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  return {endpoint_of(reinterpret_cast<sockaddr*>(&six), sizeof six),
          endpoint_of(reinterpret_cast<sockaddr*>(&four), sizeof four)};
}

// Binds and listens; 0 or an errno.
int try_listen(const Endpoint& at, const ListenOptions& options, bool join, Socket& out) {
  const int family = at.storage.ss_family;
  Socket socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return errno;
  const int fd = socket.fd();
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (options.send_buffer_bytes > 0) set_option(fd, SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes);
  if (options.unsent_bytes > 0) set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, options.unsent_bytes);
  if (join) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (bind(fd, address_of(at), at.length) != 0) return errno;
  // Set after the first bind, which therefore fails when another process, though it shares too, holds the
  // port; set before listen(), so that later listeners may join.
  if (options.reuse_port && !join) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (listen(fd, options.backlog) != 0) return errno;
  out = std::move(socket);
  return 0;
}

int try_listen_or_join(const Endpoint& at, const ListenOptions& options, Socket& out) {
  const int error = try_listen(at, options, false, out);
  if (error != EADDRINUSE || !options.reuse_port || !held_by_this_process(at.port())) return error;
  return try_listen(at, options, true, out);
}

std::string taken_text(std::uint16_t port) {
  const auto holder = find_port_holder(port);
  if (!holder) return fmt::format("port {} is taken by another program; choose another with --listen", port);
  return fmt::format("port {} is taken, probably by {} (pid {}); choose another with --listen", port,
                     holder->name, holder->pid);
}

std::string listen_failure_text(const wire::ListenAddress& address, int error) {
  if (error == EADDRINUSE) return taken_text(address.port);
  if (error == EACCES) {
    return fmt::format("port {} may be opened by root only; choose one above 1023 with --listen",
                       address.port);
  }
  if (error == EADDRNOTAVAIL) {
    return fmt::format("{} is not an address of this machine; choose another with --listen", address.host);
  }
  return fmt::format("can't listen on {}: {}", address.text(), system_text(error));
}

}  // namespace

void Socket::reset() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void Socket::abort() {
  if (fd_ < 0) return;
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  reset();
}

std::string Endpoint::host_text() const {
  char text[INET6_ADDRSTRLEN] = "?";
  in_addr four{};
  if (mapped_ipv4(*this, four)) {
    inet_ntop(AF_INET, &four, text, sizeof text);
  } else if (storage.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, text, sizeof text);
  } else if (storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, text, sizeof text);
  }
  return text;
}

std::string Endpoint::text() const {
  const std::string host = host_text();
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port())
                                             : fmt::format("[{}]:{}", host, port());
}

std::uint16_t Endpoint::port() const {
  // The port lies at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

bool Endpoint::loopback() const {
  in_addr four{};
  if (mapped_ipv4(*this, four)) return (ntohl(four.s_addr) >> 24) == 127;
  if (storage.ss_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in&>(storage).sin_addr.s_addr) >> 24) == 127;
  }
  return storage.ss_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr);
}

Result<Socket> listen_tcp(const wire::ListenAddress& address, const ListenOptions& options) {
  std::vector<Endpoint> candidates;
  if (address.host.empty()) {
    candidates = every_address(address.port);
  } else {
    auto found = look_up(address.host.c_str(), address.port, AI_PASSIVE);
    if (!found) return found.error();
    candidates = std::move(found).value();
  }
  int error = 0;
  for (const Endpoint& candidate : candidates) {
    Socket socket;
    error = try_listen_or_join(candidate, options, socket);
    if (error == 0) return socket;
    // Only a machine without IPv6 is a reason to try the next address: a taken port must not end up on half
    // of the addresses.
    if (error != EAFNOSUPPORT && error != EADDRNOTAVAIL) break;
  }
  return Error{listen_failure_text(address, error)};
}

Result<Endpoint> local_endpoint(const Socket& socket) {
  Endpoint endpoint;
  endpoint.length = sizeof endpoint.storage;
  if (getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&endpoint.storage), &endpoint.length) != 0) {
    return Error{fmt::format("a socket's own address is unknown: {}", system_text(errno))};
  }
  return endpoint;
}

Result<Socket> accept_tcp(const Socket& listener, Endpoint& peer) {
  while (true) {
    peer.length = sizeof peer.storage;
    Socket socket(accept4(listener.fd(), reinterpret_cast<sockaddr*>(&peer.storage), &peer.length,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      set_option(socket.fd(), IPPROTO_TCP, TCP_NODELAY, 1);
      return socket;
    }
    switch (errno) {
      case EAGAIN:
        return Socket();
      case EMFILE:
      case ENFILE:
        return Error{"no descriptor is left for a new connection; raise the descriptor limit (ulimit -n)"};
      case ENOBUFS:
      case ENOMEM:
        return Error{"the kernel has no memory left for a new connection"};
      case EBADF:
      case EINVAL:
      case ENOTSOCK:
        return Error{fmt::format("can't accept connections: {}", system_text(errno))};
      default:
        break;  // a connection that broke while it waited (accept(2)): the next one may be fine
    }
  }
}

Result<Socket> start_connect(const Endpoint& to, const ConnectOptions& options) {
  Socket socket(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return Error{system_text(errno)};
  set_option(socket.fd(), IPPROTO_TCP, TCP_NODELAY, 1);
  // Before connecting: the window's scale is agreed on with the first packets.
  if (options.receive_buffer_bytes > 0)
    set_option(socket.fd(), SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes);
  if (options.from) {
    // The port is chosen with the connection: one port can then serve connections to several places.
    set_option(socket.fd(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (bind(socket.fd(), address_of(*options.from), options.from->length) != 0)
      return Error{fmt::format("can't connect from {}: {}", options.from->text(), system_text(errno))};
  }
  if (connect(socket.fd(), address_of(to), to.length) != 0 && errno != EINPROGRESS)
    return Error{system_text(errno)};
  return socket;
}

Status connect_outcome(const Socket& socket) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) return Error{system_text(error)};
  return Done{};
}

void widen_receive_buffer(int fd, int bytes) {
  set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
  // What the peer may send at once was bounded by the small buffer when the connection was made.
  set_option(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, bytes);
}

Result<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port) {
  return look_up(host.c_str(), port, 0);
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = limit.rlim_max;
  }
  std::error_code error;
  std::size_t open = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    ++open;
  }
  return limit.rlim_cur > open ? limit.rlim_cur - open : 0;
}

}  // namespace tickcast::net
