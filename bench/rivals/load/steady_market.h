// SPDX-License-Identifier: Apache-2.0
//
// SteadyMarket: what the exchange of a comparison plays: symbols in turn, so many updates a second, whatever
// becomes of them. An update's id `u` is the moment it was due (ns since the epoch), which every server
// passes on as it came: so its age can be told wherever it arrives, and waiting anywhere on the way counts.
//
// Thread: the exchange's, but for set_rate() and updates().
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "exchange/source.h"

namespace tickcast::bench {

class SteadyMarket final : public exchange::Source {
 public:
  static constexpr std::int64_t kFlushNs = 1'000'000;  // updates that are due meanwhile leave together

  SteadyMarket(std::size_t symbols, std::int64_t now_ns);

  static std::string symbol_name(std::size_t symbol);

  // Thread: any.
  void set_rate(double updates_per_s) { rate_ = updates_per_s; }
  std::uint64_t updates() const { return updates_; }  // that were due so far

  const std::vector<market::Listing>& listings() const override { return listings_; }
  const std::vector<market::Quote>& quotes() const override { return quotes_; }
  std::span<const exchange::MarketEvent> due(std::int64_t now_ns) override;
  std::int64_t next_ns() const override { return next_ns_; }

 private:
  exchange::MarketEvent next_event(std::int64_t place);

  std::vector<market::Listing> listings_;
  std::vector<market::Quote> quotes_;
  std::vector<exchange::MarketEvent> events_;
  std::int64_t next_ns_;
  double owed_ = 0;  // part of an update
  std::atomic<double> rate_{0};
  std::atomic<std::uint64_t> updates_{0};
};

}  // namespace tickcast::bench
