// SPDX-License-Identifier: Apache-2.0
#include "exchange/market_comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace tickcast::exchange {
namespace {

constexpr std::size_t kWholeMarket = 1000;  // symbols; of fewer, the market's own figures say nothing

class Rows {
 public:
  explicit Rows(const MarketFigures& figures) : figures_(figures) {}

  // A figure of the market.
  void add(std::string name, double low, double high, double slack, double value) {
    push({std::move(name), low, high, value, value, slack});
  }
  // A figure of each of the two symbols.
  template <class Get>
  void add_symbols(std::string name, double low, double high, double slack, const Get& get) {
    const double a = get(figures_.symbols[0]);
    const double b = get(figures_.symbols[1]);
    push({std::move(name), low, high, std::min(a, b), std::max(a, b), slack});
  }
  std::vector<Comparison> take() { return std::move(rows_); }

 private:
  void push(Comparison row) {
    // Slopes are negative: compared by size.
    const double least = std::min(std::abs(row.real_low), std::abs(row.real_high)) / row.slack;
    const double most = std::max(std::abs(row.real_low), std::abs(row.real_high)) * row.slack;
    const auto within = [&](double value) { return std::abs(value) >= least && std::abs(value) <= most; };
    row.agrees = within(row.here_low) && within(row.here_high);
    rows_.push_back(std::move(row));
  }

