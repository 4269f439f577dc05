// SPDX-License-Identifier: Apache-2.0
//
// Line: one place in the plan of a leg: a set of symbols, and the connections that carry it over time.
// Usually that is one; while it is being replaced (planned rotation, the exchange's notice, a deaf
// connection) a second one is subscribed first, and the old one lingers a moment after that, so that nothing
// is lost between them. The book keeps what comes twice apart by its ids.
//
//   dialled ──> next ──(all acknowledged)──> active ──(another became active)──> retiring ──(a moment
//   later)──> closed
//
// Thread: ingest. Owned by the feed, as are the things in its context.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "feed/backoff.h"
#include "feed/coverage.h"
#include "feed/feed.h"
#include "feed/intake.h"
#include "feed/plan.h"
#include "feed/stream_connection.h"
#include "feed/watchdog.h"
#include "market/source.h"

namespace tickcast::feed {

class LineOwner {
 public:
  // A connection has opened; no frame of it was taken in yet.
  virtual void on_connection_open() = 0;
  // The exchange refuses the symbol by its name.
  virtual void on_symbol_refused(market::SymbolId symbol) = 0;
  // What is open, subscribed, covered or told by the server is another now.
  virtual void on_line_change() = 0;

 protected:
  ~LineOwner() = default;
};

// What all lines of a feed share.
struct LineContext {
  net::Loop& loop;
  net::Background& resolver;
  const Options& options;
  const market::SymbolTable& symbols;
  Intake& intake;
  Stats& stats;
  LineOwner& owner;
  StreamSettings settings;
  ConnectGate gate;
  Coverage coverage;
  std::mt19937_64 random;
  std::uint32_t last_connection_id = 0;
  LogLimit failure_log{2 * kNsPerSecond};
};

class Line final : private StreamOwner {
 public:
  // `number` counts all lines of the feed: it staggers their rotation. Dials nothing yet.
  Line(LineContext& context, std::size_t leg, std::size_t number);
  ~Line();

  // Carries these too, dialling if need be. REQUIRES: symbols.size() <= room().
  void add(std::span<const RatedSymbol> symbols);
  // Leaves the symbol out of connections to come.
  void drop(market::SymbolId symbol);
  std::size_t room() const;
  double expected_rate() const { return expected_rate_; }  // of all its symbols, by the plan
  double measured_rate() const { return watchdog_.rate(); }

  std::size_t leg() const { return leg_; }
  // All its symbols are acknowledged on one connection.
  bool subscribed() const { return symbols_.empty() || (active_ && active_->subscribed()); }
  // A connection is open and still has requests to make.
  bool subscribing() const;
  bool replacing() const { return replace_; }
  // What the server at the other end says of its own source; nothing: an exchange, or no connection.
  std::optional<market::SourceState> heard_state() const;

  // Every second or so: the watchdog, what is due to be closed.
  void tick();
  bool rotation_due() const;
  std::int64_t rotate_at_ns() const { return rotate_at_ns_; }  // steady clock
  // Replaces the connection, make before break.
  void rotate();

 private:
  void on_open(StreamConnection& connection) override;
  void on_acknowledged(StreamConnection& connection, std::span<const market::SymbolId> symbols) override;
  void on_refused(StreamConnection& connection, market::SymbolId symbol, const std::string& words) override;
  void on_status(StreamConnection& connection) override;
  void on_shutdown_notice(StreamConnection& connection) override;
  void on_lost(StreamConnection& connection, const Loss& loss) override;

  void ensure_dial(bool at_once);
  void book_dial();
  void dial();
  void promote_when_subscribed(StreamConnection& connection);
  void condemn();
  void retire();
  void drop_connection(std::unique_ptr<StreamConnection>& connection);
  std::string heed(const Loss& loss);
  void report(const StreamConnection& connection, bool dial_failed, const std::string& why);
  void uncover(const StreamConnection& connection, std::int64_t good_until_ns);
  std::uint64_t symbol_events() const;

  LineContext& context_;
  std::size_t leg_;
  std::string label_;  // "A1": leg and number, for the log
  std::int64_t life_ns_;
  std::vector<RatedSymbol> symbols_;
  double expected_rate_ = 0;

  std::unique_ptr<StreamConnection> next_;
  std::unique_ptr<StreamConnection> active_;
  std::unique_ptr<StreamConnection> retiring_;
  bool replace_ = false;    // the active connection is to be replaced
  bool condemned_ = false;  // the active connection was found deaf
  std::int64_t rotate_at_ns_ = 0;
  std::int64_t retire_at_ns_ = 0;

  Backoff backoff_;
  Watchdog watchdog_;
  std::int64_t wait_min_ns_ = 0;  // what the last refusal asked for
  net::Loop::TimerId dial_timer_ = 0;
};

}  // namespace tickcast::feed
