// SPDX-License-Identifier: Apache-2.0
//
// Stream names: `<symbol>@<channel>[@<pace>]`, `!<channel>[@arr][@<pace>]`. The one place where the grammar
// is known; which of the names a role serves is the role's choice. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tickcast::wire {

enum class Channel : std::uint8_t {
  book_ticker,   // "bookTicker": Binance's own
  best_bid_ask,  // "bestBidAsk": Binance's SBE message
  quote,         // "quote": ours
  status,        // "!status": ours
  unknown,       // well-formed, not ours to serve: acknowledged and silent
};
std::string_view channel_name(Channel channel);  // as the grammar spells it

struct StreamName {
  std::string text;          // as the client wrote it: what LIST_SUBSCRIPTIONS and the wrapper show
  bool well_formed = false;  // false: answered with an error
  bool all_symbols = false;  // "!…"
  std::string symbol;        // as written (lower case when it can match); empty for all
  Channel channel = Channel::unknown;
  bool array = false;         // "@arr"
  std::uint32_t pace_ms = 0;  // 0: as fast as the connection takes them
};

inline constexpr std::uint32_t kPacesMs[] = {100, 250, 500, 1000, 3000};
inline constexpr std::size_t kStreamNameBytesMax = 128;

// Never fails: a name that breaks the grammar comes back with well_formed false. A pace not in kPacesMs is
// Channel::unknown.
StreamName parse_stream_name(std::string_view text);

// "a/b/c" of a URL, empty parts left out, duplicates kept out, order kept.
std::vector<std::string> split_stream_list(std::string_view list);

}  // namespace tickcast::wire
