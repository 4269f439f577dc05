// SPDX-License-Identifier: Apache-2.0
//
// TestCluster: librdkafka's mock cluster, for tests: real sockets and the real protocol, brokers that go away
// and leaders that move on command, no Java. What only a real broker does is tested end to end.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "kafka/settings.h"

namespace tickcast::kafka {

class TestCluster {
 public:
  explicit TestCluster(int brokers = 1);
  ~TestCluster();

  Settings settings() const;  // of a topic "quotes"
  void create_topic(int partitions);
  void move_leader(int partition, int broker);
  void set_up(bool up);  // all brokers
  // The next produce request breaks a producer for good.
  void lose_sequence();
  // The next produce request is refused, its records not written; the producer goes on.
  void refuse_produce();
  // Every answer comes so much later.
  void set_round_trip(int milliseconds);
  // librdkafka itself refuses to begin reading this partition, so many times: for any cluster.
  static void refuse_to_read(int partition, int times);
  // Another team's producer: any key and value, acknowledged before this returns.
  void write(std::string_view key, std::optional<std::string_view> value);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickcast::kafka
