// SPDX-License-Identifier: Apache-2.0
//
// Declarations: every command and every option, declared once, as CLI11 takes them. The command line, the
// environment, the configuration file, --help, `config init`, docs/reference/options.md, the manual page and
// the completions of shells all come from here.
//
// For .cc files of this folder alone: it pulls in CLI11. Thread: main. One object reads one command line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/bench_flags.h"
#include "app/command_line.h"
#include "app/plan_flags.h"
#include "app/watch_flags.h"
#include "base/result.h"

namespace tickcast::app {

// The options that say where a feed's exchange is. A host of one's own (the simulator) answers REST and
// streams on one port.
struct ExchangeOptions {
  CLI::Option* rest = nullptr;
  CLI::Option* streams = nullptr;

  void add(CLI::App& command, feed::Options& feed);
  void complete(feed::Options& feed) const;
};

struct Declarations {
  Declarations();
  Declarations(const Declarations&) = delete;
  Declarations& operator=(const Declarations&) = delete;

  // Before root.parse(): the environment speaks to this command alone, so that what is wrong for one stops no
  // other.
  void listen_to(const std::string& command);
  // After root.parse(): what was asked for. REQUIRES that a command was chosen.
  Result<Command> chosen();

  CLI::App root;
  CLI::App* demo_app = nullptr;
  CLI::App* serve_app = nullptr;
  CLI::App* producer_app = nullptr;
  CLI::App* emitter_app = nullptr;
  CLI::App* exchange_app = nullptr;
  CLI::App* record_app = nullptr;
  CLI::App* topic_app = nullptr;
  CLI::App* bench_app = nullptr;
  CLI::App* watch_app = nullptr;
  CLI::App* plan_app = nullptr;
  CLI::App* config_app = nullptr;
  CLI::App* healthcheck_app = nullptr;
  CLI::App* version_app = nullptr;
  CLI::App* manual_app = nullptr;
  CLI::App* completion_app = nullptr;

 private:
  DemoCommand demo;
  ServeCommand serve;
  ProducerCommand producer;
  EmitterCommand emitter;
  ExchangeCommand exchange;
  RecordCommand record;
  TopicCommand topic;
  BenchFlags bench;
  WatchFlags watch;
  PlanFlags plan;
  ConfigCommand config;
  HealthcheckCommand healthcheck;
  ExchangeOptions serve_exchange;
  ExchangeOptions producer_exchange;
  ExchangeOptions record_exchange;
  CLI::Option* lane = nullptr;  // the producer's --listen
  bool simulate = false;
  bool live = false;
  std::string topic_action;
  std::string config_action;
  std::string completion_shell;
  std::string config_path;  // read before anything is parsed: app/configuration.cc
};

// Of one command: those that a configuration file may set too. Empty for a command that takes none.
std::vector<CLI::Option*> settable(CLI::App& command);
// The key of an option in a file: its flag without the dashes.
std::string key_of(const CLI::Option& option);
// As people read it; "": unset.
std::string default_of(const CLI::Option& option);
// What kind of value it takes: "ADDR", "[0 - 256]", "true or false".
std::string type_of(const CLI::Option& option);
// The words that it can be, where these are few; else empty.
std::vector<std::string> choices_of(const CLI::Option& option);
inline bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }
// Whether a running role takes a new value of it in (on SIGHUP).
bool changes_live(std::string_view key);
// The name among `names` that `word` was probably meant to be; "" when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& names);

}  // namespace tickcast::app
