// SPDX-License-Identifier: Apache-2.0
//
// Screen: a grid of characters with a style each, and the bytes that make a terminal show it. Whoever draws
// never sees an escape sequence; what is outside the grid is cut off, at any size.
//
// Plain escape sequences (ECMA-48), not ncurses: what is used of it, moving the cursor and colours, is the
// same on every terminal that is in use, the library keeps a global state that a crash or two views in one
// test would meet, and a frame that is a value can be tested without a terminal. docs/decisions/0006.
//
// Pure. Thread: any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tickcast::watch {

enum class Style : std::uint8_t {
  plain,
  soft,      // beside the point, or no longer current
  strong,    // names, headings
  good,      // all is well
  warning,   // look here
  bad,       // not to be trusted
  bar,       // the first and the last line
  rose,      // went up a moment ago
  fell,      // went down
  rose_now,  // this very moment
  fell_now,
};

struct Size {
  int rows = 24;
  int columns = 80;
  friend bool operator==(const Size&, const Size&) = default;
};

class Screen {
 public:
  static constexpr int kSideMax = 1000;  // of a terminal that says to be larger, so much is used

  explicit Screen(Size size);

  Size size() const { return size_; }
  int rows() const { return size_.rows; }
  int columns() const { return size_.columns; }

  // Writes from a column on, to the edge at most; returns the column behind the text, also where that is
  // outside. A row that is not there takes nothing.
  int put(int row, int column, std::string_view text, Style style = Style::plain);
  // The whole row in one style, what is written in it included.
  void tint(int row, Style style);

  // A row's characters, without spaces at the end.
  std::string text(int row) const;
  Style style(int row, int column) const { return cell(row, column).style; }

 private:
  friend std::string difference(const Screen* shown, const Screen& wanted, bool colour);

  struct Cell {
    std::array<char, 4> bytes{' '};
    std::uint8_t length = 1;  // 0: the right half of the wide character before it
    Style style = Style::plain;
    friend bool operator==(const Cell&, const Cell&) = default;
  };

  const Cell& cell(int row, int column) const {
    return cells_[static_cast<std::size_t>(row) * static_cast<std::size_t>(size_.columns) +
                  static_cast<std::size_t>(column)];
  }
  Cell& cell(int row, int column) { return const_cast<Cell&>(std::as_const(*this).cell(row, column)); }
  void set(int row, int column, std::string_view bytes, int columns, Style style);

  Size size_;
  std::vector<Cell> cells_;
};

// What a terminal that shows `shown` must be sent to show `wanted`: only what differs; everything, on a
// cleared screen, when `shown` is null or has another size. `colour`: else only bold, dim and reverse.
std::string difference(const Screen* shown, const Screen& wanted, bool colour);

}  // namespace tickcast::watch
