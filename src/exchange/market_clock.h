// SPDX-License-Identifier: Apache-2.0
//
// MarketClock: the market's own time: the epoch at the start, then the steady clock's pace, standing still
// while frozen. Pure.
//
// Thread: the exchange's.
#pragma once

#include <cstdint>

namespace tickcast::exchange {

class MarketClock {
 public:
  MarketClock(std::int64_t wall_now_ns, std::int64_t steady_now_ns)
      : ahead_ns_(wall_now_ns - steady_now_ns) {}

  bool frozen() const { return frozen_; }
  // Epoch.
  std::int64_t now_ns(std::int64_t steady_now_ns) const {
    return (frozen_ ? frozen_at_ns_ : steady_now_ns) + ahead_ns_;
  }

  void freeze(std::int64_t steady_now_ns) {
    if (frozen_) return;
    frozen_ = true;
    frozen_at_ns_ = steady_now_ns;
  }
  void resume(std::int64_t steady_now_ns) {
    if (!frozen_) return;
    frozen_ = false;
    ahead_ns_ -= steady_now_ns - frozen_at_ns_;
  }

 private:
  std::int64_t ahead_ns_;  // of the market's time over the steady clock
  bool frozen_ = false;
  std::int64_t frozen_at_ns_ = 0;  // steady
};

}  // namespace tickcast::exchange
