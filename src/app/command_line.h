// SPDX-License-Identifier: Apache-2.0
//
// The command line: words to a Command, or an exit with a message. CLI11 is seen by command_line.cc alone.
// Every flag has an environment twin TICKCAST_<FLAG>; a flag wins over it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "emitter/emitter.h"
#include "exchange/exchange.h"
#include "feed/feed.h"
#include "kafka/topic_sink.h"
#include "kafka/topic_source.h"
#include "wire/url.h"

namespace tickcast::app {

struct DemoCommand {
  wire::ListenAddress admin;  // metrics and health
  enum class From : std::uint8_t { either, live, simulated };
  From from = From::either;
  emitter::Options emitter;
  feed::Options live;           // Binance's public hosts
  exchange::Options simulated;  // or a replay
};

struct ServeCommand {
  wire::ListenAddress admin;  // metrics and health
  emitter::Options emitter;
  feed::Options feed;
};

struct ProducerCommand {
  wire::ListenAddress admin;  // metrics and health
  feed::Options feed;
  kafka::SinkOptions sink;
  bool direct_lane = false;  // serve clients too
  emitter::Options emitter;  // of the direct lane
};

struct EmitterCommand {
  wire::ListenAddress admin;  // metrics and health
  emitter::Options emitter;
  kafka::SourceOptions topic;
  std::vector<feed::Options> upstreams;
};

struct ExchangeCommand {
  wire::ListenAddress admin;  // metrics and health
  exchange::Options exchange;
};

struct RecordCommand {
  feed::Options feed;
  std::string out_path;
};

struct TopicCommand {
  enum class Action : std::uint8_t { tail, stats, check };
  Action action = Action::stats;
  kafka::Settings settings;
  std::vector<std::string> symbols;              // tail: only these; empty: all
  std::int64_t duration_ns = 5 * kNsPerSecond;   // stats
  std::size_t symbols_shown = 20;                // stats
  std::int64_t lookback_ns = 60 * kNsPerSecond;  // check
};

struct HealthcheckCommand {
  wire::Url url;
};

struct VersionCommand {};

// Nothing more to do: help was asked for (0), or the words made no sense (2, and stderr says which and what
// would be right).
struct Exit {
  int code = 0;
};

using Command =
    std::variant<Exit, DemoCommand, ServeCommand, ProducerCommand, EmitterCommand, ExchangeCommand,
                 RecordCommand, TopicCommand, HealthcheckCommand, VersionCommand>;

Command parse_command_line(int argc, const char* const* argv);

}  // namespace tickcast::app
