// SPDX-License-Identifier: Apache-2.0
//
// The part `idle`: memory and CPU of clients that are sent nothing.
#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/clock.h"
#include "crowd.h"
#include "memory.h"
#include "parts.h"
#include "sides.h"

namespace tickcast::bench {
namespace {

// In a process of its own, whose heap nothing has used before.
void memory(const std::string& what, const std::function<std::string(int)>& path, const char* goal) {
  std::fflush(stdout);
  if (const pid_t child = fork(); child != 0) {
    waitpid(child, nullptr, 0);
    return;
  }
  EmitterSide side(1400);
  Crowd few(plan_of(side, 2000, path));
  few.wait_connected();
  const std::size_t before = private_bytes();
  Crowd many(plan_of(side, 16000, path));
  many.wait_connected();
  const double slope = static_cast<double>(private_bytes() - before) / 16000;
  fmt::print("{:<66} {:>9} {:>9.0f} {:<6} {:27} goal {}\n", "user-space memory per client, " + what, "",
             slope, "bytes", "", goal);
  std::fflush(stdout);
  many.end();
  few.end();
  _exit(0);
}

}  // namespace

void idle() {
  static const Lists lists = different_lists(16000, 1400);
  memory(
      "idle", [](int) { return "/ws"; }, "<= 250");
  memory(
      "all the same 100 streams", [](int) { return listed_path(lists[0]); }, "<= 300");
  memory(
      "each 100 others of 1400",
      [](int client) { return listed_path(lists[static_cast<std::size_t>(client)]); }, "<= 800");

  constexpr int kClients = 18000;
  EmitterSide side(1);
  Crowd crowd(plan_of(side, kClients, [](int) { return "/ws"; }));
  crowd.wait_connected();
  const double before = cpu_seconds();
  sleep_until(steady_ns() + 20 * kNsPerSecond);  // everyone is pinged once
  fmt::print("{:<66} {:>9} {:>9.2f} {:<6} {:27} goal {}\n",
             "18000 idle clients with pings: CPU per client and second", "",
             (cpu_seconds() - before) * 1e6 / kClients / 20, "us", "", "<= 2");
  std::fflush(stdout);
}

}  // namespace tickcast::bench
