// SPDX-License-Identifier: Apache-2.0
//
// Frame: what every view has around what it shows: a bar on top that says what is looked at and whether it
// can be trusted, lines of numbers, a table with its columns, and a line of keys. On a small terminal the
// numbers give way first, then columns of the table, then the keys.
//
// Pure. Thread: the owner's.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "watch/screen.h"
#include "watch/view.h"

namespace tickcast::watch {

// What a terminal can show beyond ASCII.
struct Marks {
  explicit Marks(bool unicode)
      : up(unicode ? "▲" : "^"),
        down(unicode ? "▼" : "v"),
        dot(unicode ? "●" : "*"),
        arrow(unicode ? "→" : "->") {}
  std::string_view up;
  std::string_view down;
  std::string_view dot;
  std::string_view arrow;
};

struct Span {
  std::string text;
  Style style = Style::plain;
};
// Pieces of a line, two spaces apart; one that has no room is left out with all that follow.
using Line = std::vector<Span>;

struct Heading {
  std::string what;   // "tickcast watch ws://127.0.0.1:8080"
  std::string state;  // "LIVE simulated"
  Style style = Style::plain;
};

class Frame {
 public:
  Frame(Screen& screen, const View& view, const Marks& marks) : screen_(screen), view_(view), marks_(marks) {}

  void draw_heading(const Heading& heading);
  // As many of the lines as leave the table some rows; returns how many rows the table has.
  void draw_numbers(const std::vector<Line>& lines);

  // `cell(row, column)`: of a table's row, counted from its beginning.
  void draw_table(std::size_t total_rows, const std::function<Span(std::size_t, std::size_t)>& cell);
  // Instead of the table, when it is asked for.
  void draw_help(const std::vector<std::string>& notes);
  // `shown`, `total`: rows that the filter lets through, and all.
  void draw_keys(std::size_t shown, std::size_t total);

  // How many rows a table has on a screen of this size with so many lines of numbers.
  static int table_rows(Size size, std::size_t lines);

 private:
  static int number_lines(Size size, std::size_t lines);
  void put_line(int row, const Line& line);

  Screen& screen_;
  const View& view_;
  const Marks& marks_;
  int next_row_ = 0;
};

}  // namespace tickcast::watch
