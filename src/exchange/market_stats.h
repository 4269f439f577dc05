// SPDX-License-Identifier: Apache-2.0
//
// MarketStats: what a market's events look like: how they cluster in time, what each changes, how rates
// spread over symbols. Measures a synthetic market and a recording alike, so that the one can be held against
// the other. Two symbols are looked at closely, the busiest ones; all are counted.
//
// Pure. Thread: its owner's. Memory: see symbol_stats.h, for two symbols.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "exchange/source.h"
#include "exchange/symbol_stats.h"

namespace tickcast::exchange {

struct MarketFigures {
  double seconds = 0;
  std::size_t symbols_in_all = 0;
  double events_per_second = 0;
  double frame_bytes = 0;  // of a raw event, mean over events
  std::array<SymbolFigures, 2> symbols;
  double correlation_100ms = 0;  // of the two symbols' counts
  double correlation_1s = 0;

  std::array<double, 4> top_share{};  // of events: the busiest 1, 10, 100, 500 symbols
  std::array<double, 4>
      rank_slope{};  // log-log, ranks 1-10, 10-100, 100-500, 500-1000; 0 where there are not so many
  std::array<double, 3> spread_bp{};  // of all symbols' last quotes: median, p90, p99
  double bursts_10ms = 0;             // peak / mean of all symbols' counts per 10 ms
  double dispersion_all_100ms = 0;

  // Violations of what always holds: 0 of each.
  std::uint64_t crossed = 0;         // bid >= ask
  std::uint64_t id_regressions = 0;  // of a symbol
};

class MarketStats {
 public:
  // `first` and `second`: the two symbols to look at closely. `listings` must outlive this.
  MarketStats(const std::vector<market::Listing>& listings, std::uint32_t first, std::uint32_t second);
  ~MarketStats();

  // Events in order of their event_ns.
  void add(const MarketEvent& event);

  // Of what was added so far. `quotes`: every symbol's present quote.
  MarketFigures figures(const std::vector<market::Quote>& quotes) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickcast::exchange
