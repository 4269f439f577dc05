// SPDX-License-Identifier: Apache-2.0
//
// SymbolStats: one symbol's events, closely: how they cluster in time and what each changes.
//
// Pure. Thread: its owner's. Memory: a number per millisecond and two per event; what lies kStatsSpanMaxNs
// after the market's first event is not measured.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "exchange/statistics.h"
#include "market/quote.h"

namespace tickcast::exchange {

inline constexpr std::int64_t kStatsSpanMaxNs = 2 * 3600 * kNsPerSecond;

// One symbol, closely. Shares are of its events unless said otherwise.
struct SymbolFigures {
  double events_per_second = 0;

  // In time. A flush is what came within 0.1 ms.
  std::array<double, 11> flush_share{};  // of flushes: with 1, 2, ... 10 events, and with more
  double flush_mean = 0;
  double flush_max = 0;
  double gap_ms_median = 0;  // between flushes
  double gap_ms_p90 = 0;
  double gap_ms_p99 = 0;
  double gap_ms_max = 0;
  double gap_ln_mean = 0;  // of ms
  double gap_ln_sd = 0;
  std::array<double, 5>
      dispersion{};  // variance / mean of counts per 1, 10, 100, 1,000, 10,000 ms; 1 for a Poisson process
  std::array<double, 4> autocorrelation{};  // of counts per 100 ms at lags 1, 2, 3, 5
  std::array<double, 3> peak_to_mean{};     // of counts per 10, 100, 1,000 ms; mean over pieces of 5 minutes

  // What changes.
  double bid_quantity_only = 0;
  double ask_quantity_only = 0;
  double one_price = 0;       // with a new quantity
  double one_price_kept = 0;  // with the quantity unchanged
  double both_sides = 0;
  double nothing = 0;
  double same_side = 0;       // of quantity changes that follow one
  double bid_grows = 0;       // of bid quantity changes at an unchanged price
  double restored = 0;        // to the state two events ago
  double usual_quantity = 0;  // the commonest bid quantity
  double quantity_ln_sd = 0;
  std::array<double, 4> move_share{};  // of price moves of one side: 1, 2-9, 10-99, >= 100 ticks
  double one_tick_spread = 0;
  double mid_bp_sd_1s = 0;  // of the change of the mid-price over a second

  // Steps of the update id.
  double id_median = 0;
  double id_mean = 0;
  double id_p90 = 0;
  double id_p99 = 0;
  double id_max = 0;
};

class SymbolStats {
 public:
  explicit SymbolStats(market::Decimal tick) : tick_(tick) {}

  // In order of time. `first_ns`: of the market's first event.
  void add(const market::Quote& quote, std::int64_t first_ns);

  // `span_ns`: from the market's first event to its last.
  SymbolFigures figures(std::int64_t span_ns) const;
  // Events per millisecond from the market's first event on.
  const Counts& counts() const { return counts_; }

 private:
  void add_time(std::int64_t event_ns);
  void add_change(const market::Quote& quote);
  void add_level(const market::Quote& quote);
  double ticks(market::Decimal price) const;
  void time_figures(SymbolFigures& out, std::int64_t span_ns) const;
  void change_figures(SymbolFigures& out) const;

  market::Decimal tick_;
  std::uint64_t events_ = 0;
  market::Quote last_;
  market::Quote before_last_;

  Counts counts_{kNsPerMs};
  std::uint64_t flush_events_ = 0;  // of the flush under way
  std::array<std::uint64_t, 11> flushes_{};
  std::uint64_t flush_max_ = 0;
  std::vector<float> gaps_ms_;
  std::vector<std::uint32_t> id_steps_;

  std::uint64_t bid_quantity_only_ = 0;
  std::uint64_t ask_quantity_only_ = 0;
  std::uint64_t one_price_ = 0;
  std::uint64_t one_price_kept_ = 0;
  std::uint64_t both_sides_ = 0;
  std::uint64_t nothing_ = 0;
  int last_side_ = 0;  // of the last event, when it changed a quantity only: 1 bid, 2 ask
  std::uint64_t side_pairs_ = 0;
  std::uint64_t same_side_ = 0;
  std::uint64_t bid_grows_ = 0;
  std::uint64_t restored_ = 0;
  std::array<std::uint64_t, 4> moves_{};
  std::uint64_t one_tick_ = 0;
  Moments ln_quantity_;
  std::unordered_map<std::int64_t, std::uint32_t> bid_quantities_;

  std::int64_t next_second_ns_ = 0;
  double mid_of_second_ = 0;
  Moments mid_change_bp_;
};

}  // namespace tickcast::exchange
