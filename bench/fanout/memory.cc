// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include <linux/sock_diag.h>
#include <sys/socket.h>

namespace tickcast::bench {

std::size_t private_bytes() {
  std::ifstream in("/proc/self/smaps_rollup");
  std::string word;
  std::size_t kilobytes = 0;
  while (in >> word) {
    if (word == "Anonymous:") in >> kilobytes;
  }
  return kilobytes * 1024;
}

std::size_t socket_bytes() {
  std::size_t bytes = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    const int fd = std::atoi(entry->path().filename().c_str());
    std::uint32_t info[SK_MEMINFO_VARS] = {};
    socklen_t size = sizeof info;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size) != 0) continue;  // no socket
    bytes += info[SK_MEMINFO_RMEM_ALLOC] + info[SK_MEMINFO_WMEM_QUEUED] + info[SK_MEMINFO_FWD_ALLOC] +
             info[SK_MEMINFO_OPTMEM] + info[SK_MEMINFO_BACKLOG];
  }
  return bytes;
}

}  // namespace tickcast::bench
