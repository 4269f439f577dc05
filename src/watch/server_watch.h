// SPDX-License-Identifier: Apache-2.0
//
// ServerWatch: `tickcast watch --admin URL`: a role's /metrics, asked for once a second, as pictures on a
// terminal, or a line a second where there is none.
//
// Thread: main, with a loop of its own; the requests are made in a helper thread.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace tickcast::watch {

struct ServerWatchOptions {
  std::string url;  // as it is shown
  // The text of /metrics. Called in the helper thread, which may outlive the view by the time that one call
  // takes: what it holds must be its own.
  std::function<Result<std::string>()> scrape;
  bool once = false;  // one line, then it ends
};

// Runs until it is quit, `stop_requested` says so, or no one reads the lines any more; the exit status.
int watch_server(const ServerWatchOptions& options, const std::function<bool()>& stop_requested);

}  // namespace tickcast::watch
