// SPDX-License-Identifier: Apache-2.0
#include "watch/keys.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "watch/glyphs.h"

namespace tickcast::watch {
namespace {

using Kind = Key::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 18> kSequences = {{
    {"[A", Kind::up},
    {"[B", Kind::down},
    {"[C", Kind::right},
    {"[D", Kind::left},
    {"OA", Kind::up},
    {"OB", Kind::down},
    {"OC", Kind::right},
    {"OD", Kind::left},
    {"[H", Kind::home},
    {"[F", Kind::end},
    {"OH", Kind::home},
    {"OF", Kind::end},
    {"[1~", Kind::home},
    {"[4~", Kind::end},
    {"[7~", Kind::home},
    {"[8~", Kind::end},
    {"[5~", Kind::page_up},
    {"[6~", Kind::page_down},
}};

// Of `ESC [ ... final` and `ESC O final`: bytes behind the ESC; 0: there is more to come.
std::size_t sequence_bytes(std::string_view rest) {
  if (rest.empty()) return 0;
  if (rest.front() == 'O') return rest.size() >= 2 ? 2 : 0;
  if (rest.front() != '[') return rest.size();  // Alt with a character: not ours
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] >= '@' && rest[i] <= '~') return i + 1;
  }
  return 0;
}

std::optional<Kind> control(char c) {
  switch (c) {
    case '\r':
    case '\n':
      return Kind::enter;
    case '\b':
    case '\x7f':
      return Kind::backspace;
    case '\x0c':
      return Kind::redraw;
    default:
      return std::nullopt;
  }
}

bool whole_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return text.size() >= wanted;
}

}  // namespace

void KeyReader::take(std::string_view bytes, std::vector<Key>& out) {
  pending_ += bytes;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    if (rest.front() == '\x1b') {
      const std::size_t length = sequence_bytes(rest.substr(1));
      if (length == 0) {
        if (rest.size() > kPendingBytesMax) rest = {};  // no terminal's sequence
        break;
      }
      const std::string_view sequence = rest.substr(1, length);
      const auto found = std::ranges::find(kSequences, sequence, &std::pair<std::string_view, Kind>::first);
      if (found != kSequences.end()) out.push_back({found->second, ""});
      rest.remove_prefix(1 + sequence.size());
      continue;
    }
    if (const auto kind = control(rest.front())) {
      out.push_back({*kind, ""});
      rest.remove_prefix(1);
      continue;
    }
    if (!whole_character(rest)) break;
    const bool printable = static_cast<unsigned char>(rest.front()) >= ' ';
    const Glyph glyph = take_glyph(rest);
    if (printable && glyph.columns != 0) out.push_back({Kind::text, std::string(glyph.bytes)});
  }
  pending_.erase(0, pending_.size() - rest.size());
}

void KeyReader::settle(std::vector<Key>& out) {
  if (pending_ == "\x1b") out.push_back({Kind::escape, ""});
  pending_.clear();
}

}  // namespace tickcast::watch
