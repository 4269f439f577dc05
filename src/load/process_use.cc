// SPDX-License-Identifier: Apache-2.0
#include "load/process_use.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <numeric>

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

std::optional<MachineUse> use_of_machine() {
  std::ifstream file("/proc/stat");
  std::string name;
  // user nice system idle iowait irq softirq steal; what follows is contained in the first two
  std::array<std::uint64_t, 8> ticks{};
  file >> name;
  for (std::uint64_t& each : ticks) file >> each;
  if (!file) return std::nullopt;
  const std::uint64_t all = std::accumulate(ticks.begin(), ticks.end(), std::uint64_t{0});
  return MachineUse{all - ticks[3] - ticks[4], all};
}

std::optional<BusyCores> busy_cores(const MachineUse& before, const MachineUse& after) {
  if (after.all <= before.all) return std::nullopt;
  const auto cores = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  // The count of idle ticks may go back a little (proc_stat(5)), and busy is what is not idle.
  const double busy = static_cast<double>(after.busy) - static_cast<double>(before.busy);
  return BusyCores{cores, cores * std::clamp(busy / static_cast<double>(after.all - before.all), 0.0, 1.0)};
}

std::string process_name(int pid) {
  std::ifstream file(fmt::format("/proc/{}/comm", pid));
  std::string name;
  return std::getline(file, name) ? name : "?";
}

}  // namespace tickcast::load
