// SPDX-License-Identifier: Apache-2.0
#include "kafka/client.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"

namespace tickcast::kafka {
namespace {

using ErrorText = std::array<char, 512>;

// librdkafka's own lines, from its threads. What matters comes as an event too, in an order and at a rate
// that the owner decides, so only what it calls critical is passed on at once.
void write_log(const rd_kafka_t*, int level, const char*, const char* text) {
  constexpr int kCritical = 2;
  log(level <= kCritical ? LogLevel::error : LogLevel::debug, "kafka", "librdkafka: {}", text);
}

std::string value_of(const rd_kafka_conf_t& conf, const char* name) {
  std::size_t bytes = 0;
  if (rd_kafka_conf_get(&conf, name, nullptr, &bytes) != RD_KAFKA_CONF_OK || bytes == 0) return {};
  std::string value(bytes, '\0');
  rd_kafka_conf_get(&conf, name, value.data(), &bytes);
  value.pop_back();  // the terminating zero
  return value;
}

}  // namespace

void Destroy::operator()(rd_kafka_t* handle) const {
  // No consumer group to leave: nothing to wait for but the threads.
  rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

Result<Owned<rd_kafka_conf_t>> configure(const Settings& settings, const std::vector<Preset>& presets) {
  Owned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), write_log);
  Status failed = Done{};
  const auto set = [&](const std::string& name, const std::string& value) {
    ErrorText text{};
    if (!failed || rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), text.data(), text.size()) ==
                       RD_KAFKA_CONF_OK)
      return;
    // Without the value: it may be a secret.
    failed =
        Error{"Kafka setting " + name + ": " + text.data() + "; librdkafka's CONFIGURATION.md lists all"};
  };
  if (!settings.brokers.empty()) set("bootstrap.servers", settings.brokers);
  set("client.id", "tickcast");
  // The defaults add 5 to 7 s to a broker's restart.
  set("reconnect.backoff.ms", "20");
  set("reconnect.backoff.max.ms", "250");
  set("socket.connection.setup.timeout.ms", "3000");
  set("socket.keepalive.enable", "true");
  set("socket.nagle.disable", "true");
  for (const Preset& preset : presets) set(preset.name, preset.value);
  for (const auto& [name, value] : settings.config) set(name, value);
  if (!failed) return failed.error();
  return conf;
}

Result<Owned<rd_kafka_t>> make_instance(rd_kafka_type_t type, Owned<rd_kafka_conf_t> conf) {
  ErrorText text{};
  Owned<rd_kafka_t> handle(rd_kafka_new(type, conf.get(), text.data(), text.size()));
  if (!handle) return Error{std::string("Kafka settings: ") + text.data()};
  (void)conf.release();  // the instance's now
  return handle;
}

void name_brokers(rd_kafka_t& handle) {
  // None that is there a second time.
  rd_kafka_brokers_add(&handle, value_of(*rd_kafka_conf(&handle), "bootstrap.servers").c_str());
}

Status check_instance(rd_kafka_type_t type, const Settings& settings, const std::vector<Preset>& presets) {
  auto conf = configure({{}, settings.topic, settings.config}, presets);
  if (!conf) return conf.error();
  const Owned<rd_kafka_conf_t> asked(rd_kafka_conf_dup(conf->get()));
  const auto made = make_instance(type, std::move(*conf));
  if (made) return Done{};
  const auto ours = configure({}, presets);
  std::string message = made.error().message;
  for (const Preset& preset : presets) {
    const bool spoken_of = made.error().message.find(fmt::format("`{}`", preset.name)) != std::string::npos;
    if (spoken_of && value_of(*asked, preset.name) == value_of(**ours, preset.name))
      message += fmt::format("; tickcast sets {}={}", preset.name, preset.value);
  }
  return Error{message + "; change the setting of yours that this is about, or leave it out"};
}

Result<Owned<rd_kafka_topic_t>> open_topic(rd_kafka_t& handle, const std::string& topic) {
  Owned<rd_kafka_topic_t> opened(rd_kafka_topic_new(&handle, topic.c_str(), nullptr));
  if (!opened) return Error{"Kafka topic " + topic + ": " + describe(rd_kafka_last_error())};
  return opened;
}

QueueEvent::QueueEvent() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CHECK(fd_ >= 0, "no eventfd for a Kafka queue: out of descriptors");
}

QueueEvent::~QueueEvent() { close(fd_); }

void QueueEvent::watch(rd_kafka_queue_t& queue) {
  static constexpr std::uint64_t kOne = 1;
  rd_kafka_queue_io_event_enable(&queue, fd_, &kOne, sizeof kOne);
}

void QueueEvent::forget(rd_kafka_queue_t& queue) { rd_kafka_queue_io_event_enable(&queue, -1, nullptr, 0); }

void QueueEvent::drain() {
  std::uint64_t count = 0;
  (void)!read(fd_, &count, sizeof count);
}

Result<std::vector<int>> count_replicas(rd_kafka_t& handle, const std::string& topic, int timeout_ms) {
  auto opened = open_topic(handle, topic);
  if (!opened) return opened.error();
  const rd_kafka_metadata_t* raw = nullptr;
  const rd_kafka_resp_err_t code = rd_kafka_metadata(&handle, 0, opened->get(), &raw, timeout_ms);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return Error{describe(code)};
  const Owned<const rd_kafka_metadata_t> metadata(raw);
  std::vector<int> replicas;
  if (metadata->topic_cnt != 1) return replicas;
  const rd_kafka_metadata_topic_t& told = metadata->topics[0];
  if (told.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return replicas;
  if (told.err != RD_KAFKA_RESP_ERR_NO_ERROR) return Error{"topic " + topic + ": " + describe(told.err)};
  for (int p = 0; p < told.partition_cnt; ++p) replicas.push_back(told.partitions[p].replica_cnt);
  return replicas;
}

Result<int> count_partitions(rd_kafka_t& handle, const std::string& topic, int timeout_ms) {
  const auto replicas = count_replicas(handle, topic, timeout_ms);
  if (!replicas) return replicas.error();
  return static_cast<int>(replicas->size());
}

}  // namespace tickcast::kafka
