// SPDX-License-Identifier: Apache-2.0
//
// ServerPage: the picture of a running role's own numbers: what `tickcast watch --admin URL` shows. Above,
// what is looked for first, as far as the role tells it; below, every series, to be sorted and filtered.
//
// Pure: numbers in, a screen out. Thread: the owner's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "watch/frame.h"
#include "watch/screen.h"
#include "watch/server_numbers.h"
#include "watch/view.h"

namespace tickcast::watch {

struct ServerPicture {
  const ServerNumbers& numbers;
  std::span<const std::size_t> order;
  std::string url;
  std::string trouble;                    // the last scrape failed for this reason; "": it did not
  std::int64_t trouble_since_ns = 0;      // steady
  std::optional<std::int64_t> paused_ns;  // for how long
  std::int64_t now_ns = 0;
  std::int64_t wall_ns = 0;
};

std::span<const Column> server_columns();  // as ServerNumbers::Column counts them

// What stands above the table.
std::vector<Line> server_lines(const ServerPicture& picture, const Marks& marks);
Heading server_heading(const ServerPicture& picture);

void draw_server(Screen& screen, const View& view, const Marks& marks, const ServerPicture& picture);

// For where there is no terminal: TIME ROLE STATE key=value…
std::string server_summary(const ServerNumbers& numbers, std::int64_t wall_ns);

}  // namespace tickcast::watch
