// SPDX-License-Identifier: Apache-2.0
#include "wire/deflate.h"

#include <zlib.h>

#include "base/check.h"

namespace tickcast::wire {
namespace {

// What ends the compressor's flush: left out on the wire (sections 7.2.1 and 7.2.2).
constexpr std::string_view kTail{"\0\0\xff\xff", 4};

constexpr int kMemoryLevel = 8;
constexpr std::size_t kFlushBytesMax = 16;  // what a flush may add to zlib's bound

void put(z_stream& stream, std::span<const char> bytes) {
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
}

void take(z_stream& stream, std::string& out, std::size_t bytes) {
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(bytes);
}

}  // namespace

struct Deflater::Zlib {
  explicit Zlib(int its_level) : level(its_level) {
    CHECK(deflateInit2(&stream, level, Z_DEFLATED, -kWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK,
          "zlib did not start");
  }
  ~Zlib() { deflateEnd(&stream); }
  Zlib(const Zlib&) = delete;
  Zlib& operator=(const Zlib&) = delete;

  const int level;
  z_stream stream{};
};

Deflater::Deflater() = default;
Deflater::~Deflater() = default;

std::string_view Deflater::deflate(std::span<const std::string_view> parts, int level) {
  if (!zlib_ || zlib_->level != level) zlib_ = std::make_unique<Zlib>(level);
  z_stream& stream = zlib_->stream;
  deflateReset(&stream);
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  const std::size_t room = deflateBound(&stream, static_cast<uLong>(size)) + kFlushBytesMax;
  if (out_.size() < room) out_.resize(room);
  take(stream, out_, out_.size());
  for (const std::string_view part : parts) {
    put(stream, part);
    ::deflate(&stream, Z_NO_FLUSH);
  }
  put(stream, {});
  ::deflate(&stream, Z_SYNC_FLUSH);
  CHECK(stream.avail_out > 0, "zlib needed more room than it said");
  const std::string_view flushed(out_.data(), out_.size() - stream.avail_out);
  CHECK(flushed.ends_with(kTail), "zlib ended a flush in another way than RFC 7692 says");
  return flushed.substr(0, flushed.size() - kTail.size());
}

struct Inflater::Zlib {
  Zlib() { CHECK(inflateInit2(&stream, -15) == Z_OK, "zlib did not start"); }
  ~Zlib() { inflateEnd(&stream); }
  Zlib(const Zlib&) = delete;
  Zlib& operator=(const Zlib&) = delete;

  z_stream stream{};
  bool ended = false;  // the last byte fed ended a deflate stream
};

Inflater::Inflater() = default;
Inflater::~Inflater() = default;

Inflater::Outcome Inflater::inflate(std::span<const char> payload, std::size_t bytes_max) {
  if (!zlib_) zlib_ = std::make_unique<Zlib>();
  z_stream& stream = zlib_->stream;
  inflateReset(&stream);
  zlib_->ended = false;
  const std::size_t room = bytes_max + 1;  // so that one byte too many shows
  if (out_.size() < room) out_.resize(room);
  take(stream, out_, room);
  Outcome outcome = feed(payload);
  // A sender that ended the stream itself has nothing for the tail to end (section 7.2.3.4 asks it for one
  // more, empty block).
  if (outcome == Outcome::whole && !zlib_->ended) outcome = feed(kTail);
  if (outcome != Outcome::whole) return outcome;
  constexpr int kBetweenBlocks = 128;
  size_ = room - stream.avail_out;
  return zlib_->ended || (stream.data_type & kBetweenBlocks) != 0 ? Outcome::whole : Outcome::bad;
}

Inflater::Outcome Inflater::feed(std::span<const char> piece) {
  z_stream& stream = zlib_->stream;
  put(stream, piece);
  while (stream.avail_in > 0) {
    const int outcome = ::inflate(&stream, Z_SYNC_FLUSH);
    zlib_->ended = outcome == Z_STREAM_END;
    if (outcome != Z_OK && outcome != Z_STREAM_END) return Outcome::bad;
    if (stream.avail_out == 0) return Outcome::too_big;
    // A message may be several deflate streams (section 7.2.3.5).
    if (zlib_->ended) inflateReset(&stream);
  }
  return Outcome::whole;
}

std::span<char> Inflater::bytes() { return {out_.data(), size_}; }

}  // namespace tickcast::wire
