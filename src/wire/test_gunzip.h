// SPDX-License-Identifier: Apache-2.0
//
// For tests: a gzip body read by zlib, strictly.
#pragma once

#include <array>
#include <string>

#include <zlib.h>

namespace tickcast::wire::testing {

// One gzip member and nothing behind it, unpacked; "broken" when it is something else.
inline std::string unpacked(std::string bytes) {
  constexpr int kGzipWindowBits = 15 + 16;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindowBits) != Z_OK) return "broken";
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 65536> block;
  int outcome = Z_OK;
  while (outcome == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    outcome = inflate(&stream, Z_NO_FLUSH);
    out.append(block.data(), block.size() - stream.avail_out);
  }
  const bool whole = outcome == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  return whole ? out : "broken";
}

}  // namespace tickcast::wire::testing
