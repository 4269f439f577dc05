// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the message reader in both roles: what it says must not depend on how the bytes were cut, must keep
// its limits, and must agree with wslay. Input: one byte of options (bit 0: role, bits 1-3: limits, bit 4:
// permessage-deflate), one with the number of piece sizes, these, then the stream.
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "wire/ws_frame_oracle.h"
#include "wire/ws_frame_transcript.h"

namespace {

using namespace tickcast::wire;
using testing::disagreement;
using testing::Extension;
using testing::kOracleBytesMax;
using testing::read_in_pieces;
using testing::Transcript;

constexpr MessageLimits kLimits[8] = {
    {.message_bytes_max = 4096, .fragments_max = 1024}, {.message_bytes_max = 4096, .fragments_max = 4},
    {.message_bytes_max = 126, .fragments_max = 1024},  {.message_bytes_max = 64, .fragments_max = 2},
    {.message_bytes_max = 8, .fragments_max = 1024},    {.message_bytes_max = 0, .fragments_max = 1024},
    {.message_bytes_max = 4096, .fragments_max = 1},    {.message_bytes_max = 1000, .fragments_max = 0}};

void check_limits(const Transcript& transcript, const MessageLimits& limits) {
  for (const testing::Received& message : transcript.messages) {
    const bool control = message.kind >= Opcode::close;
    CHECK(message.payload.size() <= (control ? kControlPayloadBytesMax : limits.message_bytes_max),
          "a message over the limit was handed out");
    if (message.kind != Opcode::text) continue;
    Utf8Validator validator;
    CHECK(validator.feed(message.payload) && validator.complete(), "text that is not UTF-8 was handed out");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Role role = (data[0] & 1) != 0 ? Role::client : Role::server;
  const MessageLimits& limits = kLimits[data[0] >> 1 & 7];
  const Extension extension = (data[0] & 16) != 0 ? Extension::deflate : Extension::none;
  const std::size_t piece_count = std::min<std::size_t>(data[1] & 7, size - 2);
  const std::vector<std::size_t> pieces(data + 2, data + 2 + piece_count);
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2 + piece_count, size - 2 - piece_count);
  bytes = bytes.substr(0, kOracleBytesMax);

  const Transcript whole = read_in_pieces(role, limits, bytes, {}, extension);
  const std::size_t one_byte = 1;
  CHECK(read_in_pieces(role, limits, bytes, pieces, extension) == whole,
        "pieces are read otherwise than the whole");
  CHECK(read_in_pieces(role, limits, bytes, {&one_byte, 1}, extension) == whole,
        "bytes are read otherwise than the whole");
  check_limits(whole, limits);

  const std::string difference = disagreement(role, limits, bytes, extension);
  if (!difference.empty()) std::fprintf(stderr, "%s\n", difference.c_str());
  CHECK(difference.empty(), "wslay reads the same bytes otherwise");
  return 0;
}
