// SPDX-License-Identifier: Apache-2.0
//
// Compressor: what of a shard's array messages is compressed. Compressing holds up everybody else on the
// shard (about 10 ns a byte; wire/deflate.h has the figures), so it is for messages that gain from it, and
// has a budget. What is over the budget is sent as it is: late for nobody, only longer.
//
// A message that many share costs its budget once. Messages for one client alone (it lags behind the others,
// or is the only one) may use only what leaves kSharedReserveBytes: however many clients read slowly, those
// who keep up have their message compressed.
//
// Pure: the moment is passed in, from a clock that may be set. Thread: the shard's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "fanout/framing.h"
#include "wire/deflate.h"

namespace tickcast::fanout {

class Compressor {
 public:
  // A message below it goes out in one packet as it is.
  static constexpr std::size_t kBytesMin = 1400;
  // Of messages before they are compressed: a quarter of the shard's time. The whole market of 1,400 symbols
  // at
  // @1000ms takes it 6 MB/s when it is followed in all eight phases, raw and combined, as both channels.
  static constexpr std::size_t kBytesPerSecond = 24 * 1024 * 1024;
  static constexpr std::size_t kBurstBytes = 4 * kArrayBytesMax;
  static constexpr std::size_t kSharedReserveBytes = kBurstBytes / 2;

  // The compressed payload of a message that is these parts in a row, until the next call; nothing when the
  // message is to be sent as it is. `shared`: more than one client may get it.
  std::optional<std::string_view> compress(std::span<const std::string_view> parts, std::int64_t now_ns,
                                           bool shared);

 private:
  bool within_budget(std::size_t bytes, std::int64_t now_ns, bool shared);

  wire::Deflater deflater_;
  std::size_t budget_ = kBurstBytes;  // bytes
  std::int64_t counted_ns_ = 0;       // when it was filled last
};

}  // namespace tickcast::fanout
