// SPDX-License-Identifier: Apache-2.0
//
// Server: accepts TCP connections, answers HTTP requests, and turns those that ask for it into WebSocket
// connections or event streams. What is served is the Application's; the rules every connection keeps
// (handshake time, pings, idle, numbers) are the server's.
//
// Thread: its loop's. Owns its connections.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "metrics/counter.h"
#include "net/loop.h"
#include "net/socket.h"
#include "net/tls_identity.h"
#include "wire/http.h"
#include "ws/connection.h"

namespace tickcast::ws {

struct ServerOptions {
  const net::TlsIdentity* tls = nullptr;  // null: in clear. Must outlive the server
  ConnectionOptions connection;
  std::int64_t handshake_timeout_ns =
      5 * kNsPerSecond;  // from accept, or the answer before, to a whole request; then closed
  std::int64_t ping_interval_ns = 20 * kNsPerSecond;  // 0: no pings
  bool ping_only_when_quiet = true;                   // false: at every interval, as the exchange does
  std::int64_t pong_timeout_ns = 60 * kNsPerSecond;   // close 1008 "Pong timeout"
  std::int64_t stuck_timeout_ns =
      30 * kNsPerSecond;  // a peer that takes nothing while something is unsent: reset. 0: never
  std::size_t connections_max =
      0;  // 0: what descriptors allow, less a reserve. Over it: 503 with Retry-After
  std::size_t connections_per_address_max = 0;  // 0: no limit. Over it: the same
  double messages_per_second =
      50;                       // token bucket over messages and control frames from a client; 0: no limit
  double messages_burst = 200;  // over it: close 1008 "Too many requests"
  bool compression = false;     // permessage-deflate is agreed on with who offers it (wire/deflate_offer.h)
};

// What the application makes of a request: an answer, or a WebSocket connection (426 when the request did not
// ask for one).
struct Upgrade {
  std::uint64_t tag = 0;     // becomes Connection::tag
  std::string first_frames;  // whole frames sent right behind the 101; may be empty
};
// An event stream (text/event-stream) that lives until either side ends it; on_open follows as for an
// upgrade.
struct EventStream {
  std::uint64_t tag = 0;  // becomes Connection::tag
};
// No answer, ever (a fault): the connection stays until the peer ends it.
struct Hang {};
using Answer = std::variant<wire::HttpResponse, Upgrade, EventStream, Hang>;

class Application : public ConnectionEvents {
 public:
  // For every request whose head is whole: GET or POST, without a body (HEAD is handed on as GET). `peer` is
  // the other end's address. For an upgrade the handshake has been checked already: what is wrong has been
  // refused.
  virtual Answer on_request(const wire::HttpRequest& request, bool upgrade, const net::Endpoint& peer) = 0;
  // The handshake's answer is ahead of everything that is sent from here on.
  virtual void on_open(Connection& connection, const wire::HttpRequest& request) = 0;

 protected:
  ~Application() = default;
};

// Why connections were refused or ended by the server's own rules, since start.
// Thread: any may read.
struct ServerCounters {
  metrics::Counter accepted;
  metrics::Counter upgraded;
  metrics::Counter event_streams;
  metrics::Counter refused_full;
  metrics::Counter refused_address;
  metrics::Counter bad_requests;
  metrics::Counter tls_failures;
  metrics::Counter handshake_timeouts;
  metrics::Counter pong_timeouts;
  metrics::Counter stuck;
  metrics::Counter too_many_messages;
};

class Server {
 public:
  // The loop and the application must outlive the server.
  Server(net::Loop& loop, const ServerOptions& options, Application& application);
  ~Server();  // drops what is left; no event follows
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Other numbers from now on, as in ServerOptions. Who is connected stays.
  void set_limits(std::size_t connections_max, std::size_t connections_per_address_max);

  // Starts to accept on a listening socket (net::listen_tcp). Once.
  void listen(net::Socket listener);
  // Stops to accept; connections stay.
  void stop_listening();

  std::size_t connections() const;      // WebSocket connections and those that still speak HTTP
  std::size_t connections_max() const;  // Thread: any
  const ServerCounters& counters() const;

  // Calls visit for every open WebSocket connection and event stream; visit may close or abort any of them.
  void for_each(const std::function<void(Connection&)>& visit);

  // Closes all connections with the code, spread evenly over `spread_ns`, then calls `done` from the loop.
  // Stops listening first. Done comes at the latest ConnectionOptions::close_timeout_ns after that.
  void drain(wire::CloseCode code, std::string_view reason, std::int64_t spread_ns,
             std::function<void()> done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickcast::ws
