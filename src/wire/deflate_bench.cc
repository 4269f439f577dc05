// SPDX-License-Identifier: Apache-2.0
//
// What compressing the array of a whole market costs, and what it gains: 1,400 symbols' events as
// `!quote@arr@1000ms` and `!bookTicker@arr@1000ms` have them, at zlib's levels. The gain depends on the
// numbers; these have the grids, price ranges and quantities of a spot market: most prices with few digits
// before trailing zeros, ids and times that differ in their last digits.
#include "wire/deflate.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <string>

#include <benchmark/benchmark.h>

#include "market/quote.h"
#include "wire/ticker.h"

namespace tickcast::wire {
namespace {

constexpr std::size_t kSymbols = 1400;
constexpr std::int64_t kNow = 1'732'320'000'123'456'789;

// Eight decimals, of which the first `digits` may be other than zero.
market::Decimal on_grid(double value, int digits) {
  std::int64_t step = 1;
  for (int i = digits; i < 8; ++i) step *= 10;
  return {static_cast<std::int64_t>(value * 1e8 / static_cast<double>(step)) * step + step, -8};
}

std::string array_of(bool quotes) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> unit(0, 1);
  std::string array = "[";
  for (std::size_t i = 0; i < kSymbols; ++i) {
    std::string name;
    for (std::size_t letters = 2 + random() % 4; letters > 0; --letters)
      name += static_cast<char>('A' + random() % 26);
    name += random() % 3 == 0 ? "BTC" : "USDT";
    const double price = std::pow(10.0, unit(random) * 8 - 4);
    const int digits = price > 100 ? 2 : price > 1 ? 4 : 6;
    market::Quote quote;
    quote.update_id = 1'000'000'000 + static_cast<std::int64_t>(random() % 60'000'000'000);
    quote.bid_price = on_grid(price, digits);
    quote.ask_price = on_grid(price * 1.0005, digits);
    quote.bid_quantity = on_grid(std::pow(10.0, unit(random) * 6 - 1), price > 100 ? 4 : 1);
    quote.ask_quantity = on_grid(std::pow(10.0, unit(random) * 6 - 1), price > 100 ? 4 : 1);
    quote.admitted_ns = kNow - static_cast<std::int64_t>(random() % 1'000'000'000);
    char event[kQuoteEventBytesMax];
    char* const end = quotes ? write_quote_event(event, name, quote, kNow, 1 + random() % 6)
                             : write_book_ticker(event, name, quote);
    array.append(event, end).push_back(',');
  }
  array.back() = ']';
  return array;
}

// Argument 0: the level. 1: quotes rather than book tickers. 2: only as many bytes; 0: all.
void BM_Deflate(benchmark::State& state) {
  std::string array = array_of(state.range(1) != 0);
  if (state.range(2) != 0) array.resize(static_cast<std::size_t>(state.range(2)));
  const std::string_view parts[] = {array};
  Deflater deflater;
  std::size_t compressed = 0;
  for (auto _ : state) {
    compressed = deflater.deflate(parts, static_cast<int>(state.range(0))).size();
    benchmark::DoNotOptimize(compressed);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * array.size()));
  state.counters["bytes"] = static_cast<double>(array.size());
  state.counters["compressed"] = static_cast<double>(compressed);
  state.counters["ratio"] = static_cast<double>(array.size()) / static_cast<double>(compressed);
}
BENCHMARK(BM_Deflate)
    ->ArgNames({"level", "quotes", "bytes"})
    ->ArgsProduct({{1, 2, 3, 6}, {1, 0}, {0}})
    ->ArgsProduct({{1}, {1}, {500, 1000, 1400, 4000, 16'000}});

void BM_Inflate(benchmark::State& state) {
  const std::string text = array_of(true).substr(0, 64 * 1024);
  const std::string_view parts[] = {text};
  Deflater deflater;
  const std::string payload(deflater.deflate(parts));
  Inflater inflater;
  for (auto _ : state) benchmark::DoNotOptimize(inflater.inflate(payload, 64 * 1024));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(BM_Inflate);

}  // namespace
}  // namespace tickcast::wire
