// SPDX-License-Identifier: Apache-2.0
//
// What a WebSocket client must choose unpredictably: the mask of each frame and the key of its handshake (RFC
// 6455 sections 5.3 and 4.1). Thread: any; each has its own generator, seeded by the kernel.
#pragma once

#include <cstdint>
#include <string>

namespace tickcast::ws {

std::uint32_t random_mask();
std::string random_handshake_key();  // base64 of 16 bytes

}  // namespace tickcast::ws
