// SPDX-License-Identifier: Apache-2.0
//
// Flags: what the commands' flags are made with. Every flag has an environment twin, and a value that can't
// be is refused in words that say what would be right.
//
// For the .cc files of app/ that read the command line: it pulls in CLI11.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "base/clock.h"
#include "market/symbol_table.h"

namespace tickcast::app {

// A flag with its environment twin: --exchange-rest is TICKCAST_EXCHANGE_REST.
inline CLI::Option* with_environment(CLI::Option* option, const std::string& flag) {
  std::string name = "TICKCAST_" + market::to_upper_ascii(flag.substr(2));
  std::ranges::replace(name, '-', '_');
  return option->envname(name);
}

// A value that one of our own parsers reads; its error is the message.
template <class T, class Parse>
CLI::Option* add_parsed(CLI::App& command, const std::string& flag, T& into, Parse parse,
                        const std::string& type, const std::string& help) {
  CLI::Option* const option = command.add_option_function<std::string>(
      flag,
      [&into, parse, flag](const std::string& text) {
        auto parsed = parse(text);
        if (!parsed) throw CLI::ValidationError(flag, parsed.error().message);
        into = std::move(*parsed);
      },
      help);
  option->type_name(type);
  return with_environment(option, flag);
}

template <class T>
CLI::Option* add_number(CLI::App& command, const std::string& flag, T& into, T least, T most,
                        const std::string& help) {
  CLI::Option* const option = command.add_option(flag, into, help);
  option->check(CLI::Range(least, most))->capture_default_str();
  return with_environment(option, flag);
}

// Seconds with a fraction, as people type them.
inline CLI::Option* add_seconds(CLI::App& command, const std::string& flag, std::int64_t& into_ns,
                                double least, double most, const std::string& help) {
  const double preset = static_cast<double>(into_ns) / static_cast<double>(kNsPerSecond);
  CLI::Option* const option = command.add_option_function<double>(
      flag,
      [&into_ns](const double& seconds) {
        into_ns = static_cast<std::int64_t>(seconds * static_cast<double>(kNsPerSecond));
      },
      help);
  option->check(CLI::Range(least, most))->type_name("SECONDS")->default_str(fmt::format("{}", preset));
  return with_environment(option, flag);
}

}  // namespace tickcast::app
