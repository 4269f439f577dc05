// SPDX-License-Identifier: Apache-2.0
//
// ScriptedExchange: for the feed's tests: an exchange that does as it is told, on the test's own loop, behind
// real sockets. It keeps what each symbol's last value is, and lets a test choose what the feed gets to see
// of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "market/quote.h"
#include "market/source.h"
#include "market/symbol_table.h"
#include "net/loop.h"
#include "wire/control.h"
#include "wire/url.h"
#include "ws/server.h"

namespace tickcast::feed {

class ScriptedExchange final : private ws::Application {
 public:
  // One connection of the feed, as the exchange sees it.
  struct Peer {
    ws::Connection* connection = nullptr;
    std::uint64_t number = 0;  // 1, 2, ... in order of opening
    std::set<std::string> streams;
    std::vector<std::int64_t> requests_ns;  // steady clock
    std::size_t request_bytes_max = 0;
    bool muted = false;  // subscribed, acknowledged, and silent
  };

  explicit ScriptedExchange(net::Loop& loop);
  ~ScriptedExchange();

  wire::Url rest() const;
  wire::Url streams() const;

  // --- the market ---
  void list(const std::string& symbol, const std::string& status = "TRADING");
  void delist(const std::string& symbol);
  // Changes a symbol's value; its subscribers are told.
  void move(const std::string& symbol);
  // Changes it, and nobody is told.
  void move_unseen(const std::string& symbol);
  // All update ids begin anew, far lower.
  void reset_ids();
  const market::Quote& last(const std::string& symbol) const { return market_.at(symbol).quote; }
  std::vector<std::string> symbols() const;

  // --- as a tickcast ---
  // Says of its own source, to whoever asks or follows `!status`. It is a plain exchange before it did.
  void say(market::SourceState state);
  void say_to(Peer& peer, market::SourceState state);

  // --- what it does to the feed ---
  void send_to_all(const std::string& frame);
  void send_binary_to_all(const std::string& frame);
  void drop_all();                                                         // resets
  void close_all();                                                        // closing handshakes
  void go_away();                                                          // no longer listens, and drops all
  void come_back();                                                        // at the same port
  std::function<wire::HttpResponse(const wire::HttpRequest&)> rest_fault;  // an answer with status 0: none
  std::function<wire::HttpResponse(const wire::HttpRequest&)>
      handshake_fault;  // likewise: the handshake goes well
  bool acknowledge = true;
  bool mute_new = false;         // peers to come are muted
  bool refuse_requests = false;  // every request is answered with an error
  std::string invalid_stream;    // a request with this name is answered with an error

  // --- what it saw ---
  std::vector<Peer*> peers();  // the open ones, in order of opening
  std::size_t subscribers(const std::string& symbol);
  std::uint64_t handshakes() const { return handshakes_; }
  std::map<std::string, int> rest_requests;  // by path
  int gzip_answers = 0;

 private:
  struct Symbol {
    market::Listing listing;
    market::Quote quote;
  };

  ws::Answer on_request(const wire::HttpRequest& request, bool upgrade, const net::Endpoint& peer) override;
  void on_open(ws::Connection& connection, const wire::HttpRequest& request) override;
  void on_message(ws::Connection& connection, const wire::Message& message,
                  std::int64_t received_ns) override;
  void on_writable(ws::Connection& connection) override;
  void on_ended(ws::Connection& connection, const ws::Ended& ended) override;

  wire::HttpResponse rest_answer(const wire::HttpRequest& request);
  void listen();

  net::Loop& loop_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ws::Server> server_;
  wire::ControlReader control_;
  std::map<std::string, Symbol> market_;
  std::optional<market::SourceState> state_;  // as a tickcast
  std::map<ws::Connection*, Peer> peers_;
  std::uint64_t last_number_ = 0;
  std::uint64_t handshakes_ = 0;
};

}  // namespace tickcast::feed
