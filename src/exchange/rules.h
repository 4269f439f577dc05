// SPDX-License-Identifier: Apache-2.0
//
// Rules: what the exchange allows a client, as numbers, and the three counters that hold a client to them.
// Pure: the time is passed in. Facts: Binance Spot "General WSS information" and "Limits" (REST).
//
// Thread: the exchange's. Memory: bounded by kAddressesMax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"

namespace tickcast::exchange {

struct Rules {
  std::size_t streams_per_connection_max = 1024;  // over it: disconnected without a word
  // Pings, pongs and texts in any sliding second; over it: close 1008 "Too many requests". 0: no limit.
  std::size_t messages_per_second_max = 5;
  std::size_t request_bytes_max = 4096;          // payload and header of one request; over it: no answer
  std::size_t connects_per_5_minutes_max = 300;  // per address; over it: 403. 0: no limit
  std::int64_t lifetime_ns = 24 * 3600 * kNsPerSecond;  // then closed with 1000
  std::int64_t ping_interval_ns = 20 * kNsPerSecond;    // 0: no pings
  std::int64_t pong_timeout_ns = 60 * kNsPerSecond;     // close 1008 "Pong timeout"
  // A slow reader's queue, besides the kernel's; over it: disconnected.
  std::size_t unsent_bytes_max = 16 * 1024 * 1024;
  // REST, per address; over it: 429 with Retry-After, then 418. 0: no limit.
  std::uint32_t weight_per_minute_max = 6000;
  std::uint32_t refusals_before_ban = 10;  // 429s within one minute; the next request is answered 418
  // The first ban; each further one is four times as long, 3 days at most.
  std::int64_t ban_ns = 120 * kNsPerSecond;
};

// Over it, addresses not seen yet are refused until the old ones' times have run out.
inline constexpr std::size_t kAddressesMax = 4096;

// A connection's frames in any sliding second.
class MessageWindow {
 public:
  explicit MessageWindow(std::size_t per_second_max) : moments_(per_second_max, kLongAgo) {}

  // One more frame at this moment (steady). False: over the limit.
  bool admit(std::int64_t now_ns) {
    if (moments_.empty()) return true;
    std::int64_t& oldest = moments_[next_];
    if (now_ns - oldest < kNsPerSecond) return false;
    oldest = now_ns;
    next_ = (next_ + 1) % moments_.size();
    return true;
  }

 private:
  static constexpr std::int64_t kLongAgo = -kNsPerSecond;  // before any moment of the steady clock

  std::vector<std::int64_t> moments_;  // a ring: the newest moments, as many as are allowed in a second
  std::size_t next_ = 0;
};

// Handshakes per address in any sliding five minutes.
class ConnectBudget {
 public:
  explicit ConnectBudget(std::size_t per_5_minutes_max) : max_(per_5_minutes_max) {}

  // One more attempt (steady). False: over the limit; refused attempts do not count.
  bool admit(std::string_view address, std::int64_t now_ns);

 private:
  void forget(std::int64_t now_ns);  // addresses whose attempts have run out

  std::size_t max_;
  std::unordered_map<std::string, std::deque<std::int64_t>> attempts_;
};

// REST request weight per address and wall-clock minute.
class WeightBudget {
 public:
  explicit WeightBudget(const Rules& rules)
      : weight_max_(rules.weight_per_minute_max),
        refusals_max_(rules.refusals_before_ban),
        ban_ns_(rules.ban_ns) {}

  struct Verdict {
    int status = 200;                  // 429: over budget. 418: banned
    std::uint32_t used = 0;            // in this minute, this request included
    std::int64_t retry_after_s = 0;    // of 429 and 418
    std::int64_t banned_until_ms = 0;  // of 418, epoch
  };
  Verdict charge(std::string_view address, std::uint32_t weight, std::int64_t now_ns);  // epoch

 private:
  struct Account {
    std::int64_t minute = 0;
    std::uint32_t used = 0;
    std::uint32_t refusals = 0;
    std::uint32_t bans = 0;
    std::int64_t banned_until_ns = 0;
  };

  Verdict refuse(Account& account, std::int64_t now_ns) const;
  void forget(std::int64_t now_ns);

  std::uint32_t weight_max_;
  std::uint32_t refusals_max_;
  std::int64_t ban_ns_;
  std::unordered_map<std::string, Account> accounts_;
};

}  // namespace tickcast::exchange
