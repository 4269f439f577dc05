// SPDX-License-Identifier: Apache-2.0
//
// Run: one measurement of one server, from the first dial to the last comparison.
//
// Thread: the only one of its process; the clients are in processes of their own (crew.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "load/crew.h"
#include "load/fleet.h"
#include "load/process_use.h"
#include "load/tally.h"

namespace tickcast::load {

struct RunOptions {
  FleetOptions fleet;
  std::uint32_t processes = 1;
  std::int64_t warm_up_ns = kNsPerSecond;  // after the last dial: first quotes are old, and are not measured
  std::int64_t duration_ns = 10 * kNsPerSecond;
  std::optional<int> server_pid;
};

// What the server took of the machine while the clients measured.
struct ServerUse {
  std::int64_t cpu_ns = 0;
  std::uint64_t memory_before_bytes = 0;  // before the first dial
  std::uint64_t memory_after_bytes = 0;   // when all was measured
};

struct RunResult {
  std::string target;  // what was measured
  std::uint32_t clients = 0;
  std::uint32_t processes = 1;
  Tally tally;         // of all processes together
  double busiest = 0;  // share of a core that the busiest process took while measuring
  std::optional<ServerUse> server;
  std::optional<BusyCores> machine;  // on which this tool ran, while measuring; whoever kept it busy
  double asked_per_s = 0;            // deliveries that the floor was to make; 0: of a server nothing is asked
  std::int64_t connecting_ns = 0;
  bool timed = true;
};

// How a run stands, for whoever watches.
struct Progress {
  Phase phase = Phase::connecting;
  std::uint64_t connected = 0;
  std::uint64_t refused = 0;  // or failed
  std::uint64_t messages = 0;
  std::int64_t phase_ns = 0;  // since it began
};

class Watcher {
 public:
  virtual void on_progress(const Progress& progress) = 0;  // several times a second
  virtual bool broken_off() = 0;  // true: the run goes to its end at once, and reports what it has

 protected:
  ~Watcher() = default;
};

Result<RunResult> run(const RunOptions& options, Watcher& watcher);

}  // namespace tickcast::load
