// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace tickcast {
namespace {

std::string json_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  return out;
}

struct Sink {
  bool text = isatty(STDERR_FILENO) == 1;
  std::shared_ptr<spdlog::logger> logger = spdlog::stderr_logger_mt("tickcast");

  Sink() {
    logger->set_level(spdlog::level::info);
    logger->flush_on(spdlog::level::trace);
    logger->set_pattern(text ? "%H:%M:%S.%e %-7l %v" : R"({"ts":"%Y-%m-%dT%H:%M:%S.%f%z","level":"%l",%v})");
  }
};

Sink& sink() {
  static Sink instance;
  return instance;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void log_line(LogLevel level, std::string_view component, std::string_view message) {
  if (sink().text) {
    sink().logger->log(spdlog_level(level), "{}: {}", component, message);
  } else {
    sink().logger->log(spdlog_level(level), R"("component":"{}","msg":"{}")", component,
                       json_escaped(message));
  }
}

void set_log_level(LogLevel level) { sink().logger->set_level(spdlog_level(level)); }

bool log_enabled(LogLevel level) { return sink().logger->should_log(spdlog_level(level)); }

}  // namespace tickcast
