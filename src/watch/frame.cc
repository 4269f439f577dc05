// SPDX-License-Identifier: Apache-2.0
#include "watch/frame.h"

#include <algorithm>

#include <fmt/core.h>

#include "watch/format.h"
#include "watch/glyphs.h"

namespace tickcast::watch {
namespace {

constexpr int kTableRowsLeast = 4;  // its heading too: before numbers give way
constexpr int kKeysFrom = 4;        // rows of a screen that has a line of keys

struct Place {
  std::size_t column;
  int width;
};

// Which columns a width has room for, in their order.
std::vector<Place> places_for(std::span<const Column> columns, int width) {
  std::vector<Place> kept;
  for (std::size_t i = 0; i < columns.size(); ++i) kept.push_back({i, columns[i].width});
  const auto needed = [&] {
    int sum = -1;
    for (const Place& place : kept) sum += place.width + 1;
    return sum;
  };
  while (kept.size() > 1 && needed() > width) {
    kept.erase(std::ranges::max_element(kept, {}, [&](const Place& at) { return columns[at.column].rank; }));
  }
  for (Place& place : kept) {
    const int most = std::max(columns[place.column].width_max, place.width);
    place.width = std::clamp(place.width + width - needed(), place.width, most);
  }
  return kept;
}

bool has_keys(Size size) { return size.rows >= kKeysFrom; }

}  // namespace

int Frame::number_lines(Size size, std::size_t lines) {
  const int room = size.rows - 1 - kTableRowsLeast - (has_keys(size) ? 1 : 0);
  return std::clamp(room, 0, static_cast<int>(lines));
}

int Frame::table_rows(Size size, std::size_t lines) {
  return std::max(size.rows - 2 - number_lines(size, lines) - (has_keys(size) ? 1 : 0), 0);
}

void Frame::draw_heading(const Heading& heading) {
  screen_.tint(0, Style::bar);
  const std::string state = fmt::format(" {} {} ", marks_.dot, heading.state);
  const int state_columns = std::min(columns_of(state), screen_.columns());
  const int room = screen_.columns() - state_columns - 1;
  if (room > 0) screen_.put(0, 0, fitted(" " + heading.what, room, false), Style::bar);
  screen_.put(0, std::max(room + 1, 0), state, heading.style);
  next_row_ = 1;
}

void Frame::put_line(int row, const Line& line) {
  int column = 1;
  for (const Span& span : line) {
    if (column + columns_of(span.text) > screen_.columns() && column > 1) return;
    column = screen_.put(row, column, span.text, span.style) + 2;
  }
}

void Frame::draw_numbers(const std::vector<Line>& lines) {
  const int shown = number_lines(screen_.size(), lines.size());
  for (int i = 0; i < shown; ++i) put_line(next_row_++, lines[static_cast<std::size_t>(i)]);
}

void Frame::draw_table(std::size_t total_rows, const std::function<Span(std::size_t, std::size_t)>& cell) {
  const std::vector<Place> places = places_for(view_.columns(), screen_.columns());
  const int last_row = screen_.rows() - (has_keys(screen_.size()) ? 1 : 0);
  const int heading_row = next_row_++;
  if (heading_row < last_row) screen_.tint(heading_row, Style::strong);
  for (int row = heading_row; row < last_row; ++row) {
    const bool is_heading = row == heading_row;
    const std::size_t of_table = view_.top() + static_cast<std::size_t>(row - heading_row - 1);
    if (!is_heading && of_table >= total_rows) break;
    int at = 0;
    for (const auto [i, width] : places) {
      const Column& column = view_.columns()[i];
      const bool sorted = view_.sort() == i;
      const std::string mark(sorted ? (view_.descending() ? marks_.down : marks_.up) : "");
      const Span span = is_heading ? Span{column.right ? mark + std::string(column.title)
                                                       : std::string(column.title) + mark,
                                          sorted ? Style::good : Style::strong}
                                   : cell(of_table, i);
      screen_.put(row, at, fitted(span.text, width, column.right), span.style);
      at += width + 1;
    }
  }
  next_row_ = last_row;
}

void Frame::draw_help(const std::vector<std::string>& notes) {
  std::vector<std::string> lines = {
      "q        quit",
      "/        filter: only rows with these words; Enter keeps it, Esc ends it",
      "s S      sort by the next column, the one before",
      "r        the other way round",
      "p        pause: the picture stands still, and is grey",
      "arrows   scroll; PgUp PgDn Home End, j k",
      "Ctrl-L   draw anew; Ctrl-Z suspend",
  };
  for (std::size_t i = 0; i < std::min<std::size_t>(view_.columns().size(), 10); ++i)
    lines.push_back(fmt::format("{}        sort by {}", (i + 1) % 10, view_.columns()[i].title));
  lines.insert(lines.end(), notes.begin(), notes.end());
  const int last_row = screen_.rows() - (has_keys(screen_.size()) ? 1 : 0);
  for (const std::string& line : lines) {
    if (next_row_ >= last_row) break;
    screen_.put(next_row_++, 1, line);
  }
}

void Frame::draw_keys(std::size_t shown, std::size_t total) {
  if (!has_keys(screen_.size())) return;
  const int row = screen_.rows() - 1;
  screen_.tint(row, Style::bar);
  const std::string rows = shown == total ? fmt::format("{} ", count(static_cast<double>(total)))
                                          : fmt::format("{} of {} ", count(static_cast<double>(shown)),
                                                        count(static_cast<double>(total)));
  std::string left = " q quit  / filter  s sort  r reverse  p pause  ? help";
  if (view_.typing()) {
    left = " filter: " + view_.filter() + "_";
  } else if (!view_.filter().empty()) {
    left = " filter: " + view_.filter() + "  (Esc: all)";
  }
  const int room = screen_.columns() - columns_of(rows) - 1;
  screen_.put(row, 0, fitted(left, std::max(room, 0), false), Style::bar);
  if (room > 0) screen_.put(row, room + 1, rows, Style::bar);
}

}  // namespace tickcast::watch
