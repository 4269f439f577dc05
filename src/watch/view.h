// SPDX-License-Identifier: Apache-2.0
//
// View: how a table is looked at: sorted by which column, filtered, scrolled, paused; and what the keys do to
// that. Knows nothing of what the table holds.
//
// Pure. Thread: the owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "watch/keys.h"

namespace tickcast::watch {

// A column of a table.
struct Column {
  std::string_view title;
  int width = 8;
  bool right = true;             // numbers
  bool descending_first = true;  // what a first sort by it asks for
  int rank = 0;                  // on a narrow terminal those of the highest rank are left out first
  int width_max = 0;             // takes what is left of a wide one, so much in all; 0: does not
};

class View {
 public:
  static constexpr std::size_t kFilterBytesMax = 48;

  // What pressing a key leads to, beyond the view itself.
  enum class Wish : std::uint8_t { none, quit, redraw };

  View(std::span<const Column> columns, std::optional<std::size_t> sort) : columns_(columns) {
    if (sort) sort_by(*sort);
  }

  // `page_rows`: how many rows of the table are on the screen.
  Wish press(const Key& key, int page_rows);
  // Keeps the scroll position inside the table. Before each frame.
  void fit(std::size_t total_rows, int page_rows);

  std::span<const Column> columns() const { return columns_; }
  std::optional<std::size_t> sort() const { return sort_; }
  bool descending() const { return descending_; }
  const std::string& filter() const { return filter_; }
  bool typing() const { return typing_; }  // the filter is being typed
  bool paused() const { return paused_; }
  bool help() const { return help_; }
  std::size_t top() const { return top_; }  // the first row on the screen

  // Changes whenever other rows, or in another order, are asked for.
  std::uint64_t version() const { return version_; }

 private:
  Wish press_typing(const Key& key);
  Wish press_letter(std::string_view letter);
  void sort_by(std::size_t column);
  void scroll(std::ptrdiff_t rows);

  std::span<const Column> columns_;
  std::optional<std::size_t> sort_;
  bool descending_ = false;
  std::string filter_;
  bool typing_ = false;
  bool paused_ = false;
  bool help_ = false;
  std::size_t top_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace tickcast::watch
