// SPDX-License-Identifier: Apache-2.0
#include "exchange/arrivals.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace tickcast::exchange {
namespace {

// Draws 1, 2, ... N.
template <std::size_t N>
class Choice {
 public:
  // The first chances as given; the rest falls off as a power of the number.
  template <std::size_t Given>
  static Choice with_tail(const double (&chances)[Given], double power) {
    std::array<double, N> weights{};
    double left = 1;
    for (std::size_t i = 0; i < Given; ++i) left -= weights[i] = chances[i];
    double tail = 0;
    for (std::size_t i = Given; i < N; ++i) tail += std::pow(i + 1, -power);
    for (std::size_t i = Given; i < N; ++i) weights[i] = left * std::pow(i + 1, -power) / tail;
    return Choice(weights);
  }

  std::uint32_t draw(Random& random) const {
    const double u = random.uniform();
    std::uint32_t i = 0;
    while (u >= until_[i]) ++i;
    return i + 1;
  }
  double mean() const { return mean_; }

 private:
  explicit Choice(const std::array<double, N>& weights) {
    double part = 0;
    for (std::size_t i = 0; i < N; ++i) {
      until_[i] = part += weights[i];
      mean_ += weights[i] * static_cast<double>(i + 1);
    }
    until_[N - 1] = 2;
  }

  std::array<double, N> until_{};
  double mean_ = 0;
};

// All numbers here were fitted: the statistics of symbol_stats.h over two symbols of this process against
// those over two recorded ones.
constexpr double kQuietShare = 0.805;  // clusters of one flush
constexpr double kBusyFlushes = 4.0;   // mean number of flushes of the others, geometric from 2
constexpr double kBusyContinue = 1 - 1 / (kBusyFlushes - 1);
constexpr double kOwnVariance = 0.55;
constexpr double kOwnMemoryTicks = 123;
constexpr double kStepTicksMax = 1500;
constexpr double kPeak = 2.65;  // standard deviations at which an intensity's peaks are cut
constexpr double kIntensityMax = 200;

// Weights of 1, 2, ...: events of a flush, and ticks from one flush of a cluster to the next.
const auto kQuietBatches = Choice<5>::with_tail({0.965}, 3.0);
const auto kBusyBatches = Choice<16>::with_tail({0.622}, 2.384);
const auto kGaps = Choice<24>::with_tail({0.42, 0.187}, 0.824);

double events_per_cluster() {
  return kQuietShare * kQuietBatches.mean() + (1 - kQuietShare) * kBusyFlushes * kBusyBatches.mean();
}

// exp(sigma z) with z cut at kPeak, scaled to mean 1. `variance` is what it would be without the cut.
LognormalTable unit_lognormal(double variance) {
  const auto below = [](double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); };
  const double sigma = std::sqrt(std::log1p(variance));
  const double mean =
      std::exp(0.5 * sigma * sigma) * below(kPeak - sigma) + std::exp(sigma * kPeak) * below(-kPeak);
  return LognormalTable(sigma, 1 / mean, kPeak);
}

}  // namespace

Arrivals::Wave::Wave(double variance, double memory_ticks)
    : intensity(unit_lognormal(variance)),
      keep(std::exp(-1 / memory_ticks)),
      renew(std::sqrt(1 - keep * keep)) {}

double Arrivals::Wave::step(Random& random) {
  z = keep * z + renew * random.normal();
  return intensity(z);
}

Arrivals::Arrivals(const std::vector<double>& events_per_tick, std::uint64_t seed)
    : random_(seed),
      waves_{Wave(1.74, 11.8), Wave(1.11, 120), Wave(0.07, 5000)},
      own_intensity_(unit_lognormal(kOwnVariance)),
      symbols_(events_per_tick.size()),
      clock_slots_(kClockSlots, kNone),
      clusters_(kClustersMax),
      gap_slots_(kGapSlots, kNone) {
  for (Wave& wave : waves_) wave.z = random_.normal();
  for (std::uint32_t i = 0; i < kClustersMax; ++i) {
    clusters_[i].next = free_cluster_;
    free_cluster_ = i;
  }
  for (std::uint32_t i = 0; i < symbols_.size(); ++i) {
    Symbol& symbol = symbols_[i];
    symbol.clusters_per_tick = events_per_tick[i] / events_per_cluster();
    // A slow symbol's own intensity shows less and is looked at less often.
    symbol.step_ticks = std::clamp(0.5 / symbol.clusters_per_tick, 40.0, kStepTicksMax);
    symbol.keep = std::exp(-symbol.step_ticks / kOwnMemoryTicks);
    symbol.renew = std::sqrt(1 - symbol.keep * symbol.keep);
    symbol.z = random_.normal();
    symbol.intensity = own_intensity_(symbol.z);
    symbol.step_end = random_.uniform() * symbol.step_ticks;
    symbol.wait = random_.exponential();
    plan(symbol);
    put(i);
  }
}

