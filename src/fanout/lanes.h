// SPDX-License-Identifier: Apache-2.0
//
// Lanes: every form of stream that a shard's clients follow, each served by a fan-out of its own over the
// market as that form sees it. A paced stream is the ordinary fan-out over a slowed market: a lane lets a
// symbol's change through at once when none was let through in the period under way, and else holds the
// symbol until the period's end, when its newest quote goes through. What goes through is numbered and
// served like any change, so slow clients, `n` and sharing work as ever. An array lane counts the market as
// one symbol: one message a period. An operator may set a fastest pace: lanes that are faster, the one
// without a pace among them, go at that pace then, and their streams keep their names.
//
// The periods of a pace come in kPhases phases, and each is a lane: its clients share period, lists and
// bytes, and no tick has to serve all clients of a pace. A phase more is opened when those open have
// kClientsPerPhase each. A client costs nothing here but its place in its fan-out; a lane costs about 500
// bytes per symbol, exists while it has clients, and there are at most 3 scopes * (1 + 5 paces * kPhases).
// The market that they are lanes of costs 112 bytes per symbol.
// There are no timers: the shard asks advance() when it has to come back.
//
// Pure: moments are passed in, on a steady clock. Thread: the shard's.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "fanout/compressor.h"
#include "fanout/fanout.h"

namespace tickcast::fanout {

class Lane {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // The newest of each symbol, by symbol; sequence 0: none.
  using Market = std::vector<market::Book::Entry>;

  // Periods begin at phase_ns + k * pace. `market` is where held symbols are looked up when they are due.
  Lane(const market::SymbolTable& symbols, Form its_form, std::int64_t phase_ns, const Market& market,
       Compressor& compressor, FanoutCounters& counters);

  // Clients are the fan-out's, and have an owner: the shard's number for whom they belong to.
  ClientId add_client(Encoding encoding, std::uint32_t owner);
  std::uint32_t owner(ClientId client) const { return owners_[static_cast<std::size_t>(client)]; }

  // Whatever the form's pace is, nothing goes through more often than once in so long; 0: as the form has
  // it. Where that changes the pace, what is held goes through at once and a period begins.
  void set_fastest_pace(std::int64_t pace_ns);
  // REQUIRES that `market` has the entry.
  void apply(market::SymbolId symbol, const market::Book::Entry& entry, std::int64_t now_ns);
  // Lets through what was held until a moment that has come. When the next such moment is; kNever: nothing is
  // held.
  std::int64_t advance(std::int64_t now_ns);

  const Form form;
  const std::int64_t phase_ns;
  Fanout fanout;

 private:
  // The period in which a symbol, or an array lane as a whole, last let something through.
  static constexpr std::int64_t kNoPeriod = std::numeric_limits<std::int64_t>::min();
  struct Gate {
    std::int64_t period = kNoPeriod;
    bool held = false;
  };

  std::int64_t period_at(std::int64_t now_ns) const { return (now_ns - phase_ns) / pace_ns_; }
  std::int64_t& last_period(Gate& gate) { return form.scope == Scope::array ? array_period_ : gate.period; }
  void let_held_through();

  std::int64_t pace_ns_;  // 0: everything goes through at once
  const Market& market_;
  std::vector<Gate> gates_;  // by symbol
  std::vector<market::SymbolId> held_;
  std::int64_t period_ = kNoPeriod;  // the one under way
  std::int64_t array_period_ = kNoPeriod;
  std::vector<std::uint32_t> owners_;  // by client
};

class Lanes {
 public:
  static constexpr std::size_t kPhases = 8;
  static constexpr std::size_t kClientsPerPhase = 64;

  explicit Lanes(const market::SymbolTable& symbols);

  // Listed symbols without a pace of their own: what most follow. Always there.
  Fanout& live() { return lanes_.front()->fanout; }
  Lane& live_lane() { return *lanes_.front(); }

  // The lane that a further client of this form goes to; it has the last quote of every symbol.
  Lane& lane_for(Form form, std::int64_t now_ns);
  // Removes a client, and its lane when that was the last and not the live one's.
  void remove_client(Lane& lane, ClientId client);

  // For all lanes, those that are open included; 0: none.
  void set_fastest_pace(std::int64_t pace_ns);
  // Takes in the newest entry of a symbol. One that was taken in before is ignored.
  void apply(market::SymbolId symbol, const market::Book::Entry& entry, std::int64_t now_ns);
  std::int64_t advance(std::int64_t now_ns);  // as Lane's, over all

  // As Fanout::next_due, taking turns between the lanes.
  struct Due {
    Lane* lane = nullptr;
    ClientId client{};
  };
  bool next_due(Due& due);

  std::size_t count() const { return lanes_.size(); }
  std::size_t watchlists() const;                               // over all lanes
  const FanoutCounters& counters() const { return counters_; }  // of all lanes that are or were

 private:
  Lane& open(Form form, std::int64_t phase_ns, std::int64_t now_ns);

  const market::SymbolTable& symbols_;
  Compressor compressor_;  // of all lanes
  FanoutCounters counters_;
  Lane::Market market_;
  std::int64_t fastest_pace_ns_ = 0;
  std::vector<std::unique_ptr<Lane>> lanes_;  // the live one first
  std::size_t turn_ = 0;                      // whose turn it is
  std::size_t taken_ = 0;                     // in this turn
};

}  // namespace tickcast::fanout
