// SPDX-License-Identifier: Apache-2.0
//
// ProcessUse: what a process takes of the machine, its own or another's (proc(5), clock_getcpuclockid(3)).
// Thread: any.
#pragma once

#include <cstdint>
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

// The name of the program, for a report; "?" when it can't be read.
std::string process_name(int pid);

}  // namespace tickcast::load
