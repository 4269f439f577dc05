// SPDX-License-Identifier: Apache-2.0
#include "exchange/symbol_stats.h"

#include <algorithm>
#include <cmath>

namespace tickcast::exchange {
namespace {

constexpr std::int64_t kFlushSpanNs = 100'000;
// The longer one looks, the higher the peaks: they are taken of pieces this long.
constexpr std::size_t kPeakPieceMs = 300'000;

double middle(const market::Quote& quote) {
  return 0.5 * (natural(quote.bid_price) + natural(quote.ask_price));
}

}  // namespace

double SymbolStats::ticks(market::Decimal price) const { return std::round(natural(price) / natural(tick_)); }

void SymbolStats::add(const market::Quote& quote, std::int64_t first_ns) {
  if (quote.event_ns - first_ns >= kStatsSpanMaxNs) return;
  counts_.add(quote.event_ns - first_ns);
  add_time(quote.event_ns);
  if (events_ > 0) add_change(quote);
  add_level(quote);
  before_last_ = last_;
  last_ = quote;
  ++events_;
}

void SymbolStats::add_time(std::int64_t event_ns) {
  const std::int64_t gap_ns = event_ns - last_.event_ns;
  if (events_ > 0 && gap_ns >= kFlushSpanNs) {
    ++flushes_[std::min<std::size_t>(flush_events_, flushes_.size()) - 1];
    flush_events_ = 0;
    gaps_ms_.push_back(static_cast<float>(gap_ns) / static_cast<float>(kNsPerMs));
  }
  flush_max_ = std::max(flush_max_, ++flush_events_);
}

void SymbolStats::add_change(const market::Quote& quote) {
  id_steps_.push_back(
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(quote.update_id - last_.update_id, 0, 1 << 20)));
  const bool bid_moved = quote.bid_price != last_.bid_price;
  const bool ask_moved = quote.ask_price != last_.ask_price;
  const bool bid_resized = quote.bid_quantity != last_.bid_quantity;
  const bool ask_resized = quote.ask_quantity != last_.ask_quantity;
  const bool bid = bid_moved || bid_resized;
  const bool ask = ask_moved || ask_resized;
  if (events_ > 1 && quote.same_values(before_last_)) ++restored_;
  int side = 0;
  if (bid && ask) {
    ++both_sides_;
  } else if (!bid && !ask) {
    ++nothing_;
  } else if (bid_moved || ask_moved) {
    ++(bid_resized || ask_resized ? one_price_ : one_price_kept_);
    const double move = bid ? ticks(quote.bid_price) - ticks(last_.bid_price)
                            : ticks(quote.ask_price) - ticks(last_.ask_price);
    const double size = std::abs(move);
    ++moves_[size < 2 ? 0 : size < 10 ? 1 : size < 100 ? 2 : 3];
  } else {
    side = bid ? 1 : 2;
    ++(bid ? bid_quantity_only_ : ask_quantity_only_);
    if (bid && quote.bid_quantity.mantissa > last_.bid_quantity.mantissa) ++bid_grows_;
    if (last_side_ != 0) {
      ++side_pairs_;
      if (side == last_side_) ++same_side_;
    }
  }
  last_side_ = side;
}

void SymbolStats::add_level(const market::Quote& quote) {
  if (ticks(quote.ask_price) - ticks(quote.bid_price) < 1.5) ++one_tick_;
  if (!quote.bid_quantity.is_zero()) ln_quantity_.add(std::log(natural(quote.bid_quantity)));
  ++bid_quantities_[quote.bid_quantity.mantissa];
  if (events_ == 0) {
    next_second_ns_ = quote.event_ns + kNsPerSecond;
    mid_of_second_ = middle(quote);
  }
  // The mid-price at each whole second is that of the last quote before it.
  for (; quote.event_ns >= next_second_ns_; next_second_ns_ += kNsPerSecond) {
    const double mid = middle(last_);
    mid_change_bp_.add((mid / mid_of_second_ - 1) * 1e4);
    mid_of_second_ = mid;
  }
}

