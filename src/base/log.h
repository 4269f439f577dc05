// SPDX-License-Identifier: Apache-2.0
//
// Log lines for people and their tools, on stderr: text when stderr is a terminal, JSON lines otherwise.
// Thread: any. Not for the data path: what happens per quote is counted, and said at most once per LogLimit.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include <fmt/core.h>

#include "base/clock.h"

namespace tickcast {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// `component` is the folder that speaks: "feed", "emitter", ...
void log_line(LogLevel level, std::string_view component, std::string_view message);
void set_log_level(LogLevel level);  // default: info
bool log_enabled(LogLevel level);

template <class... Args>
void log(LogLevel level, std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(level)) log_line(level, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_info(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::info, component, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_warning(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::warning, component, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_error(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::error, component, format, std::forward<Args>(args)...);
}

// Lets one line through per period and counts the rest, so that hostile input cannot flood the log.
// Thread: the owner's.
class LogLimit {
 public:
  explicit LogLimit(std::int64_t period_ns = kNsPerSecond) : period_ns_(period_ns) {}

  // True when a line may be written now; `suppressed()` then tells how many were not since the last one.
  bool allow(std::int64_t now_ns) {
    if (now_ns < next_ns_) {
      ++held_;
      return false;
    }
    next_ns_ = now_ns + period_ns_;
    suppressed_ = held_;
    held_ = 0;
    return true;
  }
  std::uint64_t suppressed() const { return suppressed_; }

 private:
  std::int64_t period_ns_;
  std::int64_t next_ns_ = 0;
  std::uint64_t held_ = 0;
  std::uint64_t suppressed_ = 0;
};

}  // namespace tickcast
