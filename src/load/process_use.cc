// SPDX-License-Identifier: Apache-2.0
#include "load/process_use.h"

#include <fstream>
#include <string_view>

#include <unistd.h>

#include <fmt/core.h>
#include <time.h>

namespace tickcast::load {
namespace {

std::int64_t read_cpu_ns(clockid_t clock) {
  timespec t{};
  if (clock_gettime(clock, &t) != 0) return -1;
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// The second number of /proc/PID/statm: resident pages.
std::uint64_t resident_bytes(int pid) {
  std::ifstream file(fmt::format("/proc/{}/statm", pid));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return file ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

std::int64_t own_cpu_ns() { return read_cpu_ns(CLOCK_PROCESS_CPUTIME_ID); }

Result<ProcessUse> use_of_process(int pid) {
  clockid_t clock{};
  const std::int64_t cpu_ns = clock_getcpuclockid(pid, &clock) == 0 ? read_cpu_ns(clock) : -1;
  if (cpu_ns < 0) return Error{fmt::format("there is no process {}, or it may not be looked at", pid)};
  return ProcessUse{cpu_ns, resident_bytes(pid)};
}

std::string process_name(int pid) {
  std::ifstream file(fmt::format("/proc/{}/comm", pid));
  std::string name;
  return std::getline(file, name) ? name : "?";
}

}  // namespace tickcast::load
