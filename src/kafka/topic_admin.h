// SPDX-License-Identifier: Apache-2.0
//
// Making sure that a topic is there: created explicitly with what the options ask for, never by the broker's
// automatic creation. An existing topic is used as it is, and said to differ where it does.
//
// Thread: any; blocks.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "kafka/settings.h"

namespace tickcast::kafka {

struct TopicOptions {
  int partitions = 1;                   // each costs requests of its own; more spread readers over brokers
  int replication = -1;                 // -1: the broker's default
  std::int64_t retention_ms = 600'000;  // quotes are of use for seconds
  int min_insync_replicas = 0;          // 0: the broker's default
};

struct TopicFound {
  int partitions = 0;
  bool created = false;
};

// Makes sure of the topic. Fails when no broker answers in `timeout_ms`, or one refuses; the error is in
// librdkafka's words.
Result<TopicFound> ensure_topic(const Settings& settings, const TopicOptions& options, int timeout_ms);

// How an existing topic differs from the options, in words; empty: it does not, or the broker won't tell.
std::string compare_topic(const Settings& settings, const TopicOptions& options, int timeout_ms);

}  // namespace tickcast::kafka
