// SPDX-License-Identifier: Apache-2.0
//
// Corruption: what a connection gets in place of an event's own frame while a fault lasts. Pure.
//
// Thread: the exchange's.
#pragma once

#include <cstdint>
#include <string>

#include "exchange/event_frames.h"
#include "exchange/faults.h"

namespace tickcast::exchange {

struct Corruption {
  std::string bytes;  // to be sent as they are; whole frames unless the connection is dropped behind them
  bool byte_by_byte = false;  // one TCP segment a byte
  bool then_drop = false;
  std::size_t pings = 0;  // ping frames among them: so many pongs will come that the client owes to nobody
};

// REQUIRES: changes_events(fault.kind). `turn` counts the fault's events from 0: it picks the next variant of
// those with several.
Corruption corrupt(const Fault& fault, EventFrames& event, bool combined, std::uint64_t turn,
                   std::int64_t now_ms);

}  // namespace tickcast::exchange
