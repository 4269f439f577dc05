// SPDX-License-Identifier: Apache-2.0
//
// How fast the synthetic market makes its events, on one core: by number of symbols and rate.
#include "exchange/market_model.h"

#include <benchmark/benchmark.h>

namespace tickcast::exchange {
namespace {

void market_events(benchmark::State& state) {
  MarketOptions options;
  options.symbols = static_cast<std::size_t>(state.range(0));
  options.events_per_second = static_cast<double>(state.range(1));
  MarketModel market(options);
  std::int64_t events = 0;
  for (auto _ : state) {
    const auto flush = market.due(market.next_ns());
    events += static_cast<std::int64_t>(flush.size());
    benchmark::DoNotOptimize(flush.data());
  }
  state.SetItemsProcessed(events);
}
BENCHMARK(market_events)
    ->ArgNames({"symbols", "rate"})
    ->Args({1400, 6000})
    ->Args({1400, 200'000})
    ->Args({8192, 200'000});

}  // namespace
}  // namespace tickcast::exchange
