// SPDX-License-Identifier: Apache-2.0
//
// Glyphs: text as a terminal shows it: which bytes make one character, how many columns it takes. What a
// server sends may be anything, so what is no printable character never reaches a terminal: it is shown
// as '?'.
//
// Pure. Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tickcast::watch {

struct Glyph {
  std::string_view bytes;  // UTF-8, at most 4; of what can't be shown: "?"
  int columns = 1;         // 0 (joins the one before), 1, or 2 (East Asian wide)
};

// Takes the first character off. REQUIRES: the text is not empty.
Glyph take_glyph(std::string_view& text);

int columns_of(std::string_view text);

// Fit for one line of a terminal or a log.
std::string printable(std::string_view text);

// Cut or filled up with spaces to so many columns; `right`: the text stands at the end. What is cut off at
// the end is told by a '~' where there is room for one.
std::string fitted(std::string_view text, int columns, bool right);

}  // namespace tickcast::watch
