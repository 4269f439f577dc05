// SPDX-License-Identifier: Apache-2.0
//
// Venue: the exchange's whole world inside its thread: it plays the source by its clock, sends each event to
// whoever subscribed, answers requests, and keeps the rules. Every event of a flush is encoded once per
// encoding, appended to each connection that gets it, and each connection is flushed once.
//
// Thread: the loop's. Owns everything but the source and the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "exchange/audience.h"
#include "exchange/board.h"
#include "exchange/event_frames.h"
#include "exchange/fault_runner.h"
#include "exchange/market_clock.h"
#include "exchange/rest_api.h"
#include "exchange/rules.h"
#include "exchange/session.h"
#include "exchange/source.h"
#include "exchange/venue_counters.h"
#include "net/loop.h"
#include "wire/control.h"
#include "ws/server.h"

namespace tickcast::exchange {

class Venue final : private ws::Application, private Stage {
 public:
  Venue(net::Loop& loop, Source& source, const Rules& rules, bool control_endpoint);

  // Before listen(): what is given here counts its time from now.
  Result<std::uint64_t> give_fault(const Fault& fault) { return faults_.give(fault, steady_ns()); }
  void listen(net::Socket listener) { server_.listen(std::move(listener)); }
  const VenueCounters& counters() const { return counters_; }  // Thread: any

  // serverShutdown to all, then close frames; `done` when all connections have ended.
  void stop(std::function<void()> done);

 private:
  // --- requests and connections (ws::Application) ---
  ws::Answer on_request(const wire::HttpRequest& request, bool upgrade, const net::Endpoint& peer) override;
  void on_open(ws::Connection& connection, const wire::HttpRequest& request) override;
  void on_message(ws::Connection& connection, const wire::Message& message,
                  std::int64_t received_ns) override;
  void on_read_end(ws::Connection& connection) override;
  void on_writable(ws::Connection&) override {}
  void on_ended(ws::Connection& connection, const ws::Ended& ended) override;

  ws::Answer answer_handshake(const wire::HttpRequest& request, const net::Endpoint& peer);
  void carry_out(Session& session, const Session::Outcome& outcome);
  bool keeps_rate(Session& session);

  // --- /control/... ---
  wire::HttpResponse control(const wire::HttpRequest& request, const net::Endpoint& peer);
  wire::HttpResponse control_fault(const wire::HttpRequest& request);
  std::string state();

  // --- what faults need (Stage) ---
  void for_each_session(const std::function<void(Session&)>& visit) override;
  void publish(SymbolNumber symbol) override;
  void on_symbol_added(SymbolNumber symbol) override;
  void unmute(Session& session) override;
  void announce_shutdown(Session& session) override;

  // --- a turn ---
  std::int64_t end_of_turn();
  void bury_ended();
  void close_old(std::int64_t now_ns);
  void play();
  void flush();
  void enforce_queue(Session& session);
  std::int64_t sleep_ns() const;

  net::Loop& loop_;
  Source& source_;
  const Rules rules_;
  const bool control_endpoint_;
  Board board_;
  MarketClock clock_;
  Audience audience_;
  FaultRunner faults_;
  RestApi rest_;
  ConnectBudget connects_;
  wire::ControlReader control_reader_;
  EventFrames frames_;

  std::map<std::uint64_t, std::unique_ptr<Session>> sessions_;  // by number, so by age
  std::uint64_t last_session_ = 0;
  std::vector<std::uint64_t> ended_;  // sessions to forget at the end of the turn
  std::vector<Session*> unflushed_;
  std::size_t events_unflushed_ = 0;

  VenueCounters counters_;
  bool behind_ = false;  // the source has more that is due
  LogLimit behind_log_{5 * kNsPerSecond};
  bool stopping_ = false;

  ws::Server server_;
};

}  // namespace tickcast::exchange
