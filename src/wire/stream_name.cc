// SPDX-License-Identifier: Apache-2.0
#include "wire/stream_name.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_set>

#include <simdjson.h>

namespace tickcast::wire {
namespace {

constexpr Channel kKnownChannels[] = {Channel::book_ticker, Channel::best_bid_ask, Channel::quote,
                                      Channel::status};

// Bytes that no name has: they would need escapes in JSON, or end a name in a URL.
bool is_forbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte == 0x7f || c == '"' || c == '\\' || c == '/';
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Channel channel_of(std::string_view name) {
  for (const Channel channel : kKnownChannels) {
    if (channel_name(channel) == name) return channel;
  }
  return Channel::unknown;
}

// "250ms", one of the paces there are.
std::optional<std::uint32_t> pace_of(std::string_view text) {
  std::uint32_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error != std::errc() || text[0] == '0' || std::string_view(end, text.data() + text.size()) != "ms")
    return std::nullopt;
  return std::ranges::find(kPacesMs, ms) != std::end(kPacesMs) ? std::optional(ms) : std::nullopt;
}

// What follows the channel. False: nothing we know.
bool read_suffixes(std::vector<std::string_view> suffixes, StreamName& name) {
  if (!suffixes.empty() && name.all_symbols && suffixes.front() == "arr") {
    name.array = true;
    suffixes.erase(suffixes.begin());
  }
  if (!suffixes.empty()) {
    const auto pace = pace_of(suffixes.front());
    if (!pace) return false;
    name.pace_ms = *pace;
    suffixes.erase(suffixes.begin());
  }
  return suffixes.empty();
}

}  // namespace

std::string_view channel_name(Channel channel) {
  switch (channel) {
    case Channel::book_ticker:
      return "bookTicker";
    case Channel::best_bid_ask:
      return "bestBidAsk";
    case Channel::quote:
      return "quote";
    case Channel::status:
      return "status";
    case Channel::unknown:
      break;
  }
  return "";
}

StreamName parse_stream_name(std::string_view text) {
  StreamName name;
  name.text = text;
  if (text.empty() || text.size() > kStreamNameBytesMax || std::ranges::any_of(text, is_forbidden) ||
      !simdjson::validate_utf8(text.data(), text.size())) {
    return name;
  }
  auto parts = split(text.front() == '!' ? text.substr(1) : text, '@');
  const std::size_t parts_max = 3;  // symbol, channel, pace; or channel, "arr", pace
  const bool all_symbols = text.front() == '!';
  if (parts.size() > parts_max || (!all_symbols && parts.size() < 2)) return name;
  if (std::ranges::any_of(parts, [](std::string_view part) { return part.empty(); })) return name;

  name.well_formed = true;
  name.all_symbols = all_symbols;
  if (!all_symbols) {
    name.symbol = parts.front();
    parts.erase(parts.begin());
  }
  name.channel = channel_of(parts.front());
  parts.erase(parts.begin());
  const bool status_of_symbol = name.channel == Channel::status && (!all_symbols || !parts.empty());
  if (name.channel == Channel::unknown || status_of_symbol || !read_suffixes(parts, name)) {
    name.channel = Channel::unknown;
    name.array = false;
    name.pace_ms = 0;
  }
  return name;
}

std::vector<std::string> split_stream_list(std::string_view list) {
  std::vector<std::string> names;
  std::unordered_set<std::string_view> seen;
  for (const std::string_view name : split(list, '/')) {
    if (!name.empty() && seen.insert(name).second) names.emplace_back(name);
  }
  return names;
}

}  // namespace tickcast::wire