  const MarketFigures& figures_;
  std::vector<Comparison> rows_;
};

void add_market(Rows& rows, const MarketFigures& f) {
  rows.add("events/s, all symbols", 5000, 8000, 1.15, f.events_per_second);
  rows.add("bytes of a raw event", 104, 107, 1.03, f.frame_bytes);
  rows.add("share of events, top 1", 0.02, 0.022, 1.15, f.top_share[0]);
  rows.add("share of events, top 10", 0.11, 0.125, 1.1, f.top_share[1]);
  rows.add("share of events, top 100", 0.45, 0.49, 1.1, f.top_share[2]);
  rows.add("share of events, top 500", 0.86, 0.90, 1.1, f.top_share[3]);
  rows.add("rate by rank, slope 1-10", -0.40, -0.40, 1.15, f.rank_slope[0]);
  rows.add("rate by rank, slope 10-100", -0.54, -0.54, 1.15, f.rank_slope[1]);
  rows.add("rate by rank, slope 100-500", -1.0, -1.0, 1.15, f.rank_slope[2]);
  rows.add("rate by rank, slope 500-1000", -1.8, -1.8, 1.2, f.rank_slope[3]);
  rows.add("spread bp, median symbol", 15, 17, 1.3, f.spread_bp[0]);
  rows.add("spread bp, p90", 54, 61, 1.5, f.spread_bp[1]);
  rows.add("spread bp, p99", 244, 256, 1.6, f.spread_bp[2]);
}

void add_times(Rows& rows, const MarketFigures& f) {
  rows.add("correlation of two symbols, 100 ms", 0.48, 0.50, 1.25, f.correlation_100ms);
  rows.add("correlation of two symbols, 1 s", 0.58, 0.60, 1.25, f.correlation_1s);
  constexpr std::array<double, 11> kFlush{0.718, 0.136, 0.054, 0.030, 0.019, 0.013,
                                          0.009, 0.007, 0.005, 0.003, 0.006};
  for (std::size_t i = 0; i < kFlush.size(); ++i) {
    const double slack = i == 0 ? 1.1 : i < 5 ? 1.4 : 1.8;
    std::string name = i < 10 ? fmt::format("flush of {}, share", i + 1) : "flush of more, share";
    rows.add_symbols(std::move(name), kFlush[i], kFlush[i], slack,
                     [i](const auto& s) { return s.flush_share[i]; });
  }
  rows.add_symbols("events of a flush, mean", 1.7, 1.7, 1.15, [](const auto& s) { return s.flush_mean; });
  rows.add_symbols("events of a flush, most", 18, 32, 1.6, [](const auto& s) { return s.flush_max; });
  rows.add_symbols("gap between flushes ms, median", 3.0, 3.5, 1.3,
                   [](const auto& s) { return s.gap_ms_median; });
  rows.add_symbols("gap ms, p90", 32, 70, 1.2, [](const auto& s) { return s.gap_ms_p90; });
  rows.add_symbols("gap ms, p99", 119, 265, 1.3, [](const auto& s) { return s.gap_ms_p99; });
  rows.add_symbols("gap ms, longest", 400, 900, 2.5, [](const auto& s) { return s.gap_ms_max; });
  rows.add_symbols("gap ln ms, mean", 1.45, 1.74, 1.15, [](const auto& s) { return s.gap_ln_mean; });
  rows.add_symbols("gap ln ms, sd", 1.36, 1.64, 1.15, [](const auto& s) { return s.gap_ln_sd; });
  constexpr std::array<double, 5> kDispersion{3.7, 11.5, 34, 73, 150};
  constexpr std::array<double, 5> kDispersionLow{3.3, 10.2, 27.8, 48.8, 40.4};
  for (std::size_t i = 0; i < kDispersion.size(); ++i) {
    rows.add_symbols(fmt::format("variance/mean of counts, {:.0f} ms", std::pow(10, i)), kDispersionLow[i],
                     kDispersion[i], i < 4 ? 1.35 : 1.6, [i](const auto& s) { return s.dispersion[i]; });
  }
  constexpr std::array<double, 4> kCorrelation{0.31, 0.18, 0.11, 0.04};
  constexpr std::array<double, 4> kCorrelationLow{0.25, 0.096, 0.07, 0.028};
  constexpr std::array<double, 4> kCorrelationSlack{1.3, 1.4, 1.7, 4.0};  // small ones are mostly noise
  constexpr std::array<int, 4> kLags{1, 2, 3, 5};
  for (std::size_t i = 0; i < kCorrelation.size(); ++i) {
    rows.add_symbols(fmt::format("autocorrelation of 100 ms counts, lag {}", kLags[i]), kCorrelationLow[i],
                     kCorrelation[i], kCorrelationSlack[i],
                     [i](const auto& s) { return s.autocorrelation[i]; });
  }
  rows.add_symbols("peak/mean of counts, 10 ms", 38, 85, 1.4,
                   [](const auto& s) { return s.peak_to_mean[0]; });
  rows.add_symbols("peak/mean of counts, 100 ms", 12, 22, 1.4,
                   [](const auto& s) { return s.peak_to_mean[1]; });
  rows.add_symbols("peak/mean of counts, 1 s", 3.2, 5.0, 1.4,
                   [](const auto& s) { return s.peak_to_mean[2]; });
}

void add_changes(Rows& rows) {
  rows.add_symbols("only the bid quantity changes", 0.43, 0.45, 1.1,
                   [](const auto& s) { return s.bid_quantity_only; });
  rows.add_symbols("only the ask quantity changes", 0.455, 0.475, 1.1,
                   [](const auto& s) { return s.ask_quantity_only; });
  rows.add_symbols("one price with a new quantity", 0.084, 0.088, 1.2,
                   [](const auto& s) { return s.one_price; });
  rows.add_symbols("one price, quantity kept", 0.0034, 0.0053, 1.5,
                   [](const auto& s) { return s.one_price_kept; });
  rows.add_symbols("both sides at once", 0.005, 0.0064, 1.3, [](const auto& s) { return s.both_sides; });
  rows.add_symbols("same side as the change before", 0.65, 0.68, 1.05,
                   [](const auto& s) { return s.same_side; });
  rows.add_symbols("bid quantity changes that grow", 0.62, 0.69, 1.05,
                   [](const auto& s) { return s.bid_grows; });
  rows.add_symbols("back to two events ago", 0.035, 0.045, 1.15, [](const auto& s) { return s.restored; });
  rows.add_symbols("commonest bid quantity", 0.0375, 0.043, 1.25,
                   [](const auto& s) { return s.usual_quantity; });
  rows.add_symbols("ln quantity, sd", 2.5, 3.0, 1.1, [](const auto& s) { return s.quantity_ln_sd; });
  rows.add_symbols("moves of 1 tick", 0.157, 0.30, 1.2, [](const auto& s) { return s.move_share[0]; });
  rows.add_symbols("moves of 2-9 ticks", 0.08, 0.50, 1.2, [](const auto& s) { return s.move_share[1]; });
  rows.add_symbols("moves of 10-99 ticks", 0.20, 0.41, 1.2, [](const auto& s) { return s.move_share[2]; });
  rows.add_symbols("spread of one tick", 0.88, 0.90, 1.05, [](const auto& s) { return s.one_tick_spread; });
  rows.add_symbols("mid-price bp in 1 s, sd", 1.1, 1.3, 1.4, [](const auto& s) { return s.mid_bp_sd_1s; });
  rows.add_symbols("id step, median", 2, 3, 1.0, [](const auto& s) { return s.id_median; });
  rows.add_symbols("id step, mean", 6, 7, 1.15, [](const auto& s) { return s.id_mean; });
  rows.add_symbols("id step, p90", 15, 17, 1.25, [](const auto& s) { return s.id_p90; });
  rows.add_symbols("id step, p99", 48, 70, 1.15, [](const auto& s) { return s.id_p99; });
  rows.add_symbols("id step, most", 327, 421, 1.3, [](const auto& s) { return s.id_max; });
}

std::string range(double low, double high) {
  return low == high ? fmt::format("{:.4g}", low) : fmt::format("{:.4g} .. {:.4g}", low, high);
}

}  // namespace

std::vector<Comparison> compare_with_real(const MarketFigures& figures) {
  Rows rows(figures);
  if (figures.symbols_in_all >= kWholeMarket) add_market(rows, figures);
  add_times(rows, figures);
  add_changes(rows);
  return rows.take();
}

std::string comparison_table(const std::vector<Comparison>& rows) {
  std::string out =
      fmt::format("{:<42} {:>20} {:>20}  {}\n", "figure", "real", "measured here", "agrees within");
  for (const auto& row : rows) {
    out += fmt::format("{:<42} {:>20} {:>20}  x{:.2f}{}\n", row.figure, range(row.real_low, row.real_high),
                       range(row.here_low, row.here_high), row.slack, row.agrees ? "" : "  DOES NOT AGREE");
  }
  return out;
}

}  // namespace tickcast::exchange
