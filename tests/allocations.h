// SPDX-License-Identifier: Apache-2.0
//
// How often memory was asked for, for tests: an executable with allocations.cc counts every operator new. C
// libraries, which ask malloc, are not counted.
#pragma once

#include <cstdint>

namespace tickcast {

// By the calling thread, since it started.
std::uint64_t allocations();

}  // namespace tickcast
