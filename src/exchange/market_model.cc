// SPDX-License-Identifier: Apache-2.0
#include "exchange/market_model.h"

#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "exchange/arrivals.h"
#include "exchange/random.h"
#include "exchange/synthetic_book.h"
#include "exchange/universe.h"

namespace tickcast::exchange {
namespace {

// Seeds of the parts, so that a change to one does not reshuffle the others.
enum SeedOf : std::uint64_t { kSeedUniverse = 1, kSeedArrivals, kSeedFirstQuotes, kSeedContent };

std::vector<double> rates_of(const std::vector<SyntheticSymbol>& universe, double events_per_second) {
  std::vector<double> out;
  for (const auto& symbol : universe) out.push_back(symbol.rate_share * events_per_second);
  return out;
}

std::vector<double> per_tick(std::vector<double> rates) {
  for (double& rate : rates)
    rate *= static_cast<double>(MarketModel::kFlushNs) / static_cast<double>(kNsPerSecond);
  return rates;
}

}  // namespace

struct MarketModel::Impl {
  explicit Impl(const MarketOptions& options, const std::vector<SyntheticSymbol>& universe)
      : rates(rates_of(universe, options.events_per_second)),
        arrivals(per_tick(rates),
                 Random::mix(options.seed ^ static_cast<std::uint64_t>(options.start_ns), kSeedArrivals)),
        random(Random::mix(options.seed ^ static_cast<std::uint64_t>(options.start_ns), kSeedContent)),
        next_ns(options.start_ns) {
    // The first ids depend on the seed and the symbol alone, whatever the start, which is then added.
    for (std::size_t i = 0; i < universe.size(); ++i) {
      Random own(Random::mix(Random::mix(options.seed, kSeedFirstQuotes), i));
      books.emplace_back(universe[i], rates[i], options.start_ns, own);
      quotes.push_back(books.back().quote());
      listings.push_back(universe[i].listing);
    }
    advance();
  }

  // Makes the next flush that holds anything.
  void advance() {
    next.clear();
    while (next.empty()) {
      next_ns += kFlushNs;
      fill();
    }
  }

  // Plays the arrivals of a tick; those beyond the limit stay pending, and the next flush begins with them.
  void fill() {
    if (pending.empty()) pending = arrivals.tick();
    for (; !pending.empty(); pending = pending.subspan(1)) {
      const Arrival& arrival = pending.front();
      if (next.size() + arrival.count > kFlushEventsMax) return;
      SyntheticBook& book = books[arrival.symbol];
      for (std::uint32_t i = 0; i < arrival.count; ++i) {
        book.change(next_ns, random);
        next.push_back({arrival.symbol, book.quote()});
      }
    }
  }

  std::vector<double> rates;
  Arrivals arrivals;
  Random random;
  std::vector<SyntheticBook> books;
  std::vector<market::Listing> listings;
  std::vector<market::Quote> quotes;  // as handed out, while the books are a flush ahead
  std::span<const Arrival> pending;   // of a tick that was too large for one flush
  std::int64_t next_ns;
  std::vector<MarketEvent> next;
  std::vector<MarketEvent> given;
};

MarketModel::MarketModel(const MarketOptions& options) {
  CHECK(options.events_per_second > 0, "a market without events");
  const auto universe = make_universe(options.symbols, Random::mix(options.seed, kSeedUniverse));
  impl_ = std::make_unique<Impl>(options, universe);
}

MarketModel::~MarketModel() = default;

const std::vector<market::Listing>& MarketModel::listings() const { return impl_->listings; }
const std::vector<market::Quote>& MarketModel::quotes() const { return impl_->quotes; }
std::int64_t MarketModel::next_ns() const { return impl_->next_ns; }
const std::vector<double>& MarketModel::rates() const { return impl_->rates; }

std::span<const MarketEvent> MarketModel::due(std::int64_t now_ns) {
  if (impl_->next_ns > now_ns) return {};
  std::swap(impl_->next, impl_->given);
  for (const MarketEvent& event : impl_->given) impl_->quotes[event.symbol] = event.quote;
  impl_->advance();
  return impl_->given;
}

}  // namespace tickcast::exchange
