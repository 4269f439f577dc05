// SPDX-License-Identifier: Apache-2.0
//
// MarketWatch: `tickcast watch URL`: a Follower's quotes as pictures on a terminal, or as lines where there
// is none.
//
// Thread: main, with a loop of its own; name look-ups are done aside.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "watch/follower.h"

namespace tickcast::watch {

struct MarketWatchOptions {
  FollowOptions follow;
  bool once = false;  // one line for each symbol, then it ends
};

// Runs until it is quit, `stop_requested` says so, or no one reads the lines any more; the exit status.
int watch_market(const MarketWatchOptions& options, const std::function<bool()>& stop_requested);

}  // namespace tickcast::watch
