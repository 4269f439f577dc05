// SPDX-License-Identifier: Apache-2.0
//
// Sockets: TCP listeners and connections, non-blocking, closed on exec. Thread: any; none is shared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>

#include "base/result.h"
#include "wire/url.h"

namespace tickcast::net {

// Owns a descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { reset(); }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset();
  // Closes so that the peer sees a reset and the kernel keeps nothing unsent.
  void abort();

 private:
  int fd_ = -1;
};

// A numeric address and port.
struct Endpoint {
  sockaddr_storage storage{};
  socklen_t length = 0;

  std::string text() const;  // "127.0.0.1:8080", "[::1]:8080"
  std::string host_text()
      const;  // without the port; an IPv4 address that came through an IPv6 socket looks like IPv4
  std::uint16_t port() const;
  bool loopback() const;
};

struct ListenOptions {
  // Several listeners of this process share the port (one per shard). A port that another process holds is
  // taken all the same.
  bool reuse_port = false;
  int backlog = 4096;         // the kernel caps it at net.core.somaxconn
  int send_buffer_bytes = 0;  // of accepted connections; 0: the kernel's default and autotuning
  // Of accepted connections: they are not writable while more than this waits to be sent for the first time
  // (TCP_NOTSENT_LOWAT), so that what is newer is not decided on too early. 0: no limit but the buffer.
  int unsent_bytes = 0;
};

// A host name is looked up (blocking: at start only). A taken port names the process that may hold it. "Every
// address" is IPv6 and IPv4 where the machine has both.
Result<Socket> listen_tcp(const wire::ListenAddress& address, const ListenOptions& options);
Result<Endpoint> local_endpoint(const Socket& socket);

// The next pending connection, non-blocking, TCP_NODELAY set; an empty Socket when there is none. An error is
// worth a log line and a pause (descriptors used up).
Result<Socket> accept_tcp(const Socket& listener, Endpoint& peer);

struct ConnectOptions {
  int receive_buffer_bytes = 0;       // the kernel's; 0: its own choice, and autotuning
  std::optional<Endpoint> from = {};  // one of this machine's addresses; the port, 0, is the kernel's choice
};

// Starts connecting; writable when done, then connect_outcome() tells.
Result<Socket> start_connect(const Endpoint& to, const ConnectOptions& options = {});
Status connect_outcome(const Socket& socket);

// Lets the kernel keep so much for a connection that is read again after a small buffer has held it back.
void widen_receive_buffer(int fd, int bytes);

// Looks a name up. Blocking, seconds at worst: not in a loop's thread (net/background.h does it aside).
Result<std::vector<Endpoint>> resolve(const std::string& host, std::uint16_t port);

// Descriptors this process may still open, after raising the soft limit to the hard one.
std::size_t raise_descriptor_limit();

}  // namespace tickcast::net
