// SPDX-License-Identifier: Apache-2.0
#include "kafka/settings.h"

#include <algorithm>

#include "kafka/client.h"

namespace tickcast::kafka {
namespace {

constexpr std::size_t kTopicBytesMax = 249;  // Kafka's own limit

bool is_topic_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

}  // namespace

Result<std::pair<std::string, std::string>> parse_config_item(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    // Without the words: they may be a secret.
    return Error{"no setting of Kafka's client; write key=value, as in security.protocol=SASL_SSL"};
  return std::pair{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

Status check_topic(const std::string& topic) {
  if (topic.empty() || topic.size() > kTopicBytesMax || topic == "." || topic == ".." ||
      !std::ranges::all_of(topic, is_topic_character))
    return Error{"\"" + topic + "\" can't be a topic: letters, digits, '.', '_' and '-', 249 at most"};
  return Done{};
}

Status check_config(const std::vector<std::pair<std::string, std::string>>& config) {
  const auto conf = configure({{}, {}, config}, {});
  if (!conf) return conf.error();
  return Done{};
}

std::string library_version() { return rd_kafka_version_str(); }

}  // namespace tickcast::kafka
