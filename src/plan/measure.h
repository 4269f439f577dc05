// SPDX-License-Identifier: Apache-2.0
//
// measure(): what this machine asks for the work of a server, found by doing it for a few seconds: a real
// emitter of one shard in this process, in clear and one under TLS, over loopback, and crowds of clients that
// read and discard. A round publishes so many quotes to one crowd and ends when all of it has come; what the
// shard's thread took is the round's price. Figures are medians, and the rounds of what is compared with each
// other take turns.
//
// Thread: the owner's; starts others and ends them. Blocks.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "plan/measurement.h"

namespace tickcast::plan {

struct Effort {
  std::uint32_t few = 250;  // clients: of the small crowd, of that with lists of its own, of that under TLS
  std::uint32_t many = 7'500;  // fewer where descriptors run out; each takes two
  int rounds = 40;             // of the small crowds, for each size of a send
  int many_rounds = 7;         // of the large one
  int updates = 600;           // that nobody follows, half a millisecond apart
};

// The error says what the machine lacks.
Result<Measurement> measure(const Effort& effort = {});

// The straight line through costs by size, each as good to its own proportion.
struct Sample {
  double bytes = 0;
  double cost_ns = 0;
};
SendCost fit(std::span<const Sample> samples);

}  // namespace tickcast::plan