SymbolFigures SymbolStats::figures(std::int64_t span_ns) const {
  SymbolFigures out;
  if (events_ < 2) return out;
  time_figures(out, std::min(span_ns, kStatsSpanMaxNs));
  change_figures(out);
  return out;
}

void SymbolStats::time_figures(SymbolFigures& out, std::int64_t span_ns) const {
  out.events_per_second = static_cast<double>(events_) * 1e9 / static_cast<double>(span_ns);
  std::uint64_t flushes = 0;
  for (std::uint64_t count : flushes_) flushes += count;
  for (std::size_t i = 0; i < flushes_.size(); ++i) out.flush_share[i] = share(flushes_[i], flushes);
  out.flush_mean = share(events_ - flush_events_, flushes);
  out.flush_max = static_cast<double>(flush_max_);

  std::vector<float> gaps = gaps_ms_;
  std::sort(gaps.begin(), gaps.end());
  out.gap_ms_median = quantile(gaps, 0.5);
  out.gap_ms_p90 = quantile(gaps, 0.9);
  out.gap_ms_p99 = quantile(gaps, 0.99);
  out.gap_ms_max = quantile(gaps, 1);
  Moments ln_gap;
  for (float gap : gaps) ln_gap.add(std::log(gap));
  out.gap_ln_mean = ln_gap.mean();
  out.gap_ln_sd = ln_gap.sd();

  const auto span_ms = static_cast<std::size_t>(span_ns / kNsPerMs);
  std::size_t window_ms = 1;
  for (double& value : out.dispersion) {
    value = dispersion(counts_.windows(window_ms, span_ms));
    window_ms *= 10;
  }
  const auto per_100ms = counts_.windows(100, span_ms);
  constexpr std::array<std::size_t, 4> kLags{1, 2, 3, 5};
  for (std::size_t i = 0; i < kLags.size(); ++i)
    out.autocorrelation[i] = correlation(per_100ms, per_100ms, kLags[i]);
  const auto pieces = std::max<std::size_t>(1, span_ms / kPeakPieceMs);
  const auto per_10ms = counts_.windows(10, span_ms);
  const auto per_1s = counts_.windows(1000, span_ms);
  out.peak_to_mean = {peak_to_mean(per_10ms, pieces), peak_to_mean(per_100ms, pieces),
                      peak_to_mean(per_1s, pieces)};
}

void SymbolStats::change_figures(SymbolFigures& out) const {
  const std::uint64_t changes = events_ - 1;
  out.bid_quantity_only = share(bid_quantity_only_, changes);
  out.ask_quantity_only = share(ask_quantity_only_, changes);
  out.one_price = share(one_price_, changes);
  out.one_price_kept = share(one_price_kept_, changes);
  out.both_sides = share(both_sides_, changes);
  out.nothing = share(nothing_, changes);
  out.same_side = share(same_side_, side_pairs_);
  out.bid_grows = share(bid_grows_, bid_quantity_only_);
  out.restored = share(restored_, changes);
  std::uint32_t commonest = 0;
  for (const auto& [quantity, count] : bid_quantities_) commonest = std::max(commonest, count);
  out.usual_quantity = share(commonest, events_);
  out.quantity_ln_sd = ln_quantity_.sd();
  std::uint64_t moves = 0;
  for (std::uint64_t count : moves_) moves += count;
  for (std::size_t i = 0; i < moves_.size(); ++i) out.move_share[i] = share(moves_[i], moves);
  out.one_tick_spread = share(one_tick_, events_);
  out.mid_bp_sd_1s = mid_change_bp_.sd();

  std::vector<std::uint32_t> steps = id_steps_;
  std::sort(steps.begin(), steps.end());
  Moments id_step;
  for (std::uint32_t step : steps) id_step.add(step);
  out.id_median = quantile(steps, 0.5);
  out.id_mean = id_step.mean();
  out.id_p90 = quantile(steps, 0.9);
  out.id_p99 = quantile(steps, 0.99);
  out.id_max = quantile(steps, 1);
}

}  // namespace tickcast::exchange
