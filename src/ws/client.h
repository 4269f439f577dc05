// SPDX-License-Identifier: Apache-2.0
//
// Client: dials a ws:// or wss:// URL and ends as one open Connection, or as a failure that says at which
// step and why. One dial per object; whoever wants to reconnect makes a new one.
//
// It offers no extension: only arrays come compressed, and what the project follows are single events.
//
// Thread: its loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "net/background.h"
#include "net/loop.h"
#include "net/socket.h"
#include "net/stream.h"
#include "wire/http.h"
#include "wire/url.h"
#include "ws/connection.h"

namespace tickcast::ws {

struct DialFailure {
  enum class Step : std::uint8_t { resolve, connect, tls, handshake, timeout };
  Step step = Step::connect;
  int http_status = 0;        // when the server answered with something else than 101
  wire::HttpHeaders headers;  // of that answer (Retry-After)
  std::string message;        // names the host and what went wrong
};

class ClientEvents : public ConnectionEvents {
 public:
  virtual void on_open(Connection& connection) = 0;
  // Instead of on_open. The last call.
  virtual void on_dial_failed(const DialFailure& failure) = 0;

 protected:
  ~ClientEvents() = default;
};

struct ClientOptions {
  ConnectionOptions connection{.limits = {.message_bytes_max = 16 * 1024 * 1024}};
  std::int64_t dial_timeout_ns =
      10 * kNsPerSecond;  // for all steps together; a host's addresses share what is left of it
  net::ConnectOptions connect;
  std::optional<net::Endpoint> to;  // looked up already: the URL's host is not
};

class Client {
 public:
  // `target` is the path and query to ask for ("/stream"). `tls` is used for wss and must outlive the client;
  // may be null for ws.
  Client(net::Loop& loop, net::Background& background, const wire::Url& url, std::string target,
         const net::TlsContext* tls, const ClientOptions& options, ClientEvents& events);
  // Drops whatever there is, silently.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Connection* connection();  // null until on_open and after on_ended

 private:
  struct Impl;
  std::shared_ptr<Impl>
      impl_;  // the background's results find out through a weak_ptr that the client has gone
};

}  // namespace tickcast::ws
