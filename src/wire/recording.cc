// SPDX-License-Identifier: Apache-2.0
#include "wire/recording.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace tickcast::wire {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

// Takes a number off the front.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// Digits after a point as ns; those beyond the ninth are dropped.
std::optional<std::int64_t> take_fraction_ns(std::string_view& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return std::nullopt;
  std::int64_t ns = 0;
  for (std::size_t i = 0; i < 9; ++i) ns = ns * 10 + (i < digits ? text[i] - '0' : 0);
  text.remove_prefix(digits);
  return ns;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// `<s>[.<fraction>]: <frame>`, of which the whole seconds are taken already.
std::optional<std::int64_t> take_seconds(std::string_view& text, std::int64_t seconds) {
  if (seconds >= std::numeric_limits<std::int64_t>::max() / kNsPerSecond) return std::nullopt;
  std::int64_t ns = seconds * kNsPerSecond;
  if (take(text, ".")) {
    const auto fraction = take_fraction_ns(text);
    if (!fraction) return std::nullopt;
    ns += *fraction;
  }
  return take(text, ": ") ? std::optional(ns) : std::nullopt;
}

}  // namespace

std::optional<RecordedFrame> parse_recording_line(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  const auto number = take_number(line);
  if (!number) return std::nullopt;
  RecordedFrame out;
  if (take(line, " ")) {
    out.received_ns = *number;
    for (const std::string_view venue : {"S ", "U ", "C "}) {
      if (!take(line, venue)) continue;
      out.venue = venue.front();
      break;
    }
  } else {
    const auto ns = take_seconds(line, *number);
    if (!ns) return std::nullopt;
    out.received_ns = *ns;
  }
  if (line.empty()) return std::nullopt;
  out.frame = line;
  return out;
}

void append_recording_line(std::string& out, std::int64_t received_ns, std::string_view frame) {
  out += std::to_string(received_ns);
  out += ' ';
  const std::size_t begin = out.size();
  out += frame;
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
      [](char c) { return c == '\n' || c == '\r'; }, ' ');
  out += '\n';
}

}  // namespace tickcast::wire