std::span<const Arrival> Arrivals::tick() {
  out_.clear();
  flush_clusters();
  double intensity = 1;
  for (Wave& wave : waves_) intensity *= wave.step(random_);
  const double clock = clock_ + std::min(intensity, kIntensityMax);
  const auto until = static_cast<std::uint64_t>(clock);
  for (auto slot = static_cast<std::uint64_t>(clock_); slot < until; ++slot) run_slot(slot);
  clock_ = clock;
  ++tick_;
  return out_;
}

void Arrivals::run_slot(std::uint64_t slot) {
  std::uint32_t number = std::exchange(clock_slots_[slot % kClockSlots], kNone);
  while (number != kNone) {
    Symbol& symbol = symbols_[number];
    const std::uint32_t next = symbol.next;
    do {
      act(number);
      plan(symbol);
    } while (symbol.due < static_cast<double>(slot + 1));
    put(number);
    number = next;
  }
}

// Does what was due.
void Arrivals::act(std::uint32_t number) {
  Symbol& symbol = symbols_[number];
  if (symbol.cluster_due) {
    start_cluster(number);
    symbol.wait = random_.exponential();
  } else {
    symbol.z = symbol.keep * symbol.z + symbol.renew * random_.normal();
    symbol.intensity = own_intensity_(symbol.z);
    symbol.step_end += symbol.step_ticks;
  }
}

// Finds what is due next: the cluster, or the end of the step with part of the wait for the cluster behind
// it.
void Arrivals::plan(Symbol& symbol) {
  const double pace = symbol.clusters_per_tick * symbol.intensity;
  const double possible = (symbol.step_end - symbol.due) * pace;
  symbol.cluster_due = symbol.wait <= possible;
  if (symbol.cluster_due) {
    symbol.due += symbol.wait / pace;
  } else {
    symbol.wait -= possible;
    symbol.due = symbol.step_end;
  }
}

void Arrivals::put(std::uint32_t number) {
  Symbol& symbol = symbols_[number];
  std::uint32_t& head = clock_slots_[static_cast<std::uint64_t>(symbol.due) % kClockSlots];
  symbol.next = std::exchange(head, number);
}

void Arrivals::start_cluster(std::uint32_t symbol) {
  if (random_.chance(kQuietShare)) {
    out_.push_back({symbol, kQuietBatches.draw(random_)});
    return;
  }
  out_.push_back({symbol, kBusyBatches.draw(random_)});
  std::uint32_t left = 1;
  while (random_.chance(kBusyContinue)) ++left;
  if (free_cluster_ == kNone) {
    while (left-- > 0) out_.push_back({symbol, kBusyBatches.draw(random_)});
    return;
  }
  const std::uint32_t number = free_cluster_;
  free_cluster_ = clusters_[number].next;
  clusters_[number].symbol = symbol;
  clusters_[number].flushes_left = left;
  await_gap(number);
}

void Arrivals::flush_clusters() {
  std::uint32_t number = std::exchange(gap_slots_[tick_ % kGapSlots], kNone);
  while (number != kNone) {
    Cluster& cluster = clusters_[number];
    const std::uint32_t next = cluster.next;
    out_.push_back({cluster.symbol, kBusyBatches.draw(random_)});
    if (--cluster.flushes_left > 0) {
      await_gap(number);
    } else {
      cluster.next = std::exchange(free_cluster_, number);
    }
    number = next;
  }
}

void Arrivals::await_gap(std::uint32_t number) {
  std::uint32_t& head = gap_slots_[(tick_ + kGaps.draw(random_)) % kGapSlots];
  clusters_[number].next = std::exchange(head, number);
}

}  // namespace tickcast::exchange
