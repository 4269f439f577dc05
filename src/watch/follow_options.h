// SPDX-License-Identifier: Apache-2.0
//
// FollowOptions: which server a Follower follows, and what of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "wire/url.h"

namespace tickcast::net {
class TlsContext;
}

namespace tickcast::watch {

// How patient a Follower is.
struct FollowTimes {
  std::int64_t backoff_first_ns = 500 * kNsPerMs;
  std::int64_t backoff_max_ns = 15 * kNsPerSecond;
  std::int64_t backoff_least_ns = 250 * kNsPerMs;
  std::int64_t quiet_ns = kNsPerSecond;       // so long without a byte is a reason to ask for a sign of life
  std::int64_t silent_ns = 3 * kNsPerSecond;  // and so long: what came can't be called current
  std::int64_t lost_ns = 11 * kNsPerSecond;   // and so long: the connection is given up
  std::int64_t status_ns = 3 * kNsPerSecond;  // a tickcast tells its status at once; who does not is none
  std::int64_t check_ns = 250 * kNsPerMs;     // between two looks at all this
};

struct FollowOptions {
  static constexpr std::size_t kSymbolsMax =
      1000;  // a server allows 1,024 streams, ours of their own included

  wire::Url url;                     // ws or wss
  std::vector<std::string> symbols;  // upper case; empty: all
  std::uint32_t pace_ms = 0;         // 0: every update, as fast as the connection takes them
  const net::TlsContext* tls = nullptr;
  FollowTimes times;
};

}  // namespace tickcast::watch
