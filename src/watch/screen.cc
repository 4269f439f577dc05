// SPDX-License-Identifier: Apache-2.0
#include "watch/screen.h"

#include <algorithm>
#include <cstring>

#include <fmt/core.h>

#include "watch/glyphs.h"

namespace tickcast::watch {
namespace {

// Parameters of SGR (ECMA-48 section 8.3.117).
struct Look {
  const char* colour;
  const char* plain;
};

Look look(Style style) {
  switch (style) {
    case Style::plain:
      return {"0", "0"};
    case Style::soft:
      return {"0;38;5;244", "0;2"};
    case Style::strong:
      return {"0;1", "0;1"};
    case Style::good:
      return {"0;1;32", "0;1"};
    case Style::warning:
      return {"0;1;33", "0;1"};
    case Style::bad:
      return {"0;1;31", "0;1"};
    case Style::bar:
      return {"0;38;5;252;48;5;238", "0;7"};
    case Style::rose:
      return {"0;32", "0;1"};
    case Style::fell:
      return {"0;31", "0;1"};
    case Style::rose_now:
      return {"0;38;5;232;48;5;77", "0;7"};
    case Style::fell_now:
      return {"0;38;5;231;48;5;160", "0;7"};
  }
  return {"0", "0"};
}

constexpr std::string_view kAll = "\x1b[0m\x1b[2J";

}  // namespace

Screen::Screen(Size size)
    : size_{std::clamp(size.rows, 1, kSideMax), std::clamp(size.columns, 1, kSideMax)},
      cells_(static_cast<std::size_t>(size_.rows) * static_cast<std::size_t>(size_.columns)) {}

int Screen::put(int row, int column, std::string_view text, Style style) {
  while (!text.empty()) {
    const Glyph glyph = take_glyph(text);
    if (glyph.columns == 0) continue;
    if (row >= 0 && row < size_.rows && column >= 0 && column + glyph.columns <= size_.columns)
      set(row, column, glyph.bytes, glyph.columns, style);
    column += glyph.columns;
  }
  return column;
}

void Screen::set(int row, int column, std::string_view bytes, int columns, Style style) {
  // Half of a wide character that stood here would be left over.
  if (cell(row, column).length == 0 && column > 0) cell(row, column - 1) = {};
  const int behind = column + columns;
  if (behind < size_.columns && cell(row, behind).length == 0) cell(row, behind) = {};
  Cell& first = cell(row, column);
  first = {};
  first.length = static_cast<std::uint8_t>(bytes.size());
  first.style = style;
  std::memcpy(first.bytes.data(), bytes.data(), bytes.size());
  if (columns != 2) return;
  Cell& second = cell(row, column + 1);
  second = {};
  second.length = 0;
  second.style = style;
}

void Screen::tint(int row, Style style) {
  if (row < 0 || row >= size_.rows) return;
  for (int column = 0; column < size_.columns; ++column) cell(row, column).style = style;
}

std::string Screen::text(int row) const {
  std::string out;
  for (int column = 0; column < size_.columns; ++column) {
    const Cell& each = cell(row, column);
    out.append(each.bytes.data(), each.length);
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

std::string difference(const Screen* shown, const Screen& wanted, bool colour) {
  std::string out;
  const bool whole = shown == nullptr || shown->size() != wanted.size();
  const Screen blank(wanted.size());
  if (whole) {
    out = kAll;
    shown = &blank;
  }
  Style style = Style::plain;  // each difference ends with it
  for (int row = 0; row < wanted.rows(); ++row) {
    int cursor = -1;  // the column that the terminal's cursor is known to be in; -1: elsewhere
    for (int column = 0; column < wanted.columns(); ++column) {
      const Screen::Cell& cell = wanted.cell(row, column);
      const bool right_half_differs = column + 1 < wanted.columns() &&
                                      wanted.cell(row, column + 1).length == 0 &&
                                      !(wanted.cell(row, column + 1) == shown->cell(row, column + 1));
      if (cell.length == 0 || (cell == shown->cell(row, column) && !right_half_differs)) continue;
      if (cursor != column) out += fmt::format("\x1b[{};{}H", row + 1, column + 1);
      if (cell.style != style) {
        style = cell.style;
        out += fmt::format("\x1b[{}m", colour ? look(style).colour : look(style).plain);
      }
      out.append(cell.bytes.data(), cell.length);
      const bool wide = column + 1 < wanted.columns() && wanted.cell(row, column + 1).length == 0;
      cursor = column + (wide ? 2 : 1);
    }
  }
  if (style != Style::plain) out += "\x1b[0m";
  return out;
}

}  // namespace tickcast::watch
