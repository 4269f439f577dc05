// SPDX-License-Identifier: Apache-2.0
//
// Client: one of very many: dials, follows its watchlist in its manner, and hands every message to the
// Inspector. A slow or stalled one has a small receive buffer, so that the server soon notices.
//
// Thread: its loop's. Owned by the Fleet.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "load/inspector.h"
#include "net/background.h"
#include "net/loop.h"
#include "wire/url.h"
#include "ws/client.h"

namespace tickcast::load {

// What all clients of a process share. Must outlive them.
struct ClientSettings {
  wire::Url url;  // of the server
  net::Endpoint to;
  const net::TlsContext* tls = nullptr;
  std::string ca_file;  // "": the system's trust store
  std::int64_t slow_bytes_per_s = 0;
  std::int64_t dial_timeout_ns = 30 * kNsPerSecond;
};

// What the Fleet hears of a client.
class ClientEvents {
 public:
  virtual void on_connected() = 0;
  virtual void on_refused(const ws::DialFailure& failure) = 0;
  virtual void on_lost(const Account& account, const ws::Ended& ended) = 0;

 protected:
  ~ClientEvents() = default;
};

class Client final : private ws::ClientEvents {
 public:
  // Dials. `from`: the address of this machine to come from.
  Client(net::Loop& loop, net::Background& background, const ClientSettings& settings, Account account,
         const std::optional<net::Endpoint>& from, Inspector& inspector, load::ClientEvents& events);
  ~Client();

  // From now on it reads all there is, whatever its manner.
  void read_on();

  bool connected() { return client_.connection() != nullptr; }
  Account& account() { return account_; }

 private:
  ws::ClientOptions dial_options(const std::optional<net::Endpoint>& from) const;
  void on_open(ws::Connection& connection) override;
  void on_dial_failed(const ws::DialFailure& failure) override;
  void on_message(ws::Connection& connection, const wire::Message& message,
                  std::int64_t received_ns) override;
  void on_read_end(ws::Connection& connection) override;
  void on_writable(ws::Connection&) override {}
  void on_ended(ws::Connection& connection, const ws::Ended& ended) override;

  net::Loop& loop_;
  const ClientSettings& settings_;
  Inspector& inspector_;
  load::ClientEvents& events_;
  Account account_;
  bool holds_back_;              // reads as its manner says, not all there is
  std::int64_t read_bytes_ = 0;  // of slow ones: since the last pause
  net::Loop::TimerId pause_ = 0;
  ws::Client client_;
};

}  // namespace tickcast::load
