// SPDX-License-Identifier: Apache-2.0
//
// Who holds a TCP port, as far as /proc tells: the listening sockets' inodes from /proc/net/tcp and tcp6
// (proc_net_tcp(5)), then the process with a descriptor of that inode. Processes of other users stay unseen
// unless we are root. Reads many small files: at start only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tickcast::net {

struct PortHolder {
  std::string name;  // as ps shows it, at most 15 characters
  int pid = 0;
};

std::optional<PortHolder> find_port_holder(std::uint16_t port);
bool held_by_this_process(std::uint16_t port);

}  // namespace tickcast::net
