// SPDX-License-Identifier: Apache-2.0
//
// How long to wait before trying again, and how often one may try at all. Pure: time and randomness are
// passed in.
//
// Many clients that lose the same server must not come back in step (full jitter), and an exchange that
// counts connection attempts per address must never be given a reason to ban it (the gate, one for all
// connections of a feed).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace tickcast::feed {

// Capped exponential back-off with full jitter: the n-th wait is uniform in [0, min(first * 2^n, max)].
class Backoff {
 public:
  // REQUIRES: 0 < first_ns <= max_ns
  Backoff(std::int64_t first_ns, std::int64_t max_ns);

  std::int64_t next_ns(std::uint64_t random);  // `random`: all 64 bits uniform
  void reset() { failures_ = 0; }
  std::uint32_t failures() const { return failures_; }

 private:
  std::int64_t first_ns_;
  std::int64_t max_ns_;
  std::uint32_t failures_ = 0;
};

// Hands out moments at which a connection may be tried: never more than `attempts_max` in any window, none
// before a hold ends.
class ConnectGate {
 public:
  // REQUIRES: attempts_max >= 1
  ConnectGate(std::size_t attempts_max, std::int64_t window_ns)
      : attempts_max_(attempts_max), window_ns_(window_ns) {}

  // Books one attempt and returns its moment: now, or later when the window is full or a hold is on. Moments
  // never decrease.
  std::int64_t take(std::int64_t now_ns);

  // The exchange asked to be left alone: no attempt before this moment.
  void hold_until(std::int64_t moment_ns);

 private:
  std::size_t attempts_max_;
  std::int64_t window_ns_;
  std::int64_t held_until_ns_ = 0;
  std::deque<std::int64_t> attempts_;  // the last attempts_max_ moments, oldest first
};

}  // namespace tickcast::feed
