// SPDX-License-Identifier: Apache-2.0
//
// Crowd: the receiving side of the fan-out benchmarks: many clients in a child process, which connect, read
// and discard, and tell through shared memory how many bytes came and how old they were. The child has a
// processor of its own (1, unless the plan says otherwise; the serving side has 0) and a descriptor limit of
// its own.
//
// Every message of a benchmark has the same size (sample_frame), so that bytes count deliveries and a frame
// is found without parsing what is before it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <sys/types.h>

#include "market/quote.h"

namespace tickcast::bench {

constexpr int kAnyProcessor = -1;
void pin_to(int processor);
double cpu_seconds();  // of this process, all threads

// What all benchmarks send: quotes of symbols with names of one length, numbered.
std::string symbol_name(std::size_t symbol);
market::Quote sample_quote(std::int64_t number);
std::string sample_frame(std::size_t symbol, std::int64_t number);  // raw bookTicker, as an emitter frames it

// Notes when a quote was published, so that any crowd can tell its age. Before publishing it.
void note_published(std::int64_t number);

// Counts of ages by size, in steps of 5 %.
struct Ages {
  static constexpr std::size_t kSteps = 400;
  std::uint64_t counts[kSteps];
  void add(std::int64_t age_ns);
  double quantile_ms(double share) const;
};

struct CrowdPlan {
  std::uint16_t port = 0;
  int clients = 0;
  std::function<std::string(int client)> path;  // of the WebSocket; unset: connects and says nothing
  // 0: reads all there is; else so many bytes every 10 ms, through a small receive buffer.
  int slow_bytes = 0;
  // One client in so many reads nothing once it is in, and has a small receive buffer; 0: all read.
  int stalled_every = 0;
  int connecting_max = 256;  // at a time; more than the listener's backlog would be dropped by the kernel
  int processor = 1;
  bool first = false;  // has the processor before other crowds, where that is allowed
};

class Crowd {
 public:
  explicit Crowd(const CrowdPlan& plan);  // starts the child; connecting begins at once
  ~Crowd();                               // as end()
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void end();  // its connections end with a reset

  void wait_connected() const;        // until the last one is in
  double connecting_seconds() const;  // from the first connect to the last answer

  double cpu_seconds() const;                   // of the child
  std::uint64_t frames() const;                 // whole ones received, by all together
  void wait_frames(std::uint64_t count) const;  // until there are so many in all
  void forget_ages();
  // Of the newest frame in each read, by place in the order of connecting.
  const Ages& all() const;
  const Ages& first_tenth() const;
  const Ages& last_tenth() const;

 private:
  struct Shared;
  Shared* shared_;
  int ready_ = -1;
  int reached_ = -1;
  pid_t child_ = 0;
};

}  // namespace tickcast::bench
