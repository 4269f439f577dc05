// SPDX-License-Identifier: Apache-2.0
//
// On its way through Kafka a quote costs no allocation of ours once warm: from the producer's book to its
// record, and from the record into the emitter's book. librdkafka asks malloc, and has threads of its own.
#include <gtest/gtest.h>

#include "allocations.h"
#include "kafka/test_ends.h"

namespace tickcast::kafka {
namespace {

constexpr int kSymbols = 20;
constexpr int kRounds = 100;

class TopicAllocation : public TopicTest {
 protected:
  TopicAllocation() { cluster_.create_topic(1); }

  SinkOptions options() const {
    SinkOptions options = sink_options(cluster_);
    options.rewrite_after_ns = 0;      // nothing but what is admitted
    options.max_age_ns = kDeadlineNs;  // nothing fails because the machine is busy
    return options;
  }
  void admit(Writer& writer, int symbols) {
    ++id_;
    for (int i = 0; i < symbols; ++i) writer.admit(names_[static_cast<std::size_t>(i)], id_);
    writer.book.publish();
  }
  bool arrived(const Writer& writer, const Reader& reader) {
    return reach([&] { return reader.source.stats().ready && same_ends(writer, reader); });
  }
  // What a stretch of the market costs on its way.
  std::uint64_t stretch(Writer& writer, const Reader& reader) {
    const std::uint64_t begun = allocations();
    for (int round = 0; round < kRounds; ++round) {
      for (int twice = 0; twice < 2; ++twice)  // what comes second waits: for the gap, or for a report
        admit(writer, round % 2 == 0 ? 2 : kSymbols);
      loop_.turn(kNsPerMs);
    }
    EXPECT_TRUE(arrived(writer, reader));
    return allocations() - begun;
  }

  TestCluster cluster_;
  std::vector<std::string> names_ = [] {
    std::vector<std::string> names;
    for (int i = 0; i < kSymbols; ++i) names.push_back(name(i));
    return names;
  }();
  std::int64_t id_ = 0;
};

TEST_F(TopicAllocation, AQuoteThroughATopicAllocatesNothingOnceWarm) {
  Reader reader(loop_, source_options(cluster_));
  Writer writer(loop_, options());
  admit(writer, kSymbols);
  ASSERT_TRUE(arrived(writer, reader));
  // Warm is what had its greatest size once, which is the machine's to say. And every 10 s each end looks for
  // new partitions.
  constexpr int kStretchesMax = 10;
  std::uint64_t asked = 1;
  for (int i = 0; i < kStretchesMax && asked > 0; ++i) {
    const std::uint64_t before = reader.watch.admitted + writer.sink.stats().merged;
    asked = stretch(writer, reader);
    ASSERT_EQ(reader.watch.admitted + writer.sink.stats().merged - before, kRounds * (2U + kSymbols));
  }
  EXPECT_EQ(asked, 0U) << "in every stretch";
}

}  // namespace
}  // namespace tickcast::kafka
