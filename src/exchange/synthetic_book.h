// SPDX-License-Identifier: Apache-2.0
//
// SyntheticBook: the best bid and ask of one synthetic symbol, and what each of its events changes: mostly a
// quantity, now and then a price, rarely both sides, sometimes back to what it was. Integers on the symbol's
// grids; the bid is always below the ask.
//
// Pure; randomness and time are passed in. Thread: its owner's.
#pragma once

#include <cstdint>

#include "exchange/random.h"
#include "exchange/universe.h"
#include "market/quote.h"

namespace tickcast::exchange {

class SyntheticBook {
 public:
  // The first quote is made at `start_ns` (epoch), its id the higher the later that is: a market that is
  // started again with the same seed continues above all ids it gave before.
  SyntheticBook(const SyntheticSymbol& symbol, double events_per_second, std::int64_t start_ns,
                Random& random);

  // One change. REQUIRES: now_ns does not decrease.
  void change(std::int64_t now_ns, Random& random);

  market::Quote quote() const;

 private:
  struct Side {
    std::int64_t ticks = 0;
    std::int64_t lots = 0;
    float size = 0;  // normal score of `lots`
    bool operator==(const Side& other) const { return ticks == other.ticks && lots == other.lots; }
  };
  struct Top {
    Side bid;
    Side ask;
    bool operator==(const Top&) const = default;
    bool at_prices_of(const Top& other) const {
      return bid.ticks == other.bid.ticks && ask.ticks == other.ask.ticks;
    }
  };

  void change_quantity(Random& random);
  void widen(Random& random);
  void narrow(Random& random);
  void shift(Random& random);
  void new_quantity(Side& side, Random& random);
  std::int64_t jump(Random& random) const;
  bool upwards(Random& random) const;
  std::int64_t lots_of(double size) const;
  void advance_id(std::int64_t now_ns, Random& random);

  Top now_;
  Top before_;                 // one event ago
  bool bid_was_last_ = false;  // the side of the last quantity change
  std::int64_t update_id_ = 0;
  std::int64_t event_ns_ = 0;
  // Constant after construction.
  std::int64_t tick_e8_;
  std::int64_t step_e8_;
  std::int64_t anchor_ticks_;  // the price that it tends back to, weakly
  std::int64_t spread_ticks_;
  std::int64_t lots_max_;
  std::int64_t lots_usual_;  // one size that keeps coming back: the smallest order that the exchange takes
  double jump_ticks_;
  double quantity_lots_;
  std::int64_t start_id_;
  std::int64_t start_ns_;
  double ids_per_ns_max_;
};

}  // namespace tickcast::exchange
