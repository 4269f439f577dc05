// SPDX-License-Identifier: Apache-2.0
//
// VenueCounters: what the simulated exchange counts, since its start. Thread: its own writes, any reads.
#pragma once

#include "metrics/counter.h"

namespace tickcast::exchange {

struct VenueCounters {
  metrics::Counter events;  // of the market, sent or not
  metrics::Counter frames_sent;
  metrics::Counter connections;  // open now
};

}  // namespace tickcast::exchange
