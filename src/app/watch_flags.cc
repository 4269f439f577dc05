// SPDX-License-Identifier: Apache-2.0
#include "app/watch_flags.h"

#include <algorithm>

#include "app/flags.h"
#include "wire/stream_name.h"

namespace tickcast::app {
namespace {

Result<std::uint32_t> parse_pace(const std::string& text) {
  std::string paces;
  for (const std::uint32_t pace_ms : wire::kPacesMs) {
    if (text == fmt::format("{}ms", pace_ms)) return pace_ms;
    paces += fmt::format("{}ms, ", pace_ms);
  }
  if (text == "every") return std::uint32_t{0};
  return Error{"\"" + text + "\" is no pace; " + paces + "and every are"};
}

// People paste the address of the page.
std::string as_streams(std::string url) {
  if (url.starts_with("http://") || url.starts_with("https://")) url.replace(0, 4, "ws");
  return url;
}

}  // namespace

CLI::App* WatchFlags::add(CLI::App& root) {
  CLI::App* const command = root.add_subcommand(
      "watch",
      "The market on a terminal: quotes, rates and ages, live; or with --admin a server's own numbers");
  command->add_option("URL", url_, "the server: ws://host:port or wss://host");
  command->add_option_function<std::vector<std::string>>(
      "SYMBOL",
      [this](const std::vector<std::string>& names) {
        for (const std::string& name : names) command_.market.symbols.push_back(market::to_upper_ascii(name));
      },
      "what to follow, as btcusdt; all symbols unless named");
  // Without an environment twin: TICKCAST_ADMIN is where a role listens.
  command->add_option("--admin", admin_, "a running role's admin port, http://host:port: its own numbers")
      ->type_name("URL");
  add_parsed(*command, "--pace", command_.market.pace_ms, parse_pace, "PACE",
             "a quote of each symbol so often at most: 100ms, 250ms, 500ms, 1000ms, 3000ms, or every one")
      ->default_str("every");
  with_environment(
      command->add_flag("--once", command_.once, "print one line for each symbol, or for --admin, and end"),
      "--once");
  with_environment(command->add_option("--ca-file", command_.ca_file,
                                       "trust these certificate authorities (PEM) instead of the system's"),
                   "--ca-file")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  command->footer(
      "Where output is no terminal it prints lines: of up to 20 symbols one for each quote, else one a "
      "second.\n"
      "Example: tickcast watch ws://localhost:8080 btcusdt ethusdt\n"
      "         tickcast watch --admin http://127.0.0.1:9464");
  return command;
}

Result<WatchCommand> WatchFlags::complete() {
  if (url_.empty() == admin_.empty()) return Error{"a server's URL, or --admin with a URL: one of them"};
  if (!admin_.empty()) {
    auto admin = wire::parse_url(admin_, "http");
    if (!admin) return admin.error();
    if (admin->target.empty()) admin->target = "/metrics";
    command_.admin = std::move(*admin);
    return command_;
  }
  auto url = wire::parse_url(as_streams(url_), "ws");
  if (!url) return url.error();
  command_.market.url = std::move(*url);
  auto& symbols = command_.market.symbols;
  std::vector<std::string> seen;
  std::erase_if(symbols, [&seen](const std::string& symbol) {
    if (std::ranges::find(seen, symbol) != seen.end()) return true;
    seen.push_back(symbol);
    return false;
  });
  if (symbols.size() > watch::FollowOptions::kSymbolsMax)
    return Error{fmt::format("more than {} symbols; without any, all are followed",
                             watch::FollowOptions::kSymbolsMax)};
  const auto bad = std::ranges::find_if(symbols, [](const std::string& symbol) {
    return !wire::parse_stream_name(market::to_lower_ascii(symbol) + "@quote").well_formed ||
           symbol.find_first_of("@/!") != std::string::npos;
  });
  if (bad != symbols.end()) return Error{"\"" + *bad + "\" is no symbol; they look like btcusdt"};
  if (command_.once && symbols.empty()) return Error{"--once takes symbols"};
  return command_;
}

}  // namespace tickcast::app
