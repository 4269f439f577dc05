// SPDX-License-Identifier: Apache-2.0
#include "exchange/market_stats.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "exchange/market_comparison.h"
#include "exchange/market_model.h"
#include "exchange/random.h"
#include "exchange/recorded_data.h"
#include "exchange/replay.h"

namespace tickcast::exchange {
namespace {

constexpr std::int64_t kStartNs = 1'763'000'000 * kNsPerSecond;

std::vector<market::Listing> two_listings() {
  std::vector<market::Listing> out(2);
  out[0].symbol = "BTCUSDT";
  out[1].symbol = "ETHUSDT";
  for (auto& listing : out) listing.tick_size = "0.01000000";
  return out;
}

// BTCUSDT at 100.00 x 1 / 100.01 x 1, changed by hand below.
MarketEvent event_at(std::int64_t ns, std::int64_t id) {
  MarketEvent out;
  out.quote.update_id = id;
  out.quote.bid_price = {100'00000000, -8};
  out.quote.bid_quantity = {1'00000000, -8};
  out.quote.ask_price = {100'01000000, -8};
  out.quote.ask_quantity = {1'00000000, -8};
  out.quote.event_ns = ns;
  return out;
}

MarketFigures measure(Source& source, std::int64_t end_ns, std::uint32_t first, std::uint32_t second) {
  MarketStats stats(source.listings(), first, second);
  while (source.next_ns() < end_ns) {
    for (const MarketEvent& event : source.due(end_ns)) stats.add(event);
  }
  return stats.figures(source.quotes());
}

TEST(MarketStats, TellsTheKindsOfChangeApart) {
  const auto listings = two_listings();
  MarketStats stats(listings, 0, 1);
  MarketEvent event = event_at(kStartNs, 10);
  std::int64_t ms = 0;
  const auto next = [&](std::int64_t id_step) {
    event.quote.update_id += id_step;
    event.quote.event_ns = kStartNs + (ms += 10) * kNsPerMs;
    stats.add(event);
  };
  stats.add(event);
  event.quote.bid_quantity.mantissa = 200000000;  // bid grows
  next(1);
  event.quote.ask_quantity.mantissa = 50000000;  // ask shrinks
  next(1);
  event.quote.ask_quantity.mantissa = 100000000;  // and back
  next(1);
  event.quote.bid_price.mantissa -= 20 * 1000000;  // 20 ticks down, new quantity
  event.quote.bid_quantity.mantissa = 300000000;
  next(5);
  event.quote.bid_price.mantissa += 20 * 1000000;  // back up, quantity kept
  next(1);
  event.quote.bid_price.mantissa += 1000000;  // both sides
  event.quote.ask_price.mantissa += 1000000;
  next(1);
  const auto f = stats.figures({event.quote}).symbols[0];
  EXPECT_DOUBLE_EQ(f.bid_quantity_only, 1.0 / 6);
  EXPECT_DOUBLE_EQ(f.ask_quantity_only, 2.0 / 6);
  EXPECT_DOUBLE_EQ(f.one_price, 1.0 / 6);
  EXPECT_DOUBLE_EQ(f.one_price_kept, 1.0 / 6);
  EXPECT_DOUBLE_EQ(f.both_sides, 1.0 / 6);
  EXPECT_DOUBLE_EQ(f.nothing, 0);
  EXPECT_DOUBLE_EQ(f.bid_grows, 1);
  EXPECT_DOUBLE_EQ(f.restored, 1.0 / 6);
  EXPECT_DOUBLE_EQ(f.same_side, 0.5);    // bid, ask, ask
  EXPECT_DOUBLE_EQ(f.move_share[2], 1);  // both of 10-99 ticks
  EXPECT_DOUBLE_EQ(f.one_tick_spread, 6.0 / 7);
  EXPECT_DOUBLE_EQ(f.id_median, 1);
  EXPECT_DOUBLE_EQ(f.id_max, 5);
}

TEST(MarketStats, GroupsFlushesAndMeasuresTheGapsBetween) {
  const auto listings = two_listings();
  MarketStats stats(listings, 0, 1);
  std::int64_t id = 0;
  for (int flush = 0; flush < 100; ++flush) {
    for (int i = 0; i < 1 + flush % 2; ++i)
      stats.add(event_at(kStartNs + flush * 5 * kNsPerMs + i * 1000, ++id));
  }
  const auto f = stats.figures({}).symbols[0];
  EXPECT_NEAR(f.flush_share[0], 0.5, 0.01);
  EXPECT_NEAR(f.flush_share[1], 0.5, 0.01);
  EXPECT_NEAR(f.flush_mean, 1.5, 0.01);
  EXPECT_DOUBLE_EQ(f.flush_max, 2);
  EXPECT_NEAR(f.gap_ms_median, 5, 0.01);
  EXPECT_NEAR(f.gap_ln_sd, 0, 0.01);
}

TEST(MarketStats, APoissonProcessHasDispersionOneAndNoCorrelation) {
  const auto listings = two_listings();
  MarketStats stats(listings, 0, 1);
  Random random(5);
  double ns = 0;
  std::int64_t id = 0;
  for (int i = 0; i < 100'000; ++i) {
    ns += random.exponential() * 1e7;
    MarketEvent event = event_at(kStartNs + static_cast<std::int64_t>(ns), ++id);
    event.symbol = static_cast<std::uint32_t>(random.below(2));
    stats.add(event);
  }
  const auto f = stats.figures({});
  for (const auto& symbol : f.symbols) {
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(symbol.dispersion[i], 1, 0.1) << i;
    for (const double correlation : symbol.autocorrelation) EXPECT_NEAR(correlation, 0, 0.04);
  }
  EXPECT_NEAR(f.correlation_100ms, 0, 0.04);
  EXPECT_NEAR(f.correlation_1s, 0, 0.08);
}

TEST(MarketStats, CountsWhatMustNotBe) {
  const auto listings = two_listings();
  MarketStats stats(listings, 0, 1);
  MarketEvent event = event_at(kStartNs, 5);
  stats.add(event);
  event.quote.event_ns += kNsPerMs;
  stats.add(event);  // the same id again
  event.quote.event_ns += kNsPerMs;
  event.quote.update_id = 6;
  event.quote.ask_price = event.quote.bid_price;
  stats.add(event);
  const auto f = stats.figures({});
  EXPECT_EQ(f.crossed, 1U);
  EXPECT_EQ(f.id_regressions, 1U);
}

// The same code over the recording must give what was measured on it by other means.
TEST(MarketStats, TwoRecordedSymbolsHaveTheFiguresKnownOfThem) {
  const std::string path = recording_path("merged/bookticker_6streams_20240808.gz");
  if (path.empty())
    GTEST_SKIP() << "no recording merged/bookticker_6streams_20240808.gz under $TICKCAST_SHARED_DATA";
  auto replay = open_replay(path, 1, kStartNs);
  ASSERT_TRUE(replay) << replay.error().message;
  ASSERT_EQ((*replay)->listings()[1].symbol, "BTCUSDT");
  const auto f = measure(**replay, std::numeric_limits<std::int64_t>::max(), 1, 0);
  const auto& btc = f.symbols[0];
  const auto& eth = f.symbols[1];
  EXPECT_NEAR(btc.events_per_second, 81, 1);
  EXPECT_NEAR(eth.events_per_second, 70, 1);
  EXPECT_NEAR(btc.flush_share[0], 0.718, 0.02);
  EXPECT_NEAR(btc.flush_share[1], 0.136, 0.01);
  EXPECT_NEAR(btc.flush_mean, 1.7, 0.05);
  EXPECT_NEAR(btc.gap_ms_median, 3.5, 0.1);
  EXPECT_NEAR(btc.gap_ms_p90, 63, 2);
  EXPECT_NEAR(eth.gap_ms_p99, 265, 3);
  const std::array<double, 4> dispersion{3.7, 11.5, 34, 73};
  for (std::size_t i = 0; i < dispersion.size(); ++i)
    EXPECT_NEAR(btc.dispersion[i], dispersion[i], 0.1 * dispersion[i]) << i;
  EXPECT_NEAR(btc.autocorrelation[0], 0.31, 0.04);
  EXPECT_NEAR(btc.peak_to_mean[2] * btc.events_per_second, 403, 20);  // the busiest second
  EXPECT_NEAR(btc.peak_to_mean[1] * btc.events_per_second / 10, 167, 10);
  EXPECT_NEAR(btc.peak_to_mean[0] * btc.events_per_second / 100, 66, 3);
  EXPECT_NEAR(f.correlation_100ms, 0.49, 0.02);
  EXPECT_NEAR(f.correlation_1s, 0.59, 0.02);
  EXPECT_NEAR(btc.bid_quantity_only + btc.ask_quantity_only, 0.903, 0.01);
  EXPECT_NEAR(btc.both_sides, 0.006, 0.001);
  EXPECT_NEAR(btc.same_side, 0.665, 0.025);
  EXPECT_NEAR(btc.restored, 0.04, 0.005);
  EXPECT_NEAR(btc.one_tick_spread, 0.88, 0.01);
  EXPECT_NEAR(eth.move_share[0], 0.30, 0.02);
  EXPECT_NEAR(eth.move_share[1], 0.49, 0.02);
  EXPECT_NEAR(btc.mid_bp_sd_1s, 1.2, 0.15);
  EXPECT_DOUBLE_EQ(btc.id_median, 3);
  EXPECT_DOUBLE_EQ(btc.id_max, 421);
  EXPECT_NEAR(eth.id_mean, 6.5, 0.5);
  EXPECT_EQ(btc.nothing, 0);
  EXPECT_EQ(f.crossed, 0U);
  EXPECT_EQ(f.id_regressions, 0U);
  // The comparison itself must let the real thing pass.
  for (const auto& row : compare_with_real(f)) EXPECT_TRUE(row.agrees) << comparison_table({row});
}

TEST(MarketStats, TheSyntheticMarketAgreesWithTheRealOne) {
  MarketOptions options;
  options.start_ns = kStartNs;
  MarketModel market(options);
  const auto figures = measure(market, kStartNs + 15 * 60 * kNsPerSecond, 0, 1);
  EXPECT_EQ(figures.crossed, 0U);
  EXPECT_EQ(figures.id_regressions, 0U);
  const auto rows = compare_with_real(figures);
  for (const auto& row : rows) EXPECT_TRUE(row.agrees) << row.figure;
  if (HasFailure()) std::cerr << comparison_table(rows);
}

}  // namespace
}  // namespace tickcast::exchange
