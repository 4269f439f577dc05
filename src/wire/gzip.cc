// SPDX-License-Identifier: Apache-2.0
#include "wire/gzip.h"

#include <zlib.h>

#include "base/check.h"

namespace tickcast::wire {
namespace {

// Method deflate, no flags, no time, no operating system.
constexpr std::string_view kHeader{"\x1f\x8b\x08\0\0\0\0\0\0\xff", 10};
constexpr int kFast = 1;
constexpr int kSmall = 6;

std::uint32_t crc_of(std::string_view text) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()));
}

std::string deflated(std::string_view text, int level) {
  z_stream stream{};
  constexpr int kRawWindowBits = -15;
  CHECK(deflateInit2(&stream, level, Z_DEFLATED, kRawWindowBits, 8, Z_DEFAULT_STRATEGY) == Z_OK,
        "zlib did not start");
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int outcome = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  CHECK(outcome == Z_STREAM_END, "zlib needed more room than it said");
  return out;
}

void append_little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::string with_trailer(std::string out, std::uint32_t crc, std::size_t text_bytes) {
  append_little_endian(out, crc, 4);
  append_little_endian(out, text_bytes, 4);
  return out;
}

}  // namespace

std::string gzip(std::string_view text) {
  return with_trailer(std::string(kHeader) + deflated(text, kFast), crc_of(text), text.size());
}

void add_encoding_headers(HttpResponse& response, bool gzipped) {
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (gzipped) response.headers.emplace_back("Content-Encoding", "gzip");
}

void gzip_body(const HttpRequest& request, HttpResponse& response) {
  if (response.body.size() < kGzipBytesMin) return;
  const bool gzipped = accepts_gzip(request);
  if (gzipped) response.body = gzip(response.body);
  add_encoding_headers(response, gzipped);
}

GzipTail::GzipTail(std::string_view text)
    : deflated_(deflated(text, kSmall)), text_bytes_(text.size()), crc_(crc_of(text)) {}

// The head as a stored block (RFC 1951 section 3.2.4), which ends at a byte's end as the header before it
// does: so what follows needs no bit moved.
std::string GzipTail::behind(std::string_view head) const {
  CHECK(head.size() <= kHeadBytesMax, "a stored block has at most 65,535 bytes");
  std::string out(kHeader);
  out.reserve(out.size() + 5 + head.size() + deflated_.size() + 8);
  out += '\0';  // stored, not the last
  append_little_endian(out, head.size(), 2);
  append_little_endian(out, ~head.size(), 2);
  out += head;
  out += deflated_;
  const auto crc = crc32_combine(crc_of(head), crc_, static_cast<z_off_t>(text_bytes_));
  return with_trailer(std::move(out), static_cast<std::uint32_t>(crc), head.size() + text_bytes_);
}

}  // namespace tickcast::wire
