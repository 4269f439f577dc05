// SPDX-License-Identifier: Apache-2.0
//
// Message payloads compressed by permessage-deflate (RFC 7692 section 7.2), without context take-over: each
// message by itself, so that one Deflater serves every receiver of a thread and one Inflater every sender.
// How the two ends agree on it is in deflate_offer.h, where it stands in frames in ws_frame.h. zlib, which
// only deflate.cc sees. No I/O, no clock.
//
// Thread: their owner's. Each takes its memory at its first message and allocates nothing once warm.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace tickcast::wire {

// The level is zlib's fastest, 1, because a shard does nothing else meanwhile. The array of 1,400 symbols'
// events (wire_bench, BM_Deflate: CPU time on two cores of a 2 GHz machine that was busy with other things,
// so that the proportions count more than the milliseconds):
//
//            quotes, 277 kB        book tickers, 147 kB
//   level 1   3.1 ms  to 1/4.0      1.9 ms  to 1/2.8
//         2   2.9 ms     1/4.2      2.5 ms     1/3.0
//         3   3.4 ms     1/4.5      3.4 ms     1/3.1
//         6   7.0 ms     1/5.1      6.0 ms     1/3.5
//
// Level 6 would hold up everybody else on the shard two to three times as long for a fifth fewer bytes. A
// smaller window takes longer, not less, since it slides more often.
class Deflater {
 public:
  static constexpr int kLevel = 1;
  static constexpr int kWindowBits = 15;  // LZ77 window of 2^15 bytes: what a receiver must have

  Deflater();
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // The compressed payload of a message that is these parts in a row. Valid until the next call. Holds about
  // 270 kB, and as much again as the longest message so far.
  std::string_view deflate(std::span<const std::string_view> parts, int level = kLevel);

 private:
  struct Zlib;
  std::unique_ptr<Zlib> zlib_;
  std::string out_;
};

class Inflater {
 public:
  enum class Outcome : std::uint8_t {
    whole,    // bytes() has the message
    too_big,  // it would have more bytes than it may
    bad,      // not compressed data, or torn
  };

  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Takes a whole compressed payload. Stops as soon as there are more than `bytes_max`. Holds about 40 kB,
  // and the highest bytes_max so far.
  Outcome inflate(std::span<const char> payload, std::size_t bytes_max);
  std::span<char> bytes();  // after whole, until the next call

 private:
  struct Zlib;
  Outcome feed(std::span<const char> piece);

  std::unique_ptr<Zlib> zlib_;
  std::string out_;
  std::size_t size_ = 0;
};

}  // namespace tickcast::wire
