// SPDX-License-Identifier: Apache-2.0
//
// `tickcast plan`: what so many users ask for, of this machine or of one that was measured before.
//
// Thread: main; while it measures, others too.
#pragma once

#include "app/command_line.h"

namespace tickcast::app {

// 0: planned; 1: nothing could be measured, read or written.
int run_plan(const PlanCommand& command);

}  // namespace tickcast::app
