// SPDX-License-Identifier: Apache-2.0
//
// The command line: words to a Command, or an exit with a message.
// Every flag has an environment twin TICKCAST_<FLAG> and a key in the configuration file; a flag wins over
// the environment, and that over the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "emitter/emitter.h"
#include "exchange/exchange.h"
#include "feed/feed.h"
#include "kafka/topic_sink.h"
#include "kafka/topic_source.h"
#include "load/floor.h"
#include "load/run.h"
#include "plan/answer.h"
#include "watch/follow_options.h"
#include "wire/url.h"

namespace tickcast::app {

// What every role has.
struct Role {
  wire::ListenAddress admin;  // metrics and health
  LogLevel log_level = LogLevel::info;
};

struct DemoCommand {
  Role role;
  enum class From : std::uint8_t { either, live, simulated };
  From from = From::either;
  emitter::Options emitter;
  feed::Options live;           // Binance's public hosts
  exchange::Options simulated;  // or a replay
};

struct ServeCommand {
  Role role;
  emitter::Options emitter;
  feed::Options feed;
};

struct ProducerCommand {
  Role role;
  feed::Options feed;
  kafka::SinkOptions sink;
  bool direct_lane = false;  // serve clients too
  emitter::Options emitter;  // of the direct lane
};

struct EmitterCommand {
  Role role;
  emitter::Options emitter;
  kafka::SourceOptions topic;
  std::vector<feed::Options> upstreams;
};

struct ExchangeCommand {
  Role role;
  exchange::Options exchange;
};

struct RecordCommand {
  LogLevel log_level = LogLevel::info;
  feed::Options feed;
  std::string out_path;
};

struct TopicCommand {
  LogLevel log_level = LogLevel::info;
  enum class Action : std::uint8_t { tail, stats, check };
  Action action = Action::stats;
  kafka::Settings settings;
  std::vector<std::string> symbols;              // tail: only these; empty: all
  std::int64_t duration_ns = 5 * kNsPerSecond;   // stats
  std::size_t symbols_shown = 20;                // stats
  std::int64_t lookback_ns = 60 * kNsPerSecond;  // check
};

// `tickcast config`: app/configuration.h.
struct ConfigCommand {
  enum class Action : std::uint8_t { init, check, show };
  Action action = Action::show;
  bool origin = false;
  std::string what;                // a file, or a role
  std::vector<std::string> words;  // show: behind the role
};

struct BenchCommand {
  std::optional<wire::Url> url;             // of the server to measure
  std::optional<load::FloorOptions> floor;  // measure the floor too; its load, when there is no server
  load::RunOptions run;
  std::string json_path;  // "": no report for programs
};

struct WatchCommand {
  std::optional<wire::Url> admin;  // of a role's /metrics; nothing: the market of a server
  watch::FollowOptions market;
  bool once = false;
  std::string ca_file;  // "": the system's trust store
};

struct PlanCommand {
  plan::Demand demand;
  plan::Node node;
  std::string measured_path;  // "": this machine is measured
  std::string json_path;      // "": no plan for programs; "-": to standard output
};

struct HealthcheckCommand {
  wire::Url url;
};

struct VersionCommand {};

struct ManualCommand {};

enum class Shell : std::uint8_t { bash, zsh, fish };
struct CompletionCommand {
  Shell shell = Shell::bash;
};

// Exit codes. A failure while running is 1; a second signal ends with 130 or 143.
inline constexpr int kUsage = 2;              // words that make no sense
inline constexpr int kBadConfiguration = 78;  // a file or an environment variable that makes none

// Nothing more to do: help was asked for (0), or stderr says what is wrong and what would be right.
struct Exit {
  int code = 0;
};

using Command =
    std::variant<Exit, DemoCommand, ServeCommand, ProducerCommand, EmitterCommand, ExchangeCommand,
                 RecordCommand, TopicCommand, BenchCommand, WatchCommand, PlanCommand, ConfigCommand,
                 HealthcheckCommand, VersionCommand, ManualCommand, CompletionCommand>;

Command parse_command_line(int argc, const char* const* argv);
// The same for the words behind the program's name, but for whether librdkafka takes Kafka's settings
// together.
Command parse_words(const std::vector<std::string>& words);

}  // namespace tickcast::app
