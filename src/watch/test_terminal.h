// SPDX-License-Identifier: Apache-2.0
//
// TestTerminal: what a terminal shows after it was sent these bytes: the few sequences that pictures are made
// of, told apart by their final letter. For tests.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "watch/glyphs.h"
#include "watch/screen.h"

namespace tickcast::watch {

class TestTerminal {
 public:
  explicit TestTerminal(Size size) : size_(size) { clear(); }

  void take(std::string_view bytes) {
    while (!bytes.empty()) {
      if (bytes.starts_with("\x1b[")) {
        const std::size_t end = bytes.find_first_not_of("0123456789;", 2);
        obey(bytes.substr(2, end - 2), bytes[end]);
        bytes.remove_prefix(end + 1);
        continue;
      }
      const Glyph glyph = take_glyph(bytes);
      print(glyph);
    }
  }

  // Row by row, each cell followed by how it looks.
  std::vector<std::string> shown() const {
    std::vector<std::string> out;
    for (const auto& row : cells_) {
      std::string line;
      for (const std::string& cell : row) line += cell;
      out.push_back(line);
    }
    return out;
  }

 private:
  void clear() {
    cells_.assign(static_cast<std::size_t>(size_.rows),
                  std::vector<std::string>(static_cast<std::size_t>(size_.columns), " <0>"));
  }

  void obey(std::string_view parameters, char final) {
    const std::string text(parameters);
    if (final == 'J') return clear();
    if (final == 'm') look_ = text;
    if (final != 'H') return;
    row_ = static_cast<std::size_t>(std::atoi(text.c_str())) - 1;
    column_ = static_cast<std::size_t>(std::atoi(text.c_str() + text.find(';') + 1)) - 1;
  }

  void print(const Glyph& glyph) {
    auto& row = cells_.at(row_);
    // Half of a wide character that is overwritten becomes a space.
    if (row.at(column_).empty()) row.at(column_ - 1) = " <0>";
    const std::size_t behind = column_ + static_cast<std::size_t>(glyph.columns);
    if (behind < row.size() && row.at(behind).empty()) row.at(behind) = " <0>";
    row.at(column_) = std::string(glyph.bytes) + "<" + look_ + ">";
    if (glyph.columns == 2) row.at(column_ + 1) = "";
    column_ = behind;
  }

  Size size_;
  std::vector<std::vector<std::string>> cells_;
  std::string look_ = "0";
  std::size_t row_ = 0;
  std::size_t column_ = 0;
};

// A screen as shown() tells it: by way of a whole picture, one cell at a time.
inline std::vector<std::string> rows_of(const Screen& screen) {
  TestTerminal terminal(screen.size());
  terminal.take(difference(nullptr, screen, true));
  return terminal.shown();
}

}  // namespace tickcast::watch
