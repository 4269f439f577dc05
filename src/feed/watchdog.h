// SPDX-License-Identifier: Apache-2.0
//
// Watchdog: whether a connection has gone deaf, judged by its data alone (a deaf connection still answers
// pings) and against what it should carry: three quiet symbols may say nothing for minutes, a thousand may
// not for seconds. Pure; one per line, outliving its connections, so that it remembers their rate.
//
// Two kinds of evidence count once a connection has been silent for `stall_after_ns`: its symbols moved on
// another connection meanwhile, or at its usual rate it should have brought dozens of events. A connection
// that brought nothing at all makes the next one's patience twice as long: then it is the market that rests,
// or the exchange that is deaf, and dialling faster helps with neither.
#pragma once

#include <cstdint>

namespace tickcast::feed {

// Whether silence for so long at this rate is no accident. Events come in bursts, so dozens must be missing
// before it is said.
bool overdue(double events_per_second, std::int64_t silent_ns);

class Watchdog {
 public:
  explicit Watchdog(std::int64_t stall_after_ns) : stall_after_ns_(stall_after_ns) {}

  // What to expect before anything was measured.
  void set_prior(double events_per_second);

  // A new connection carries the line's symbols. The counts are those of check().
  void restart(std::int64_t now_ns, std::uint64_t symbol_events);

  // The line carries other symbols than before: events up to now are no evidence.
  void rebase(std::uint64_t symbol_events) { symbol_events_ = symbol_events; }

  // Every second or so. `tickers`: what this connection brought since its restart; `last_data_ns`: when it
  // last did, 0 for never; `symbol_events`: events of its symbols over all connections, ever growing. True:
  // it is deaf.
  bool check(std::int64_t now_ns, std::uint64_t tickers, std::int64_t last_data_ns,
             std::uint64_t symbol_events);

  double rate() const { return events_ / seconds_; }  // events per second
  bool barren() const { return barren_ > 0; }         // the last connection brought nothing

 private:
  static constexpr double kPriorSeconds = 10;  // what the prior weighs

  std::int64_t stall_after_ns_;
  double events_ = 0;               // over the last minute or so: older ones fade
  double seconds_ = kPriorSeconds;  // in which they came
  std::uint32_t barren_ = 0;

  std::int64_t since_ns_ = 0;          // restart, or the last check that found data
  std::int64_t missing_since_ns_ = 0;  // others have brought what this connection should have; 0: not so
  std::uint64_t tickers_ = 0;
  std::uint64_t symbol_events_ = 0;
  bool started_ = false;
};

}  // namespace tickcast::feed
