// SPDX-License-Identifier: Apache-2.0
//
// For tests: a compressed message as RFC 7692 section 7.2.2 reads it, by zlib, a byte of output at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <zlib.h>

namespace tickcast::wire::testing {

// Nothing when it is not one, whole.
inline std::optional<std::string> inflated_message(std::string_view payload) {
  std::string bytes(payload);
  bytes.append("\0\0\xff\xff", 4);
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) return std::nullopt;
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int outcome = Z_OK;
  bool between_blocks = false;  // told by the calls that did something
  while (outcome == Z_OK) {
    char byte;
    stream.next_out = reinterpret_cast<Bytef*>(&byte);
    stream.avail_out = 1;
    outcome = inflate(&stream, Z_NO_FLUSH);
    if (outcome == Z_OK) between_blocks = (stream.data_type & 128) != 0;
    if (stream.avail_out == 0) out.push_back(byte);
    // The stream was ended, and with more than what was appended here another one begins.
    if (outcome == Z_STREAM_END && stream.avail_in > 4) outcome = inflateReset(&stream);
  }
  // It may also be ended by what was appended, to its last byte.
  const bool ended = outcome == Z_STREAM_END && (stream.avail_in == 4 || stream.avail_in == 0);
  const bool whole = outcome == Z_BUF_ERROR && stream.avail_in == 0 && between_blocks;
  inflateEnd(&stream);
  return ended || whole ? std::optional(out) : std::nullopt;
}

}  // namespace tickcast::wire::testing
