// SPDX-License-Identifier: Apache-2.0
//
// Recordings: one event a line, as it came. Pure: lines <-> values; files are read and written elsewhere.
//
//   <receive time, ns since epoch> <frame>             what tickcast writes
//   <receive time, ns since epoch> <S|U|C> <frame>     several venues merged; S is Binance Spot
//   <receive time, s with a µs fraction>: <frame>      cryptofeed's; its first line is the URL
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tickcast::wire {

struct RecordedFrame {
  std::int64_t received_ns = 0;  // epoch
  char venue = 'S';
  std::string_view frame;  // points into the line
};

// Nothing for a line of another form (a cryptofeed URL line, an empty one).
std::optional<RecordedFrame> parse_recording_line(std::string_view line);

// Appends `<ns> <frame>\n`. A frame never holds a line break: line breaks in it are written as spaces.
void append_recording_line(std::string& out, std::int64_t received_ns, std::string_view frame);

}  // namespace tickcast::wire
