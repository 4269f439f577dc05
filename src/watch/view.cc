// SPDX-License-Identifier: Apache-2.0
#include "watch/view.h"

#include <algorithm>
#include <limits>

namespace tickcast::watch {

View::Wish View::press(const Key& key, int page_rows) {
  if (key.kind == Key::Kind::redraw) return Wish::redraw;
  if (typing_) return press_typing(key);
  const std::ptrdiff_t page = std::max(page_rows, 1);
  switch (key.kind) {
    case Key::Kind::up:
      scroll(-1);
      break;
    case Key::Kind::down:
      scroll(1);
      break;
    case Key::Kind::page_up:
      scroll(-page);
      break;
    case Key::Kind::page_down:
      scroll(page);
      break;
    case Key::Kind::home:
      top_ = 0;
      break;
    case Key::Kind::end:
      top_ = std::numeric_limits<std::size_t>::max() / 2;
      break;
    case Key::Kind::escape:
      if (!help_ && !filter_.empty()) filter_.clear(), ++version_;
      help_ = false;
      break;
    case Key::Kind::text:
      return press_letter(key.text);
    default:
      break;
  }
  return Wish::none;
}

View::Wish View::press_typing(const Key& key) {
  switch (key.kind) {
    case Key::Kind::text:
      if (filter_.size() + key.text.size() <= kFilterBytesMax) filter_ += key.text;
      break;
    case Key::Kind::backspace:
      // A whole character: its bytes behind the first begin with 10.
      while (!filter_.empty() && (static_cast<unsigned char>(filter_.back()) & 0xc0) == 0x80)
        filter_.pop_back();
      if (!filter_.empty()) filter_.pop_back();
      break;
    case Key::Kind::escape:
      filter_.clear();
      typing_ = false;
      break;
    case Key::Kind::enter:
      typing_ = false;
      break;
    default:
      break;
  }
  top_ = 0;
  ++version_;
  return Wish::none;
}

View::Wish View::press_letter(std::string_view letter) {
  const char c = letter.size() == 1 ? letter.front() : '\0';
  const std::size_t columns = columns_.size();
  if (c >= '0' && c <= '9') {
    const std::size_t column = c == '0' ? 9 : static_cast<std::size_t>(c - '1');
    if (column < columns) sort_by(column);
    return Wish::none;
  }
  switch (c) {
    case 'q':
    case 'Q':
      return Wish::quit;
    case 's':
      sort_by(sort_ ? (*sort_ + 1) % columns : 0);
      break;
    case 'S':
      sort_by(sort_ ? (*sort_ + columns - 1) % columns : columns - 1);
      break;
    case 'r':
    case 'R':
      descending_ = !descending_;
      ++version_;
      break;
    case '/':
      typing_ = true;
      help_ = false;
      break;
    case 'p':
    case 'P':
    case ' ':
      paused_ = !paused_;
      ++version_;
      break;
    case '?':
    case 'h':
      help_ = !help_;
      break;
    case 'j':
      scroll(1);
      break;
    case 'k':
      scroll(-1);
      break;
    default:
      break;
  }
  return Wish::none;
}

void View::sort_by(std::size_t column) {
  sort_ = column;
  descending_ = columns_[column].descending_first;
  top_ = 0;
  ++version_;
}

void View::scroll(std::ptrdiff_t rows) {
  const auto step = static_cast<std::size_t>(rows < 0 ? -rows : rows);
  top_ = rows < 0 ? top_ - std::min(top_, step) : top_ + step;
}

void View::fit(std::size_t total_rows, int page_rows) {
  const auto page = static_cast<std::size_t>(std::max(page_rows, 1));
  top_ = std::min(top_, total_rows > page ? total_rows - page : 0);
}

}  // namespace tickcast::watch
