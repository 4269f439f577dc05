// SPDX-License-Identifier: Apache-2.0
//
// `tickcast bench`: many clients at once against a server, and against the floor of this machine; progress on
// a terminal, and a report.
//
// Thread: main, the only one of its process.
#pragma once

#include "app/command_line.h"

namespace tickcast::app {

// 0: all that was checked was right; 1: it was not, or nothing could be measured.
int run_bench(const BenchCommand& command);

}  // namespace tickcast::app
