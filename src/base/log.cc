// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/json_text.h"

namespace tickcast {
namespace {

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
    sink().logger->log(spdlog_level(level), R"("component":{},"msg":{})", json_string(component),
                       json_string(message));
  }
}

void set_log_level(LogLevel level) { sink().logger->set_level(spdlog_level(level)); }

bool log_enabled(LogLevel level) { return sink().logger->should_log(spdlog_level(level)); }

}  // namespace tickcast
