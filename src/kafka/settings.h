// SPDX-License-Identifier: Apache-2.0
//
// What it takes to reach a topic. This folder alone knows librdkafka; its settings pass through by name, so
// that SASL, TLS and managed clusters need nothing of ours (librdkafka's CONFIGURATION.md lists them).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tickcast::kafka {

struct Settings {
  std::string brokers;                 // "host:port,host:port"
  std::string topic = "book-tickers";  // one that Kafka allows: letters, digits, '.', '_', '-', at most 249
  // Given to librdkafka last, so they win over ours.
  std::vector<std::pair<std::string, std::string>> config;
};

// "key=value". The error says what is missing.
Result<std::pair<std::string, std::string>> parse_config_item(std::string_view text);

// Whether Kafka allows a topic of this name; the error says what it allows.
Status check_topic(const std::string& topic);

// Whether librdkafka knows each setting and takes its value; the error is in its own words. What does not go
// together shows when an instance is made: TopicReader::check, TopicSink::check.
Status check_config(const std::vector<std::pair<std::string, std::string>>& config);

// The version of librdkafka that runs: "2.0.2".
std::string library_version();

}  // namespace tickcast::kafka
