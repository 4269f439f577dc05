// SPDX-License-Identifier: Apache-2.0
#include "exchange/market_stats.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "base/check.h"
#include "exchange/statistics.h"
#include "wire/ticker.h"

namespace tickcast::exchange {
namespace {

market::Decimal grid(const std::string& text) {
  const auto value = market::Decimal::parse(text);
  CHECK(value && !value->is_zero(), "a listing with a grid that is no number");
  return *value;
}

}  // namespace

struct MarketStats::Impl {
  Impl(const std::vector<market::Listing>& all, std::uint32_t first, std::uint32_t second)
      : listings(all),
        close{SymbolStats(grid(all[first].tick_size)), SymbolStats(grid(all[second].tick_size))},
        close_numbers{first, second},
        counts(all.size()),
        last_ids(all.size()) {}

  const std::vector<market::Listing>& listings;
  std::array<SymbolStats, 2> close;
  std::array<std::uint32_t, 2> close_numbers;
  std::vector<std::uint64_t> counts;
  std::vector<std::int64_t> last_ids;
  Counts all_per_10ms{10 * kNsPerMs};
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;
  std::uint64_t crossed = 0;
  std::uint64_t id_regressions = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
};

MarketStats::MarketStats(const std::vector<market::Listing>& listings, std::uint32_t first,
                         std::uint32_t second)
    : impl_(std::make_unique<Impl>(listings, first, second)) {}
MarketStats::~MarketStats() = default;

void MarketStats::add(const MarketEvent& event) {
  Impl& m = *impl_;
  const market::Quote& quote = event.quote;
  if (m.events++ == 0) m.first_ns = quote.event_ns;
  m.last_ns = quote.event_ns;
  ++m.counts[event.symbol];
  if (quote.event_ns - m.first_ns < kStatsSpanMaxNs) m.all_per_10ms.add(quote.event_ns - m.first_ns);
  for (std::size_t i = 0; i < m.close.size(); ++i) {
    if (m.close_numbers[i] == event.symbol) m.close[i].add(quote, m.first_ns);
  }
  char frame[wire::kBookTickerBytesMax];
  m.bytes += static_cast<std::uint64_t>(
      wire::write_book_ticker(frame, m.listings[event.symbol].symbol, quote) - frame);
  if (natural(quote.bid_price) >= natural(quote.ask_price)) ++m.crossed;
  if (quote.update_id <= std::exchange(m.last_ids[event.symbol], quote.update_id)) ++m.id_regressions;
}

namespace {

void rank_figures(MarketFigures& out, std::vector<std::uint64_t> counts, std::uint64_t events) {
  std::sort(counts.begin(), counts.end(), std::greater<>());
  constexpr std::array<std::size_t, 4> kTops{1, 10, 100, 500};
  for (std::size_t i = 0; i < kTops.size(); ++i) {
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k < std::min(kTops[i], counts.size()); ++k) sum += counts[k];
    out.top_share[i] = share(sum, events);
  }
  constexpr std::array<std::size_t, 5> kRanks{1, 10, 100, 500, 1000};
  for (std::size_t i = 0; i + 1 < kRanks.size(); ++i) {
    if (counts.size() < kRanks[i + 1] || counts[kRanks[i + 1] - 1] == 0) continue;
    const auto high = static_cast<double>(counts[kRanks[i] - 1]);
    const auto low = static_cast<double>(counts[kRanks[i + 1] - 1]);
    out.rank_slope[i] =
        std::log(low / high) / std::log(static_cast<double>(kRanks[i + 1]) / static_cast<double>(kRanks[i]));
  }
}

void spread_figures(MarketFigures& out, const std::vector<market::Quote>& quotes) {
  std::vector<double> spreads;
  for (const auto& quote : quotes) {
    const double bid = natural(quote.bid_price);
    if (bid > 0) spreads.push_back((natural(quote.ask_price) / bid - 1) * 1e4);
  }
  std::sort(spreads.begin(), spreads.end());
  out.spread_bp = {quantile(spreads, 0.5), quantile(spreads, 0.9), quantile(spreads, 0.99)};
}

}  // namespace

MarketFigures MarketStats::figures(const std::vector<market::Quote>& quotes) const {
  const Impl& m = *impl_;
  MarketFigures out;
  const std::int64_t span_ns = m.last_ns - m.first_ns;
  if (span_ns <= 0) return out;
  out.seconds = static_cast<double>(span_ns) / static_cast<double>(kNsPerSecond);
  out.events_per_second = static_cast<double>(m.events) / out.seconds;
  out.symbols_in_all = m.listings.size();
  out.frame_bytes = share(m.bytes, m.events);
  for (std::size_t i = 0; i < m.close.size(); ++i) out.symbols[i] = m.close[i].figures(span_ns);
  const auto span_ms = static_cast<std::size_t>(std::min(span_ns, kStatsSpanMaxNs) / kNsPerMs);
  const auto correlate = [&m, span_ms](std::size_t window_ms) {
    return correlation(m.close[0].counts().windows(window_ms, span_ms),
                       m.close[1].counts().windows(window_ms, span_ms));
  };
  out.correlation_100ms = correlate(100);
  out.correlation_1s = correlate(1000);
  rank_figures(out, m.counts, m.events);
  spread_figures(out, quotes);
  out.bursts_10ms = peak_to_mean(m.all_per_10ms.windows(1, span_ms / 10), 1);
  out.dispersion_all_100ms = dispersion(m.all_per_10ms.windows(10, span_ms / 10));
  out.crossed = m.crossed;
  out.id_regressions = m.id_regressions;
  return out;
}

}  // namespace tickcast::exchange
