// SPDX-License-Identifier: Apache-2.0
//
// Batch: what a client in some state is owed, as whole frames in order of change, and where each symbol's
// frames end: so that any number of written bytes tells what was served. Made by the encoder (encoder.h).
//
// Thread: the fan-out's. Bound: all that a client may be owed at once, the whole market at most.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tickcast::fanout {

struct Batch {
  struct Unit {
    std::size_t end = 0;         // offset behind the symbol's last frame
    std::uint64_t sequence = 0;  // of its change; 0: part of a snapshot, before all changes
    std::uint64_t updates = 0;   // symbols in this unit and in those before it
  };
  std::uint64_t from = 0;  // made for clients at this cursor
  std::uint64_t to = 0;    // and up to this change; 0: nothing was made yet
  std::string bytes;
  std::vector<Unit> units;
  std::int64_t newest_ns = 0;  // when its newest change was made or first taken in, epoch; 0: what was there
                               // before the client is no change

  void clear() {
    bytes.clear();
    units.clear();
    newest_ns = 0;
    to = 0;
  }
};

}  // namespace tickcast::fanout
