// SPDX-License-Identifier: Apache-2.0
//
// Shard: one thread's whole world: a loop, a listener, its clients and their fan-out. Follows the book
// through a reader of its own, and serves whoever is owed something with what is newest at the moment of
// writing.
//
// Thread: run() is the thread's body; stop() may be called from any. Shares nothing mutable with other shards
// but the cold Lookups.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/wakeup.h"
#include "emitter/client_metrics.h"
#include "emitter/emitter.h"
#include "emitter/lookups.h"
#include "emitter/subscriptions.h"
#include "fanout/lanes.h"
#include "market/book.h"
#include "market/symbol_table.h"
#include "net/loop.h"
#include "net/socket.h"
#include "net/tls_identity.h"
#include "wire/control.h"
#include "ws/server.h"

namespace tickcast::emitter {

class Shard final : private ws::Application, private net::Ready {
 public:
  // Registers with the book as a sleeper: before ingest starts. `tls`: null in clear; must outlive the shard.
  Shard(const Options& options, const net::TlsIdentity* tls, const market::SymbolTable& symbols,
        market::Book& book, Lookups& lookups);
  ~Shard();

  void listen(net::Socket listener) { server_.listen(std::move(listener)); }
  void run();
  // Tells every client that the server goes away, closes them spread over drain_ns, then ends run(). Thread:
  // any.
  void stop();
  void set_admission(const Admission& admission);  // thread: any
  void set_fastest_pace(std::int64_t pace_ns);     // thread: any
  // Runs it between two turns, in the shard's thread. Thread: any.
  void post(std::function<void()> callback) { loop_.post(std::move(callback)); }
  // Adds what it has counted. Thread: any.
  void add_to(ClientReading& reading) const;

 private:
  // What a client follows in one more lane than the live one.
  struct Tap {
    fanout::Lane* lane;
    fanout::ClientId number;  // in that lane
    std::uint8_t market_channel;
  };
  // What a client has besides symbols in the live lane.
  struct Further {
    [[no_unique_address]] Subscriptions subscriptions;  // what follows lies in its padding
    std::uint8_t turn = 0;                              // which tap a visit begins with
    std::vector<Tap> taps;

    bool empty() const { return taps.empty() && !subscriptions.status() && !subscriptions.has_silent(); }
  };
  // One client, by WebSocket or as an event stream: its connection's tag is its number in the live lane, and
  // its place in clients_.
  struct Client {
    ws::Connection* connection = nullptr;  // null: the place is free
    std::unique_ptr<Further> further;      // null when that is empty: nearly always
  };
  static_assert(sizeof(Client) <= 16, "there is one for each client, on top of its connection");

  // ws::Application
  ws::Answer on_request(const wire::HttpRequest& request, bool upgrade, const net::Endpoint& peer) override;
  void on_open(ws::Connection& connection, const wire::HttpRequest& request) override;
  void on_message(ws::Connection& connection, const wire::Message& message,
                  std::int64_t received_ns) override;
  void on_writable(ws::Connection& connection) override;
  void on_ended(ws::Connection& connection, const ws::Ended& ended) override;
  // net::Ready of the wake-up
  void on_ready(std::uint32_t what) override;

  bool admits_origin(const wire::HttpRequest& request) const;
  wire::HttpResponse answer_page(const wire::HttpRequest& request) const;
  std::string handle(ws::Connection& connection, const wire::ControlRequest& request);
  void change_subscriptions(ws::Connection& connection, const wire::ControlRequest& request);
  bool too_many(const Client& client, std::span<const wire::StreamName> names);
  Selections selections_of(const Client& client) const;
  void select(Client& client, const Selections& selections);
  void select_further(Client& client, const Selection& selection);
  fanout::Encoding encoding_in(const Client& client, const fanout::Form& form) const;

  std::int64_t end_of_turn();
  void look();
  void serve_due();
  void serve(ws::Connection& connection);
  void serve_taps(Client& client);
  void serve_from(fanout::Fanout& fanout, fanout::ClientId number, ws::Connection& connection);
  void resolve_new_symbols();
  void send_status(Client& client);

  Client& client_of(const ws::Connection& connection) { return clients_[connection.tag]; }
  static fanout::ClientId number_of(const ws::Connection& connection) {
    return static_cast<fanout::ClientId>(connection.tag);
  }
  static const Subscriptions& subscriptions_of(const Client& client);
  static Further& further_of(Client& client);
  bool combined(const ws::Connection& connection) const {
    return live_.encoding(number_of(connection)) != fanout::Encoding::raw;
  }

  const Options& options_;
  const market::SymbolTable& symbols_;
  const market::Book& book_;
  Lookups& lookups_;
  net::Loop loop_;
  Wakeup wakeup_;
  market::BookReader reader_;
  fanout::Lanes lanes_;
  fanout::Fanout& live_;                              // of the lane that is always there
  std::int64_t lanes_due_ns_ = fanout::Lane::kNever;  // steady clock: when they want to be advanced
  wire::ControlReader control_;
  std::vector<Client> clients_;  // by number in the fan-out
  std::size_t symbols_seen_ = 0;
  market::SourceStatus status_;
  ClientMetrics metrics_;
  std::vector<std::string> origins_;  // as in Admission
  bool more_due_ = false;             // the last turn ended with clients still to serve
  ws::Server server_;
};

}  // namespace tickcast::emitter
