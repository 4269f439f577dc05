// SPDX-License-Identifier: Apache-2.0
//
// Emitter: serves the book to WebSocket clients, and as server-sent events. Starts one shard per core; shards
// share nothing mutable with each other.
//
// Thread: start() and stop() by the one who owns it; each shard is a thread of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "emitter/client_metrics.h"
#include "market/book.h"
#include "market/symbol_table.h"
#include "wire/url.h"

namespace tickcast::emitter {

// Who may come. Can change while an emitter runs: holds for clients to come.
struct Admission {
  std::size_t connections_max = 0;              // over all shards; 0: what descriptors allow, less a reserve
  std::size_t connections_per_address_max = 0;  // 0: no limit
  // Pages that may open streams, by origin as browsers tell it ("https://example.com"), besides our own page;
  // none: pages of any. Who tells no origin is no page.
  std::vector<std::string> origins;
};

struct Options {
  wire::ListenAddress listen;
  // Serve under TLS with this certificate (the chain's others behind it) and key, PEM; empty: in clear.
  std::string tls_certificate_file;
  std::string tls_key_file;
  std::size_t shards = 0;  // 0: one per core
  std::size_t streams_per_connection_max = 1024;
  Admission admission;
  // No client is sent updates of a symbol more often than once in so long, whatever it asked for; 0: no
  // limit.
  std::int64_t fastest_pace_ns = 0;
  std::uint32_t message_bytes_max = 64 * 1024;
  std::uint32_t fragments_max = 1024;
  double messages_per_second = 50;
  double messages_burst = 200;
  bool compression = true;  // permessage-deflate for array messages, with who offers it
  std::int64_t handshake_timeout_ns = 5 * kNsPerSecond;
  std::int64_t ping_interval_ns = 20 * kNsPerSecond;
  std::int64_t pong_timeout_ns = 60 * kNsPerSecond;
  std::int64_t stuck_timeout_ns = 30 * kNsPerSecond;
  std::int64_t drain_ns = kNsPerSecond;            // closes of a planned stop are spread over it
  std::int64_t look_interval_ns = 300 * kNsPerUs;  // a long round looks at the book again this often
  int send_buffer_bytes = 64 * 1024;               // kernel's, per client: bounds what a stalled reader costs
  int unsent_bytes = 16 * 1024;                    // of these, what may wait to be sent for the first time
  bool pin = false;  // each shard to a processor of its own, of those this process may use
};

class Emitter {
 public:
  // Binds the port and starts the shards. The book and the symbols must outlive the emitter.
  static Result<std::unique_ptr<Emitter>> start(const Options& options, const market::SymbolTable& symbols,
                                                market::Book& book);
  ~Emitter();

  // serverShutdown to every client, then close 1012 spread over drain_ns; returns when all are gone. At the
  // latest the destructor does it.
  void stop();
  void set_admission(const Admission& admission);
  void set_fastest_pace(std::int64_t pace_ns);  // as in Options; those who are connected included
  // Runs the callback in the thread of a shard, between its turns. Thread: any.
  std::size_t shards() const;
  void post(std::size_t shard, std::function<void()> callback);
  // Thread: any, until the destructor begins.
  ClientReading read_metrics() const;

  std::uint16_t port() const;
  bool under_tls() const;
  // Reads certificate and key again; when they are not good, the last ones stay in use. Nothing in clear.
  Status reload_certificate();

 private:
  struct Impl;
  explicit Emitter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickcast::emitter
