// SPDX-License-Identifier: Apache-2.0
#include "steady_market.h"

#include <fmt/core.h>

#include "base/clock.h"

namespace tickcast::bench {

SteadyMarket::SteadyMarket(std::size_t symbols, std::int64_t now_ns) : next_ns_(now_ns) {
  market::Quote first;
  first.bid_price = *market::Decimal::parse("61685.99000000");
  first.bid_quantity = *market::Decimal::parse("1.25869000");
  first.ask_price = *market::Decimal::parse("61686.00000000");
  first.ask_quantity = *market::Decimal::parse("2.44816000");
  for (std::size_t i = 0; i < symbols; ++i) {
    market::Listing listing;
    listing.symbol = symbol_name(i);
    listing.base_asset = listing.symbol.substr(0, 3);
    listing.quote_asset = "USDT";
    listings_.push_back(std::move(listing));
    first.update_id = now_ns - kNsPerSecond;
    quotes_.push_back(first);
  }
}

std::string SteadyMarket::symbol_name(std::size_t symbol) { return fmt::format("S{:02}USDT", symbol); }

std::span<const exchange::MarketEvent> SteadyMarket::due(std::int64_t now_ns) {
  events_.clear();
  while (events_.empty() && now_ns >= next_ns_) {
    owed_ += rate_ * static_cast<double>(kFlushNs) / static_cast<double>(kNsPerSecond);
    for (std::int64_t place = 0; owed_ >= 1; ++place, --owed_) events_.push_back(next_event(place));
    next_ns_ += kFlushNs;
  }
  updates_ += events_.size();
  return events_;
}

exchange::MarketEvent SteadyMarket::next_event(std::int64_t place) {
  const std::size_t symbol = (updates_ + events_.size()) % quotes_.size();
  market::Quote& quote = quotes_[symbol];
  quote.update_id = next_ns_ + place;  // of one flush: nanoseconds apart, so that each has its own
  quote.event_ns = next_ns_;
  quote.ask_quantity.mantissa = 244'816'000 + quote.update_id / kFlushNs % 1'000'000;
  return {static_cast<std::uint32_t>(symbol), quote};
}

}  // namespace tickcast::bench
