// SPDX-License-Identifier: Apache-2.0
//
// What a book ticker costs from its JSON frame to the book, and back to JSON. Frames of 1,400 symbols in
// turn, as they are mixed on the wire: one frame again and again would teach the branch predictor and the
// caches what no market does.
#include "wire/ticker.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "market/book.h"
#include "market/symbol_table.h"

namespace tickcast::wire {
namespace {

constexpr std::size_t kSymbols = 1400;
constexpr std::size_t kFrames = 1 << 12;

// Frames in one piece of memory.
class Frames {
 public:
  void append(std::string_view frame, std::size_t id_at) {
    places_.push_back({bytes_.size(), frame.size(), bytes_.size() + id_at});
    bytes_ += frame;
  }
  std::string_view operator[](std::size_t i) const {
    return {bytes_.data() + places_[i].at, places_[i].size};
  }
  // Gives every frame an update id that no frame had before, of eleven digits as they have.
  void renew_ids() {
    for (const Place& place : places_) bytes_.replace(place.id_at, 11, std::to_string(next_id_++));
  }

 private:
  struct Place {
    std::size_t at, size, id_at;
  };
  std::string bytes_;
  std::vector<Place> places_;
  std::int64_t next_id_ = 20'000'000'000;
};

struct Market {
  Market();

