// SPDX-License-Identifier: Apache-2.0
#include "feed/watchdog.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"

namespace tickcast::feed {
namespace {

constexpr double kOverdueEvents = 30;
constexpr std::uint64_t kMissedEvents = 3;
// What the others brought within this part of the stall time may still be on its way here.
constexpr std::int64_t kUnderWayShare = 5;
constexpr std::uint32_t kPatienceDoublings = 6;
constexpr double kMemorySeconds = 60;

double seconds(std::int64_t ns) { return static_cast<double>(ns) / static_cast<double>(kNsPerSecond); }

}  // namespace

bool overdue(double events_per_second, std::int64_t silent_ns) {
  return events_per_second * seconds(silent_ns) >= kOverdueEvents;
}

void Watchdog::set_prior(double events_per_second) {
  if (tickers_ == 0) events_ = events_per_second * seconds_;
}

void Watchdog::restart(std::int64_t now_ns, std::uint64_t symbol_events) {
  if (started_ && tickers_ == 0) {
    barren_ = std::min(barren_ + 1, kPatienceDoublings);
  }
  started_ = true;
  since_ns_ = now_ns;
  missing_since_ns_ = 0;
  tickers_ = 0;
  symbol_events_ = symbol_events;
}

bool Watchdog::check(std::int64_t now_ns, std::uint64_t tickers, std::int64_t last_data_ns,
                     std::uint64_t symbol_events) {
  if (tickers != tickers_) {
    const double elapsed = seconds(now_ns - since_ns_);
    const double fade = std::exp(-elapsed / kMemorySeconds);
    events_ = events_ * fade + static_cast<double>(tickers - tickers_);
    seconds_ = seconds_ * fade + elapsed;
    since_ns_ = now_ns;
    tickers_ = tickers;
    symbol_events_ = symbol_events;
    missing_since_ns_ = 0;
    barren_ = 0;
    return false;
  }
  if (symbol_events - symbol_events_ < kMissedEvents) {
    missing_since_ns_ = 0;
  } else if (missing_since_ns_ == 0) {
    missing_since_ns_ = now_ns;
  }
  const std::int64_t silent_ns = now_ns - (tickers == 0 ? since_ns_ : last_data_ns);
  if (silent_ns < stall_after_ns_ << barren_) return false;
  const bool missed =
      missing_since_ns_ != 0 && now_ns - missing_since_ns_ >= stall_after_ns_ / kUnderWayShare;
  return missed || overdue(rate(), silent_ns);
}

}  // namespace tickcast::feed
