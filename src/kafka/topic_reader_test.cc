// SPDX-License-Identifier: Apache-2.0
#include "kafka/topic_reader.h"

#include <set>
#include <string_view>

#include <gtest/gtest.h>

#include "kafka/test_ends.h"

namespace tickcast::kafka {
namespace {

struct Heard final : TopicReaderOwner {
  std::set<int> partitions;
  std::size_t records = 0;
  bool caught_up = false;
  void on_record(const Record& record) override {
    partitions.insert(record.partition);
    ++records;
  }
  void on_batch_end() override {}
  void on_caught_up() override { caught_up = true; }
  void on_trouble(const std::string&) override {}
};

std::int64_t count_of(std::string_view text, std::string_view in) {
  std::int64_t count = 0;
  for (std::size_t at = in.find(text); at != std::string_view::npos; at = in.find(text, at + 1)) ++count;
  return count;
}

TEST_F(TopicTest, APartitionThatCanNotBeReadYetIsTriedAgainAndItIsWaitedFor) {
  TestCluster cluster;
  cluster.create_topic(2);
  SinkOptions options = sink_options(cluster);
  options.rewrite_after_ns = 0;  // nothing but what is admitted
  Writer writer(loop_, options);
  constexpr std::size_t kSymbols = 40;
  for (std::size_t i = 0; i < kSymbols; ++i) writer.admit(name(static_cast<int>(i)), 1);
  writer.book.publish();
  ASSERT_TRUE(reach([&] { return writer.sink.stats().delivered == kSymbols; }));

  TestCluster::refuse_to_read(1, 3);
  Heard heard;
  TopicReader reader(loop_, cluster.settings(), 60 * kNsPerSecond, heard);
  testing::internal::CaptureStderr();
  const std::int64_t begun_ns = steady_ns();
  ASSERT_TRUE(reader.start());
  bool early = false;
  EXPECT_TRUE(reach([&] {
    early |= heard.caught_up && heard.partitions.size() < 2;
    return heard.caught_up;
  }));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_FALSE(early) << "the end of one partition is not that of the topic";
  EXPECT_EQ(heard.records, kSymbols);
  EXPECT_EQ(reader.partitions(), 2U);
  const std::int64_t lines = count_of("partition 1 of quotes can't be read yet", log);
  constexpr std::int64_t kSaidAgainNs = 10 * kNsPerSecond;
  EXPECT_GE(lines, 1);
  EXPECT_LE(lines, 1 + (steady_ns() - begun_ns) / kSaidAgainNs) << "not at each of the tries";
}

}  // namespace
}  // namespace tickcast::kafka
