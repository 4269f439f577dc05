// SPDX-License-Identifier: Apache-2.0
//
// ProcessUse: what a process takes of the machine, its own or another's (proc(5), clock_getcpuclockid(3)),
// and MachineUse: what all of them together do. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace tickcast::load {

inline constexpr int kPidMax = 1 << 22;  // proc_pid_max(5): every process has a smaller one

struct ProcessUse {
  std::int64_t cpu_ns = 0;         // of all its threads, user and system, since it began
  std::uint64_t memory_bytes = 0;  // resident in user space; the kernel's socket buffers are not in it
};

// REQUIRES: 0 < pid <= kPidMax.
Result<ProcessUse> use_of_process(int pid);
std::int64_t own_cpu_ns();

// Of all processors since the machine started, in ticks; the machine's in a container too. What a hypervisor
// gave to others counts as busy: it was not to be had. Nothing when it can't be read.
struct MachineUse {
  std::uint64_t busy = 0;
  std::uint64_t all = 0;
};
std::optional<MachineUse> use_of_machine();

// How many processors there are, and how many of them worked between two looks; nothing when these are a tick
// apart or less.
struct BusyCores {
  double cores = 0;
  double busy = 0;
};
std::optional<BusyCores> busy_cores(const MachineUse& before, const MachineUse& after);

// The name of the program, for a report; "?" when it can't be read.
std::string process_name(int pid);

}  // namespace tickcast::load
