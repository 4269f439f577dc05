// SPDX-License-Identifier: Apache-2.0
//
// Source: what an exchange plays: a synthetic market (market_model.h) or a recording (replay.h). Pure: time
// is passed in.
//
// Thread: the exchange's.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "market/quote.h"
#include "market/source.h"
#include "market/symbol_table.h"

namespace tickcast::exchange {

// One change of one symbol.
struct MarketEvent {
  std::uint32_t symbol = 0;  // index into Source::listings()
  market::Quote quote;       // event_ns is its moment; received_ns and admitted_ns are 0
};

class Source {
 public:
  virtual ~Source() = default;

  virtual market::Origin origin() const { return market::Origin::simulated; }

  // Upper-case symbol, assets, grids; the index is the symbol's number. Fixed once made.
  virtual const std::vector<market::Listing>& listings() const = 0;
  // The present quote of every symbol, by number: what REST tells. Moves with due().
  virtual const std::vector<market::Quote>& quotes() const = 0;

  // The next flush (events that the exchange sends together), if its moment is not after `now_ns` (epoch);
  // empty otherwise. Call until empty. Valid until the next call.
  virtual std::span<const MarketEvent> due(std::int64_t now_ns) = 0;
  // The moment of the next flush, epoch.
  virtual std::int64_t next_ns() const = 0;
};

}  // namespace tickcast::exchange
