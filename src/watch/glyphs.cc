// SPDX-License-Identifier: Apache-2.0
#include "watch/glyphs.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tickcast::watch {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// East Asian Width W and F, as far as names of symbols go (Unicode Standard Annex 11).
constexpr std::array<Range, 9> kWide = {{{0x1100, 0x115f},
                                         {0x2e80, 0x303e},
                                         {0x3041, 0xa4cf},
                                         {0xac00, 0xd7a3},
                                         {0xf900, 0xfaff},
                                         {0xfe30, 0xfe6f},
                                         {0xff00, 0xff60},
                                         {0x1f300, 0x1faff},
                                         {0x20000, 0x3fffd}}};
constexpr std::array<Range, 6> kJoining = {{{0x0300, 0x036f},
                                            {0x200b, 0x200f},
                                            {0x202a, 0x202e},  // directions: they would reorder a whole line
                                            {0x2060, 0x206f},
                                            {0x20d0, 0x20ff},
                                            {0xfe00, 0xfe0f}}};

template <std::size_t N>
bool among(std::uint32_t code, const std::array<Range, N>& ranges) {
  return std::ranges::any_of(ranges,
                             [code](const Range& each) { return code >= each.first && code <= each.last; });
}

constexpr std::uint32_t kBroken = 0xffffffff;

// The first character (RFC 3629), and its length in `bytes`; kBroken, of one byte, when there is none.
std::uint32_t decode(std::string_view text, std::size_t& bytes) {
  bytes = 1;
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return first;
  const std::size_t length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  if (first >= 0xf5 || length == 1 || length > text.size()) return kBroken;
  std::uint32_t code = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return kBroken;
    code = code << 6 | (next & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return kBroken;
  bytes = length;
  return code;
}

}  // namespace

Glyph take_glyph(std::string_view& text) {
  std::size_t bytes = 1;
  const std::uint32_t code = decode(text, bytes);
  const std::string_view own = text.substr(0, bytes);
  text.remove_prefix(bytes);
  if (code == kBroken || code < 0x20 || (code >= 0x7f && code < 0xa0)) return {"?", 1};
  if (among(code, kJoining)) return {own, 0};
  return {own, among(code, kWide) ? 2 : 1};
}

int columns_of(std::string_view text) {
  int columns = 0;
  while (!text.empty()) columns += take_glyph(text).columns;
  return columns;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Glyph glyph = take_glyph(text);
    if (glyph.columns != 0) out += glyph.bytes;
  }
  return out;
}

std::string fitted(std::string_view text, int columns, bool right) {
  const int wanted = columns_of(text);
  std::string out;
  if (wanted <= columns) {
    const std::string space(static_cast<std::size_t>(columns - wanted), ' ');
    return right ? space + printable(text) : printable(text) + space;
  }
  int used = 0;
  while (!text.empty()) {
    const Glyph glyph = take_glyph(text);
    if (used + glyph.columns > columns - 1) break;
    if (glyph.columns != 0) out += glyph.bytes;
    used += glyph.columns;
  }
  if (columns > 0) out += std::string(static_cast<std::size_t>(columns - 1 - used), ' ') + "~";
  return out;
}

}  // namespace tickcast::watch
