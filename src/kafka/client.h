// SPDX-License-Identifier: Apache-2.0
//
// librdkafka's objects with owners: each type here frees what it holds, and nothing else is added.
//
// For the .cc files of kafka/ alone: it pulls in rdkafka.h. Errors are librdkafka's own words.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "base/result.h"
#include "kafka/settings.h"

namespace tickcast::kafka {

struct Destroy {
  void operator()(rd_kafka_t* handle) const;
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_AdminOptions_t* options) const { rd_kafka_AdminOptions_destroy(options); }
  void operator()(rd_kafka_ConfigResource_t* resource) const { rd_kafka_ConfigResource_destroy(resource); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
template <class T>
using Owned = std::unique_ptr<T, Destroy>;

// One setting of ours: its name and value as librdkafka spells them.
struct Preset {
  const char* name;
  std::string value;
};

// A configuration with what both roles want (quick reconnects, our log), then `presets`, then the settings'
// own. The error names the setting.
Result<Owned<rd_kafka_conf_t>> configure(const Settings& settings, const std::vector<Preset>& presets);

// Makes an instance; takes the configuration.
Result<Owned<rd_kafka_t>> make_instance(rd_kafka_type_t type, Owned<rd_kafka_conf_t> conf);

// For when no broker answers: has an instance try all addresses of its bootstrap.servers (again). librdkafka
// forgets one when the broker that it reached there moves to another.
void name_brokers(rd_kafka_t& handle);

// Whether librdkafka takes the settings and the presets together, which it says only when an instance is
// made: one that knows no broker. The error is in its own words, with those of our presets that it speaks of.
Status check_instance(rd_kafka_type_t type, const Settings& settings, const std::vector<Preset>& presets);

Result<Owned<rd_kafka_topic_t>> open_topic(rd_kafka_t& handle, const std::string& topic);

// An eventfd that librdkafka writes to when a queue is no longer empty. Serve a queue until it is empty, else
// no further event comes.
class QueueEvent {
 public:
  QueueEvent();
  ~QueueEvent();
  QueueEvent(const QueueEvent&) = delete;
  QueueEvent& operator=(const QueueEvent&) = delete;

  int fd() const { return fd_; }
  void watch(rd_kafka_queue_t& queue);
  void forget(rd_kafka_queue_t& queue);
  void drain();

 private:
  int fd_;
};

inline std::string describe(rd_kafka_resp_err_t code) { return rd_kafka_err2str(code); }

// How many replicas each of the topic's partitions has; no partitions: there is no such topic. Blocks up to
// `timeout_ms`; fails when no broker answers.
Result<std::vector<int>> count_replicas(rd_kafka_t& handle, const std::string& topic, int timeout_ms);
// How many partitions it has; 0: there is no such topic.
Result<int> count_partitions(rd_kafka_t& handle, const std::string& topic, int timeout_ms);

}  // namespace tickcast::kafka
