// SPDX-License-Identifier: Apache-2.0
//
// Lines for programs and files, where there is no terminal: fields parted by one space, what is not known a
// dash, one event a line.
//
// Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "watch/market_page.h"
#include "wire/ticker.h"

namespace tickcast::watch {

// Of up to so many symbols each quote is a line; of more, or of all, there is a line a second that sums them
// up.
inline constexpr std::size_t kSymbolsWithLines = 20;

// "2026-11-28T06:20:01.123Z"
std::string moment(std::int64_t wall_ns);

// TIME SYMBOL BID BIDQTY ASK ASKQTY AGE_MS MERGED; prices digit for digit as the server sent them.
std::string quote_line(const wire::ServedEvent& event, std::int64_t received_ns,
                       std::optional<std::int64_t> offset_ns);

// TIME STATE symbols=… updates/s=… events/s=… bytes/s=… p50_ms=… p99_ms=…
std::string summary_line(std::int64_t wall_ns, std::string_view state, std::size_t symbols,
                         const MarketNumbers& numbers);

// Milliseconds with three digits behind the point: "0.412".
std::string milliseconds(std::optional<std::int64_t> ns);

}  // namespace tickcast::watch
