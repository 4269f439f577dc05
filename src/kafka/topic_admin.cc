// SPDX-License-Identifier: Apache-2.0
#include "kafka/topic_admin.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kafka/client.h"

namespace tickcast::kafka {
namespace {

// A segment is deleted whole, so retention is no finer than one.
constexpr const char* kSegmentBytes = "67108864";

std::vector<std::pair<std::string, std::string>> topic_config(const TopicOptions& options) {
  std::vector<std::pair<std::string, std::string>> config = {
      {"retention.ms", std::to_string(options.retention_ms)}};
  if (options.min_insync_replicas > 0)
    config.emplace_back("min.insync.replicas", std::to_string(options.min_insync_replicas));
  return config;
}

// Waits for the answer to an admin request. Nothing: none in time.
Owned<rd_kafka_event_t> wait_for(rd_kafka_queue_t& queue, int timeout_ms) {
  return Owned<rd_kafka_event_t>(rd_kafka_queue_poll(&queue, timeout_ms));
}

Owned<rd_kafka_AdminOptions_t> admin_options(rd_kafka_t& handle, rd_kafka_admin_op_t operation,
                                             int timeout_ms) {
  Owned<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(&handle, operation));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, nullptr, 0);
  return options;
}

Status create(rd_kafka_t& handle, const std::string& topic, const TopicOptions& options, int timeout_ms) {
  std::array<char, 512> text{};
  const Owned<rd_kafka_NewTopic_t> wanted(rd_kafka_NewTopic_new(
      topic.c_str(), options.partitions, options.replication, text.data(), text.size()));
  if (!wanted) return Error{std::string("topic ") + topic + ": " + text.data()};
  for (const auto& [name, value] : topic_config(options))
    rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
  rd_kafka_NewTopic_set_config(wanted.get(), "segment.bytes", kSegmentBytes);

  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(&handle));
  const auto how = admin_options(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
  rd_kafka_NewTopic_t* all[] = {wanted.get()};
  rd_kafka_CreateTopics(&handle, all, 1, how.get(), queue.get());
  const auto answer = wait_for(*queue, timeout_ms);
  const auto* result = answer ? rd_kafka_event_CreateTopics_result(answer.get()) : nullptr;
  if (result == nullptr) return Error{"topic " + topic + " could not be created: no broker answered"};
  if (const auto code = rd_kafka_event_error(answer.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return Error{"topic " + topic + " could not be created: " + rd_kafka_event_error_string(answer.get())};
  std::size_t count = 0;
  const auto* const* told = rd_kafka_CreateTopics_result_topics(result, &count);
  const rd_kafka_resp_err_t code =
      count == 1 ? rd_kafka_topic_result_error(told[0]) : RD_KAFKA_RESP_ERR__FAIL;
  // Two producers that start together both create it.
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return Done{};
  const char* why = count == 1 ? rd_kafka_topic_result_error_string(told[0]) : nullptr;
  return Error{"topic " + topic + " could not be created: " + (why != nullptr ? why : describe(code))};
}

// How what brokers tell of every topic differs: its partitions and their replicas.
std::vector<std::string> compare_shape(const std::vector<int>& replicas, const TopicOptions& options) {
  std::vector<std::string> differs;
  if (replicas.empty()) return differs;
  if (std::cmp_not_equal(replicas.size(), options.partitions))
    differs.push_back(fmt::format("it has {} partitions, not {}", replicas.size(), options.partitions));
  const auto [least, most] = std::ranges::minmax(replicas);
  if (options.replication > 0 && (least != options.replication || most != options.replication))
    differs.push_back(fmt::format(
        "its partitions have {} replicas, not {}",
        least == most ? std::to_string(least) : fmt::format("{} to {}", least, most), options.replication));
  return differs;
}

// How the topic's configuration differs from what the options ask for. Empty also when the broker won't tell.
std::vector<std::string> compare_config(rd_kafka_t& handle, const std::string& topic,
                                        const TopicOptions& options, int timeout_ms) {
  const Owned<rd_kafka_ConfigResource_t> resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(&handle));
  const auto how = admin_options(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
  rd_kafka_ConfigResource_t* all[] = {resource.get()};
  rd_kafka_DescribeConfigs(&handle, all, 1, how.get(), queue.get());
  const auto answer = wait_for(*queue, timeout_ms);
  const auto* result = answer ? rd_kafka_event_DescribeConfigs_result(answer.get()) : nullptr;
  std::size_t count = 0;
  const auto* const* told =
      result != nullptr ? rd_kafka_DescribeConfigs_result_resources(result, &count) : nullptr;
  std::vector<std::string> differs;
  if (count != 1) return differs;
  const auto* const* entries = rd_kafka_ConfigResource_configs(told[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = rd_kafka_ConfigEntry_name(entries[i]);
    const char* const value = rd_kafka_ConfigEntry_value(entries[i]);
    for (const auto& [wanted_name, wanted_value] : topic_config(options)) {
      if (name == wanted_name && value != nullptr && wanted_value != value)
        differs.push_back(fmt::format("{} is {}, not {}", name, value, wanted_value));
    }
  }
  return differs;
}

// Idempotent as the producer is: settings that ask for that are for it.
Result<Owned<rd_kafka_t>> make_admin(const Settings& settings) {
  auto conf = configure(settings, {{"enable.idempotence", "true"}});
  if (!conf) return conf.error();
  return make_instance(RD_KAFKA_PRODUCER, std::move(*conf));
}

}  // namespace

Result<TopicFound> ensure_topic(const Settings& settings, const TopicOptions& options, int timeout_ms) {
  auto handle = make_admin(settings);
  if (!handle) return handle.error();
  auto count = count_partitions(**handle, settings.topic, timeout_ms);
  if (!count) return Error{"no broker answers: " + count.error().message};
  if (*count > 0) return TopicFound{*count, false};
  const Status created = create(**handle, settings.topic, options, timeout_ms);
  if (!created) return created.error();
  // The controller has it; brokers learn of it within moments.
  count = count_partitions(**handle, settings.topic, timeout_ms);
  if (!count) return count.error();
  return TopicFound{*count > 0 ? *count : options.partitions, true};
}

std::string compare_topic(const Settings& settings, const TopicOptions& options, int timeout_ms) {
  auto handle = make_admin(settings);
  if (!handle) return {};
  const auto replicas = count_replicas(**handle, settings.topic, timeout_ms);
  auto differs = replicas ? compare_shape(*replicas, options) : std::vector<std::string>();
  for (std::string& config : compare_config(**handle, settings.topic, options, timeout_ms))
    differs.push_back(std::move(config));
  return fmt::format("{}", fmt::join(differs, ", "));
}

}  // namespace tickcast::kafka
