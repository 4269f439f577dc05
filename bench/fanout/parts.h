// SPDX-License-Identifier: Apache-2.0
//
// Parts: what fanout_bench can measure, each by its name. `runs`: pairs of runs for each figure. Each prints
// its own lines.
//
// Thread: main, pinned to processor 0; its clients' processes are on processor 1. Called one after the other.
#pragma once

#include <cstdint>

namespace tickcast::bench {

// Memory and CPU of clients that are sent nothing. First: memory is measured where nothing has been used yet.
void idle();

void hot(int runs);        // one symbol: CPU of a delivery, and ages by place in the round
void same(int runs);       // all clients watch the same symbols: deliveries per CPU second
void different(int runs);  // each watches others

void storm(int runs);  // very many clients come at once

void slow();  // clients slower than the market: the age of what they read, by what the kernel may hold
// A tenth of the clients reads nothing: the others' ages, and memory while `watched_ns` passes.
void stalled(int runs, std::int64_t watched_ns);

void balance();         // how evenly the kernel spreads connections over shards
void shards(int runs);  // two shards beside one, on the same processors as their clients

}  // namespace tickcast::bench
