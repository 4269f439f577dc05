// SPDX-License-Identifier: Apache-2.0
//
// A whole run over several processes, against the floor, which is a server too.
#include "load/run.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include <sys/resource.h>

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

// For processes of their own: what they have lowered they can't raise again.
bool few_descriptors() {
  const rlimit few{.rlim_cur = 200, .rlim_max = 200};
  return setrlimit(RLIMIT_NOFILE, &few) == 0;
}
[[noreturn]] void end_with(const std::string& message) {
  std::fputs(message.c_str(), stderr);
  std::exit(0);
}

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
  const auto floor = Floor::start({.messages_per_s = 100, .message_bytes = 240}, 25).value();
  against(*floor);
  const RunResult result = run(options_, watcher_).value();
  EXPECT_EQ(result.tally.connected.get(), 25u);
  EXPECT_EQ(result.tally.faults(), 0u) << report_text(result);
  EXPECT_GT(result.tally.messages.get(), 25u);
  EXPECT_EQ(result.tally.age.count(), result.tally.messages.get());
  EXPECT_GE(result.tally.measured_ns, options_.duration_ns);
  ASSERT_TRUE(server_ns_per_message(result));
  EXPECT_GT(*server_ns_per_message(result), 0);
  ASSERT_TRUE(result.machine);
  EXPECT_GT(result.machine->cores, 0);
  EXPECT_TRUE(is_good(result));
  EXPECT_NE(report_json(result, &result).find("\"floor\":{"), std::string::npos);
}

TEST_F(RunTest, OfLargeMessagesReadsTheirQuotesToo) {
  const auto floor = Floor::start({.messages_per_s = 20, .message_bytes = 300'000}, 25).value();
  against(*floor);
  const RunResult result = run(options_, watcher_).value();
  EXPECT_EQ(result.tally.faults(), 0u) << report_text(result);
  EXPECT_GT(result.tally.quotes.get(), 500 * result.tally.messages.get());
  EXPECT_NEAR(bytes_per_message(result), 300'000, 3'000);
}

TEST_F(RunTest, OfAFloorThatIsAskedForMoreThanAnyMachineSendsSaysThatItDidNotKeepTheRate) {
  constexpr double kPerSecond = 1e6;  // of 300 kB
  const auto floor = Floor::start({.messages_per_s = kPerSecond, .message_bytes = 300'000}, 25).value();
  against(*floor);
  RunResult result = run(options_, watcher_).value();
  result.asked_per_s = 25 * kPerSecond;
  EXPECT_FALSE(kept_rate(result));
  EXPECT_NE(report_text(result).find("of 25,000,000/s asked for"), std::string::npos);
}

TEST_F(RunTest, WithMoreClientsThanDescriptorsSaysHowManyProcessesItTakes) {
  const auto floor = Floor::start({}, 25).value();
  against(*floor);
  options_.fleet.clients = 1'000;
  EXPECT_EXIT(end_with(few_descriptors() ? run(options_, watcher_).error().message : ""),
              testing::ExitedWithCode(0), "for 1000 give the tool --processes [0-9]+");
}

TEST(Floor, IsOneProcessAndRefusesMoreClientsThanThatHasDescriptorsFor) {
  EXPECT_EXIT(end_with(few_descriptors() ? Floor::start({}, 150).error().message : ""),
              testing::ExitedWithCode(0), "descriptors for [0-9]+ clients here, not for 150");
}

TEST_F(RunTest, ThatIsBrokenOffReportsWhatItHas) {
  const auto floor = Floor::start({}, 25).value();
  against(*floor);
  options_.duration_ns = 3'600 * kNsPerSecond;
  watcher_.stop = true;
  EXPECT_EQ(run(options_, watcher_)->tally.messages.get(), 0u);
}

TEST_F(RunTest, WithoutTheServersProcessSaysSo) {
  const auto floor = Floor::start({}, 25).value();
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

// Ten deliveries a second to each of 100 clients for two seconds: 2,000, of which one to each may be under
// way.
RunResult floor_that_made(std::uint64_t deliveries) {
  RunResult result;
  result.asked_per_s = 1'000;
  result.tally.measured_ns = 2 * kNsPerSecond;
  result.tally.connected.add(100);
  result.tally.messages.add(deliveries);
  return result;
}

TEST(Report, OfAFloorThatKeptItsRateWarnsOfNothing) {
  EXPECT_TRUE(kept_rate(floor_that_made(1'850)));
  EXPECT_EQ(report_text(floor_that_made(1'850)).find("WARNING"), std::string::npos);
  EXPECT_EQ(comparison_text({}, floor_that_made(1'850)).find("WARNING"), std::string::npos);
  EXPECT_TRUE(kept_rate({}));  // of a server nothing is asked
}

TEST(Report, OfAFloorThatDidNotKeepItsRateSaysSoAndWhatHeldItBack) {
  RunResult floor = floor_that_made(1'500);
  EXPECT_FALSE(kept_rate(floor));
  EXPECT_NE(report_text(floor).find("75 % of the deliveries that it was asked for: clients took no more"),
            std::string::npos)
      << report_text(floor);
  EXPECT_NE(comparison_text({}, floor).find("WARNING"), std::string::npos);
  EXPECT_NE(report_json(floor, nullptr).find("\"asked_per_s\":1000.000"), std::string::npos);
  floor.machine = BusyCores{2, 1.95};
  EXPECT_NE(report_text(floor).find("no processor for more"), std::string::npos);
  floor.busiest = 0.9;
  EXPECT_NE(report_text(floor).find("this tool can't read more"), std::string::npos);
  floor.server = ServerUse{.cpu_ns = 2 * kNsPerSecond};
  EXPECT_NE(report_text(floor).find("its one thread"), std::string::npos);
}

TEST(Report, WarnsWhenTheMachineIsFullThoughTheToolItselfGotLittleOfIt) {
  RunResult result;
  result.tally.measured_ns = kNsPerSecond;
  result.tally.cpu_ns = 400 * kNsPerMs;
  result.busiest = 0.4;
  result.machine = BusyCores{2, 1.8};
  EXPECT_EQ(report_text(result).find("WARNING"), std::string::npos);
  result.machine = BusyCores{2, 1.96};
  EXPECT_NE(report_text(result).find("2.0 of its 2 cores were busy, 0.4 of them with this tool"),
            std::string::npos)
      << report_text(result);
}

TEST(MachineUse, IsTheShareOfTicksInWhichProcessorsWorked) {
  const auto now = use_of_machine();
  ASSERT_TRUE(now);
  EXPECT_GE(now->all, now->busy);
  EXPECT_FALSE(busy_cores(*now, *now));
  const auto half = busy_cores({.busy = 10, .all = 100}, {.busy = 60, .all = 200});
  EXPECT_DOUBLE_EQ(half->busy, half->cores / 2);
  EXPECT_DOUBLE_EQ(busy_cores({.busy = 10, .all = 100}, {.busy = 9, .all = 200})->busy, 0);
}

}  // namespace
}  // namespace tickcast::load
