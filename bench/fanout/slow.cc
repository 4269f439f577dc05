// SPDX-License-Identifier: Apache-2.0
//
// The part `slow`: clients that take less than the market gives.
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "base/clock.h"
#include "crowd.h"
#include "parts.h"
#include "sides.h"

namespace tickcast::bench {

// What the kernel may hold for a slow client decides how old what it reads is.
void slow() {
  constexpr int kClients = 50;
  for (const int unsent_bytes : {0, 64 * 1024, 16 * 1024, 4 * 1024, 1024}) {
    emitter::Options options;
    options.unsent_bytes = unsent_bytes;
    EmitterSide side(kListSymbols, options);
    const std::vector<std::size_t> all = first_symbols(kListSymbols);
    CrowdPlan plan = plan_of(side, kClients, [&](int) { return listed_path(all); });
    plan.slow_bytes = 2000;
    Crowd crowd(plan);
    crowd.wait_connected();
    const double before = cpu_seconds();
    std::int64_t due_ns = steady_ns();
    for (int i = 0; i < 400; ++i) {  // 1.5 MB/s for each, who take 0.2
      if (i == 200) crowd.forget_ages();
      side.publish(all);
      sleep_until(due_ns += 10 * kNsPerMs);
    }
    fmt::print("slow clients, unsent bytes at most {:<8}: age p50/p99 {:.0f}/{:.0f} ms, {:.1f} us a frame\n",
               unsent_bytes == 0 ? "any" : std::to_string(unsent_bytes), crowd.all().quantile_ms(0.5),
               crowd.all().quantile_ms(0.99),
               (cpu_seconds() - before) * 1e6 / static_cast<double>(crowd.frames()));
    std::fflush(stdout);
  }
}

}  // namespace tickcast::bench
