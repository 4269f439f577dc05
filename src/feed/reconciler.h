// SPDX-License-Identifier: Apache-2.0
//
// Reconciler: brings the book up to date by REST: at start, when it holds nothing, and after gaps, when
// symbols may have changed unseen. One look-up of all symbols at a time (weight 4 of the exchange's 6,000 a
// minute), not more often than once a second, repeated with back-off until one succeeds.
//
// Order: a REST value has no update id. It is newer than a held quote only if that was received before the
// look-up began, and for certain only if it was received clearly before, since a REST node may lag the
// streams a little. A quote received in that last moment is looked at again a little later.
//
// Thread: ingest.
#pragma once

#include <cstdint>
#include <functional>
#include <random>

#include "base/log.h"
#include "feed/backoff.h"
#include "feed/feed.h"
#include "feed/intake.h"
#include "feed/rest_client.h"
#include "market/book.h"
#include "market/symbol_table.h"
#include "net/loop.h"

namespace tickcast::feed {

// How far a REST answer may lag the streams.
inline constexpr std::int64_t kRestLagNs = kNsPerSecond;

struct Reconciled {
  std::size_t seeded = 0;     // had no quote yet
  std::size_t corrected = 0;  // had an older value
  std::size_t doubtful = 0;   // differ, but were received just before the look-up began
};

// Takes a look-up's values into the book, for the symbols that the intake expects. Times are the wall
// clock's; quotes received before `order_restarted_ns` carry ids of an order that is over. Does not publish.
Reconciled take_in(const RestTickers& tickers, std::int64_t asked_ns, std::int64_t answered_ns,
                   std::int64_t order_restarted_ns, const market::SymbolTable& symbols, const Intake& intake,
                   market::Book& book);

class ReconcilerOwner {
 public:
  virtual void on_look_up_begins() = 0;
  virtual void on_look_up_done() = 0;

 protected:
  ~ReconcilerOwner() = default;
};

class Reconciler {
 public:
  Reconciler(net::Loop& loop, RestClient& rest, const market::SymbolTable& symbols, const Intake& intake,
             market::Book& book, Stats& stats, std::mt19937_64& random, const Options& options,
             ReconcilerOwner& owner);
  ~Reconciler();

  // A look-up that begins after this moment is needed.
  void request();
  // Book::restart_order() was called.
  void order_restarted();

  bool idle() const { return !requested_ && !under_way_; }
  // Nothing is left in doubt either.
  bool settled() const { return idle() && follow_up_timer_ == 0; }
  bool succeeded() const { return succeeded_; }  // at least once

 private:
  void schedule();
  void begin();
  void finish(const RestOutcome<RestTickers>& outcome);
  void follow_up();

  net::Loop& loop_;
  RestClient& rest_;
  const market::SymbolTable& symbols_;
  const Intake& intake_;
  market::Book& book_;
  Stats& stats_;
  std::mt19937_64& random_;
  ReconcilerOwner& owner_;

  Backoff backoff_;
  LogLimit failure_log_{10 * kNsPerSecond};
  bool requested_ = false;
  bool under_way_ = false;
  bool succeeded_ = false;
  bool following_up_ =
      false;  // the look-up under way or waiting is the second look at doubtful ones: no third
  std::int64_t not_before_ns_ = 0;
  std::int64_t order_restarted_ns_ = 0;  // wall clock
  net::Loop::TimerId timer_ = 0;
  net::Loop::TimerId follow_up_timer_ = 0;
};

}  // namespace tickcast::feed
