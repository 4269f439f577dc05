// SPDX-License-Identifier: Apache-2.0
#include "feed/backoff.h"

#include <algorithm>

#include "base/check.h"

namespace tickcast::feed {

Backoff::Backoff(std::int64_t first_ns, std::int64_t max_ns) : first_ns_(first_ns), max_ns_(max_ns) {
  CHECK(first_ns > 0 && first_ns <= max_ns, "a back-off needs 0 < first wait <= longest wait");
}

std::int64_t Backoff::next_ns(std::uint64_t random) {
  std::int64_t ceiling = first_ns_;
  for (std::uint32_t i = 0; i < failures_ && ceiling < max_ns_; ++i)
    ceiling = ceiling > max_ns_ / 2 ? max_ns_ : ceiling * 2;
  ++failures_;
  return static_cast<std::int64_t>(random % (static_cast<std::uint64_t>(ceiling) + 1));
}

std::int64_t ConnectGate::take(std::int64_t now_ns) {
  std::int64_t moment = std::max(now_ns, held_until_ns_);
  if (!attempts_.empty()) moment = std::max(moment, attempts_.back());
  if (attempts_.size() >= attempts_max_) {
    // Strictly after the window of the oldest, so that no window, both ends counted, ever holds more.
    moment = std::max(moment, attempts_[attempts_.size() - attempts_max_] + window_ns_ + 1);
  }
  attempts_.push_back(moment);
  if (attempts_.size() > attempts_max_) attempts_.pop_front();
  return moment;
}

void ConnectGate::hold_until(std::int64_t moment_ns) { held_until_ns_ = std::max(held_until_ns_, moment_ns); }

}  // namespace tickcast::feed
