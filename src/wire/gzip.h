// SPDX-License-Identifier: Apache-2.0
//
// The gzip format (RFC 1952) for HTTP bodies (RFC 9110 section 8.4): written, not read. Pure. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/http.h"

namespace tickcast::wire {

// Below this a body is worth neither the time nor the header.
inline constexpr std::size_t kGzipBytesMin = 4 * 1024;

// Fast rather than small: for a body that is made for one answer.
std::string gzip(std::string_view text);

// The headers of a body that is compressed for who takes that. `gzipped`: for this one it is.
void add_encoding_headers(HttpResponse& response, bool gzipped);

// Compresses a body that is worth it, where the request takes that.
void gzip_body(const HttpRequest& request, HttpResponse& response);

// A text compressed once, small rather than fast, that goes out behind another one each time.
class GzipTail {
 public:
  static constexpr std::size_t kHeadBytesMax = 65'535;

  explicit GzipTail(std::string_view text);

  // The whole of `head` and text. REQUIRES: at most kHeadBytesMax.
  std::string behind(std::string_view head) const;

 private:
  std::string deflated_;  // RFC 1951, to the last block
  std::size_t text_bytes_;
  std::uint32_t crc_;
};

}  // namespace tickcast::wire
