// SPDX-License-Identifier: Apache-2.0
//
// A whole run over several processes, against the floor, which is a server too.
#include "load/run.h"

#include <gtest/gtest.h>

#include "load/floor.h"
#include "load/process_use.h"
#include "load/report.h"

namespace tickcast::load {
namespace {

struct Silent final : Watcher {
  void on_progress(const Progress& progress) override { last = progress; }
  bool broken_off() override { return stop; }
  Progress last;
  bool stop = false;
};

class RunTest : public testing::Test {
 protected:
  void against(const Floor& floor) {
    options_.fleet.client.url = {"ws", "127.0.0.1", floor.port(), ""};
    options_.fleet.client.to = net::resolve("127.0.0.1", floor.port())->front();
    options_.fleet.streams = parse_streams(Floor::kStream).value();
    options_.fleet.settle = false;
    options_.fleet.clients = 25;
    options_.processes = 3;
    options_.warm_up_ns = 0;
    options_.duration_ns = 400 * kNsPerMs;
    options_.server_pid = floor.pid();
  }
  RunOptions options_;
  Silent watcher_;
};

TEST_F(RunTest, OfSeveralProcessesIsOneResultWithNothingWrong) {
  const auto floor = Floor::start({.messages_per_s = 100, .message_bytes = 240}).value();
  against(*floor);
  const RunResult result = run(options_, watcher_).value();
  EXPECT_EQ(result.tally.connected.get(), 25u);
  EXPECT_EQ(result.tally.faults(), 0u) << report_text(result);
  EXPECT_GT(result.tally.messages.get(), 25u);
  EXPECT_EQ(result.tally.age.count(), result.tally.messages.get());
  EXPECT_GE(result.tally.measured_ns, options_.duration_ns);
  ASSERT_TRUE(server_ns_per_message(result));
  EXPECT_GT(*server_ns_per_message(result), 0);
  EXPECT_TRUE(is_good(result));
  EXPECT_NE(report_json(result, &result).find("\"floor\":{"), std::string::npos);
}

TEST_F(RunTest, OfLargeMessagesReadsTheirQuotesToo) {
  const auto floor = Floor::start({.messages_per_s = 20, .message_bytes = 300'000}).value();
  against(*floor);
  const RunResult result = run(options_, watcher_).value();
  EXPECT_EQ(result.tally.faults(), 0u) << report_text(result);
  EXPECT_GT(result.tally.quotes.get(), 500 * result.tally.messages.get());
  EXPECT_NEAR(bytes_per_message(result), 300'000, 3'000);
}

TEST_F(RunTest, ThatIsBrokenOffReportsWhatItHas) {
  const auto floor = Floor::start({}).value();
  against(*floor);
  options_.duration_ns = 3'600 * kNsPerSecond;
  watcher_.stop = true;
  EXPECT_EQ(run(options_, watcher_)->tally.messages.get(), 0u);
}

TEST_F(RunTest, WithoutTheServersProcessSaysSo) {
  const auto floor = Floor::start({}).value();
  against(*floor);
  options_.server_pid = kPidMax;  // the kernel gives smaller ones
  EXPECT_NE(run(options_, watcher_).error().message.find("no process"), std::string::npos);
}

TEST(Report, TellsWhatAServerTookThatHadNothingToSay) {
  RunResult result;
  result.tally.measured_ns = kNsPerSecond;
  result.server = ServerUse{kNsPerSecond / 10, 1'000'000, 3'000'000};
  EXPECT_NE(report_text(result).find("10 % of a core\n"), std::string::npos) << report_text(result);
  EXPECT_NE(report_text(result).find("3.0 MB of memory"), std::string::npos) << report_text(result);
  EXPECT_NE(report_json(result, nullptr).find("\"server_memory_bytes\":3000000"), std::string::npos);
}

TEST(Report, WarnsWhenTheToolItselfIsBusyAndSaysWhenAgesAreUnknown) {
  RunResult result;
  result.tally.measured_ns = kNsPerSecond;
  result.tally.messages.add(1'234'567);
  EXPECT_EQ(report_text(result).find("WARNING"), std::string::npos);
  EXPECT_NE(report_text(result).find("1,234,567/s"), std::string::npos);
  result.busiest = 0.9;
  result.timed = false;
  EXPECT_NE(report_text(result).find("WARNING"), std::string::npos);
  EXPECT_NE(report_text(result).find("unknown"), std::string::npos);
}

}  // namespace
}  // namespace tickcast::load
