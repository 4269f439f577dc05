// SPDX-License-Identifier: Apache-2.0
//
// Arrivals: when events come, and of which symbol. A market moves in bursts, at every scale and in all
// symbols at once:
//
//   global intensity   product of three log-normal processes that remember 12 ms, 120 ms and 5 s; it drives
//   every symbol alike own intensity      one more per symbol, 150 ms clusters           at those intensities
//   a symbol starts a cluster: either one flush of about one event, or several flushes a few
//                      ticks apart with more events each
//
// Time goes in ticks, since the exchange flushes its connections about every millisecond. The global
// intensity is a clock that runs faster and slower: each symbol's next cluster is drawn on that clock once,
// so a tick costs what arrives in it and not the number of symbols.
//
// Pure, seeded. Thread: its owner's. Memory: fixed after construction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "exchange/random.h"

namespace tickcast::exchange {

// `count` events of one symbol, together.
struct Arrival {
  std::uint32_t symbol = 0;
  std::uint32_t count = 0;
};

class Arrivals {
 public:
  // Clusters under way at once; over it, a cluster sends all its flushes together.
  static constexpr std::size_t kClustersMax = 1 << 16;

  // `events_per_tick` by symbol: the long-run means.
  Arrivals(const std::vector<double>& events_per_tick, std::uint64_t seed);

  // What the next tick flushes, often nothing. A symbol may come more than once. Valid until the next call.
  std::span<const Arrival> tick();

 private:
  // A walk z that forgets (Ornstein-Uhlenbeck), and the intensity that follows from it: log-normal with mean
  // 1, its peaks cut.
  struct Wave {
    Wave(double variance, double memory_ticks);
    double step(Random& random);

    LognormalTable intensity;
    double keep;
    double renew;
    double z = 0;
  };

  struct Symbol {
    double clusters_per_tick = 0;  // at intensity 1
    double step_ticks = 0;         // how often its own intensity moves
    double keep = 0;               // of its walk z at a step
    double renew = 0;
    double z = 0;
    double intensity = 1;
    double step_end = 0;       // on the global clock: until then its own intensity holds
    double due = 0;            // on the global clock: when it acts next
    double wait = 0;           // for its next cluster after `due`, in expected clusters
    bool cluster_due = false;  // at `due` a cluster starts; otherwise a step ends
    std::uint32_t next = 0;    // in its slot's list
  };
  struct Cluster {
    std::uint32_t symbol = 0;
    std::uint32_t flushes_left = 0;
    std::uint32_t next = 0;
  };

  void run_slot(std::uint64_t slot);
  void act(std::uint32_t number);
  void plan(Symbol& symbol);
  void put(std::uint32_t number);
  void start_cluster(std::uint32_t symbol);
  void flush_clusters();
  void await_gap(std::uint32_t number);

  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::size_t kClockSlots = 2048;  // of one clock tick each: more than a step is long
  static constexpr std::size_t kGapSlots = 64;  // of one tick each: more than a gap inside a cluster is long

  Random random_;
  std::vector<Wave> waves_;
  LognormalTable own_intensity_;
  std::vector<Symbol> symbols_;
  std::vector<std::uint32_t> clock_slots_;  // heads of lists of symbols
  double clock_ = 0;
  std::vector<Cluster> clusters_;
  std::uint32_t free_cluster_ = kNone;
  std::vector<std::uint32_t> gap_slots_;  // heads of lists of clusters
  std::uint64_t tick_ = 0;
  std::vector<Arrival> out_;
};

}  // namespace tickcast::exchange
