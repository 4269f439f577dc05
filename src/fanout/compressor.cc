// SPDX-License-Identifier: Apache-2.0
#include "fanout/compressor.h"

#include <algorithm>

namespace tickcast::fanout {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

}  // namespace

std::optional<std::string_view> Compressor::compress(std::span<const std::string_view> parts,
                                                     std::int64_t now_ns, bool shared) {
  std::size_t bytes = 0;
  for (const std::string_view part : parts) bytes += part.size();
  if (bytes < kBytesMin || !within_budget(bytes, now_ns, shared)) return std::nullopt;
  return deflater_.deflate(parts);
}

bool Compressor::within_budget(std::size_t bytes, std::int64_t now_ns, bool shared) {
  // Whole microseconds count; the rest does next time.
  const std::int64_t us = std::clamp<std::int64_t>(now_ns - counted_ns_, 0, kNsPerSecond) / 1000;
  const bool steady = now_ns >= counted_ns_ && now_ns - counted_ns_ <= kNsPerSecond;
  counted_ns_ = steady ? counted_ns_ + us * 1000 : now_ns;
  budget_ = std::min(kBurstBytes, budget_ + static_cast<std::size_t>(us) * kBytesPerSecond / 1'000'000);
  if (budget_ < bytes + (shared ? 0 : kSharedReserveBytes)) return false;
  budget_ -= bytes;
  return true;
}

}  // namespace tickcast::fanout