  market::SymbolTable symbols;
  std::vector<market::SymbolId> ids;  // of the frames, one by one
  std::vector<market::Quote> quotes;
  Frames raw;
  Frames combined;
};

std::string symbol_name(std::size_t i, std::mt19937_64& random) {
  std::string base;
  const std::size_t letters = 2 + random() % 4;
  for (std::size_t k = 0; k < letters; ++k) base += static_cast<char>('A' + random() % 26);
  constexpr std::string_view kQuoteAssets[] = {"USDT", "USDT", "BTC", "TRY", "FDUSD", "ETH"};
  return base + static_cast<char>('A' + i % 26) + std::string(kQuoteAssets[random() % 6]);
}

market::Decimal value(std::mt19937_64& random) {
  std::lognormal_distribution<double> size(3.0, 3.0);
  const double units = std::min(size(random), 900'000.0) * 1e8;
  return {static_cast<std::int64_t>(units), -8};
}

Market::Market() {
  std::mt19937_64 random(1);
  while (symbols.size() < kSymbols) symbols.put_name(symbol_name(symbols.size(), random));
  // The few busy symbols have most events.
  std::lognormal_distribution<double> activity(0.0, 1.9);
  std::vector<double> rates(kSymbols);
  for (double& rate : rates) rate = activity(random);
  std::discrete_distribution<std::size_t> pick(rates.begin(), rates.end());
  for (std::size_t i = 0; i < kFrames; ++i) {
    market::Quote quote;
    quote.update_id = 10'000'000'000 + static_cast<std::int64_t>(i);
    quote.bid_price = value(random);
    quote.bid_quantity = value(random);
    quote.ask_price = value(random);
    quote.ask_quantity = value(random);
    const auto symbol = static_cast<market::SymbolId>(pick(random));
    char bytes[kBookTickerBytesMax];
    const std::string frame(bytes, write_book_ticker(bytes, symbols.name(symbol), quote));
    char prefix[kCombinedPrefixBytesMax];
    const std::string head(prefix, write_combined_prefix(prefix, symbols.stream_name(symbol), "bookTicker"));
    quotes.push_back(quote);
    ids.push_back(symbol);
    raw.append(frame, 5);
    combined.append(head + frame + "}", head.size() + 5);
  }
}

Market& market_model() {
  static Market instance;
  return instance;
}

void scan(benchmark::State& state, const Frames& events) {
  std::size_t i = 0;
  std::size_t bytes = 0;
  Ticker ticker;
  for (auto _ : state) {
    const std::string_view frame = events[i++ % kFrames];
    if (!scan_ticker(frame, ticker)) state.SkipWithError("the frame was not read");
    benchmark::DoNotOptimize(ticker);
    bytes += frame.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
void BM_scan_raw(benchmark::State& state) { scan(state, market_model().raw); }
void BM_scan_combined(benchmark::State& state) { scan(state, market_model().combined); }
BENCHMARK(BM_scan_raw);
BENCHMARK(BM_scan_combined);

void BM_simdjson_combined(benchmark::State& state) {
  const Frames& events = market_model().combined;
  std::size_t i = 0;
  FrameReader reader;
  for (auto _ : state) {
    if (reader.read_with_simdjson(events[i++ % kFrames]) != FrameKind::ticker)
      state.SkipWithError("the frame was not read");
    benchmark::DoNotOptimize(reader.ticker());
  }
}
BENCHMARK(BM_simdjson_combined);

void BM_find_symbol(benchmark::State& state) {
  const Market& model = market_model();
  std::size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(model.symbols.find(model.symbols.name(model.ids[i++ % kFrames])));
}
BENCHMARK(BM_find_symbol);

void BM_admit(benchmark::State& state) {
  const Market& model = market_model();
  market::Book book;
  std::size_t i = 0;
  market::Quote quote = model.quotes[0];
  for (auto _ : state) {
    quote.update_id = static_cast<std::int64_t>(++i);
    benchmark::DoNotOptimize(book.admit(model.ids[i % kFrames], quote));
  }
}
BENCHMARK(BM_admit);

// The whole of it. Every frame carries a new id, written into it outside of what is measured as far as that
// goes: eleven bytes.
void frame_to_admitted(benchmark::State& state, Frames& events) {
  const Market& model = market_model();
  market::Book book;
  Ticker ticker;
  std::size_t i = 0;
  for (auto _ : state) {
    if (i % kFrames == 0) {
      state.PauseTiming();
      i = 0;
      events.renew_ids();
      state.ResumeTiming();
    }
    if (!scan_ticker(events[i++], ticker)) state.SkipWithError("the frame was not read");
    const auto symbol = model.symbols.find(ticker.symbol);
    if (!symbol) {
      state.SkipWithError("the symbol was not found");
      break;
    }
    ticker.quote.received_ns = 1;
    ticker.quote.admitted_ns = 2;
    if (book.admit(*symbol, ticker.quote) != market::Admission::admitted) {
      state.SkipWithError("the quote was not admitted");
      break;
    }
  }
}
void BM_raw_frame_to_admitted_quote(benchmark::State& state) { frame_to_admitted(state, market_model().raw); }
void BM_combined_frame_to_admitted_quote(benchmark::State& state) {
  frame_to_admitted(state, market_model().combined);
}
BENCHMARK(BM_raw_frame_to_admitted_quote);
BENCHMARK(BM_combined_frame_to_admitted_quote);

void BM_write_book_ticker(benchmark::State& state) {
  const Market& model = market_model();
  std::size_t i = 0;
  char out[kBookTickerBytesMax];
  for (auto _ : state) {
    const std::size_t at = i++ % kFrames;
    benchmark::DoNotOptimize(write_book_ticker(out, model.symbols.name(model.ids[at]), model.quotes[at]));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_write_book_ticker);

void BM_write_quote_event(benchmark::State& state) {
  const Market& model = market_model();
  std::size_t i = 0;
  char out[kQuoteEventBytesMax];
  for (auto _ : state) {
    const std::size_t at = i++ % kFrames;
    benchmark::DoNotOptimize(write_quote_event(out, model.symbols.name(model.ids[at]), model.quotes[at],
                                               1732320000123'789'000, 3));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_write_quote_event);

void BM_write_combined_prefix(benchmark::State& state) {
  const Market& model = market_model();
  std::size_t i = 0;
  char out[kCombinedPrefixBytesMax];
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        write_combined_prefix(out, model.symbols.stream_name(model.ids[i++ % kFrames]), "bookTicker"));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_write_combined_prefix);

}  // namespace
}  // namespace tickcast::wire
