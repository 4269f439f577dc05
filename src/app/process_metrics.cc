// SPDX-License-Identifier: Apache-2.0
#include "app/process_metrics.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace tickcast::app {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::uint64_t open_descriptors() {
  std::error_code failed;
  const auto entries = std::filesystem::directory_iterator("/proc/self/fd", failed);
  if (failed) return 0;
  const auto count = std::distance(begin(entries), end(entries));
  return static_cast<std::uint64_t>(std::max<std::ptrdiff_t>(count - 1, 0));  // less the one that looks
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// Field 22 of /proc/self/stat, in ticks since the machine's start; the name before it may hold spaces.
double start_seconds() {
  std::ifstream stat_file("/proc/self/stat");
  std::string stat((std::istreambuf_iterator<char>(stat_file)), {});
  const std::size_t name_end = stat.rfind(')');
  std::size_t at = name_end == std::string::npos ? 0 : name_end + 1;
  for (int field = 3; field < 22; ++field) at = stat.find(' ', at + 1);
  if (at == std::string::npos) return 0;
  std::ifstream system_file("/proc/stat");
  std::string word;
  std::uint64_t booted = 0;
  while (system_file >> word && word != "btime") {
  }
  system_file >> booted;
  return static_cast<double>(booted) + std::stod(stat.substr(at)) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

void add_process_metrics(metrics::Exposition& out) {
  static const double started = start_seconds();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  out.add_number("process_cpu_seconds_total", {}, seconds(usage.ru_utime) + seconds(usage.ru_stime));
  out.add("process_open_fds", open_descriptors());
  out.add("process_max_fds", limit.rlim_cur);
  out.add("process_resident_memory_bytes", resident_bytes());
  out.add_number("process_start_time_seconds", {}, started);
}

}  // namespace tickcast::app
