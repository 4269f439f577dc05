// SPDX-License-Identifier: Apache-2.0
//
// What is told of a topic that is there. The mock cluster makes no topics and tells no configurations; a real
// broker does, end to end.
#include "kafka/topic_admin.h"

#include <future>

#include <gtest/gtest.h>

#include "kafka/test_cluster.h"

namespace tickcast::kafka {
namespace {

// It is waited out where the mock cluster has no answer.
constexpr int kTimeoutMs = 3'000;

TopicOptions wanted(int partitions, int replication) {
  TopicOptions options;
  options.partitions = partitions;
  options.replication = replication;
  return options;
}

TEST(TopicAdmin, ATopicThatIsThereIsUsedAsItIs) {
  TestCluster cluster;
  cluster.create_topic(3);
  const auto found = ensure_topic(cluster.settings(), wanted(1, -1), kTimeoutMs);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->partitions, 3);
  EXPECT_FALSE(found->created);
}

TEST(TopicAdmin, SaysHowItsPartitionsAndTheirReplicasDiffer) {
  TestCluster cluster(3);
  cluster.create_topic(2);  // each partition on all three
  const auto compared = [&](int partitions, int replication) {
    return std::async(std::launch::async, [&cluster, options = wanted(partitions, replication)] {
      return compare_topic(cluster.settings(), options, kTimeoutMs);
    });
  };
  auto both = compared(4, 2);
  auto one = compared(4, 3);
  auto any = compared(4, -1);
  EXPECT_EQ(both.get(), "it has 2 partitions, not 4, its partitions have 3 replicas, not 2");
  EXPECT_EQ(one.get(), "it has 2 partitions, not 4");
  EXPECT_EQ(any.get(), "it has 2 partitions, not 4") << "what the broker chooses is right";
}

}  // namespace
}  // namespace tickcast::kafka
