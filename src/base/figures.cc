// SPDX-License-Identifier: Apache-2.0
#include "base/figures.h"

#include <cmath>

#include <fmt/core.h>

namespace tickcast {

std::string grouped(std::string digits) {
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string grouped(std::uint64_t value) { return grouped(std::to_string(value)); }

std::string rounded(double value) { return grouped(static_cast<std::uint64_t>(std::llround(value))); }

std::string short_duration(std::int64_t ns) {
  const auto value = static_cast<double>(ns);
  if (value < 1e6) return fmt::format("{:.0f} us", value / 1e3);
  if (value < 1e8) return fmt::format("{:.1f} ms", value / 1e6);
  if (value < 1e9) return fmt::format("{:.0f} ms", value / 1e6);
  return fmt::format("{:.2f} s", value / 1e9);
}

std::string short_bytes(double bytes) {
  if (bytes < 1e4) return fmt::format("{:.0f} B", bytes);
  if (bytes < 1e6) return fmt::format("{:.1f} kB", bytes / 1e3);
  if (bytes < 1e10) return fmt::format("{:.1f} MB", bytes / 1e6);
  return fmt::format("{:.1f} GB", bytes / 1e9);
}

}  // namespace tickcast
