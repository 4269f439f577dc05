// SPDX-License-Identifier: Apache-2.0
//
// Memory: what this process takes, in user space and in the kernel for its sockets. Thread: any.
#pragma once

#include <cstddef>

namespace tickcast::bench {

std::size_t private_bytes();  // in user space: pages of its own, not of files
// In the kernel: what waits in all its sockets' buffers, with the kernel's own overhead (SO_MEMINFO,
// socket(7)). Other ends of the connections are not in it.
std::size_t socket_bytes();

}  // namespace tickcast::bench
