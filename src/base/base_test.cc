// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <thread>

#include <poll.h>

#include <gtest/gtest.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/figures.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/result.h"
#include "base/wakeup.h"

namespace tickcast {
namespace {

Result<std::unique_ptr<int>> half(int number) {
  if (number % 2 != 0) return Error{"the number is odd; give an even one"};
  return std::make_unique<int>(number / 2);
}

TEST(Check, StopsWithTheSentence) {
  CHECK(1 + 1 == 2, "arithmetic is broken");
  EXPECT_DEATH(CHECK(1 + 1 == 3, "arithmetic is broken"),
               "tickcast: bug: arithmetic is broken \\(1 \\+ 1 == 3 is false at .*base_test.cc");
}

TEST(JsonString, EscapesWhatJsonMust) {
  EXPECT_EQ(json_string("a\"b\\c\n\r\t\x01/币"), R"("a\"b\\c\n\r\t\u0001/币")");
}

TEST(Figures, AreShownAsPeopleReadThem) {
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(rounded(1'999.6), "2,000");
  EXPECT_EQ(short_duration(812'000), "812 us");
  EXPECT_EQ(short_duration(12'345'000), "12.3 ms");
  EXPECT_EQ(short_duration(4'561'000'000), "4.56 s");
  EXPECT_EQ(short_bytes(640), "640 B");
  EXPECT_EQ(short_bytes(12'340), "12.3 kB");
  EXPECT_EQ(short_bytes(4'600'000), "4.6 MB");
  EXPECT_EQ(short_bytes(78e9), "78.0 GB");
}

TEST(Result, HoldsAValueThatCanBeMovedOut) {
  auto result = half(10);
  ASSERT_TRUE(result);
  EXPECT_EQ(**result, 5);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

TEST(Result, HoldsAnErrorWithItsMessage) {
  const auto result = half(3);
  EXPECT_FALSE(result);
  EXPECT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "the number is odd; give an even one");
}

TEST(Result, HoldsAStatus) {
  const Status good = Done{};
  EXPECT_TRUE(good);
  const Status bad = Error{"no"};
  EXPECT_FALSE(bad);
}

TEST(Result, StopsWhoTakesWhatIsNotThere) {
  EXPECT_DEATH((void)half(3).value(), "the value of a failed Result was taken");
  EXPECT_DEATH((void)half(2).error(), "the error of a successful Result was taken");
}

TEST(Clock, HasAWallAndASteadyOne) {
  EXPECT_GT(wall_ns(), 1'600'000'000 * kNsPerSecond);
  const std::int64_t before = steady_ns();
  EXPECT_GE(steady_ns(), before);
}

bool readable(const Wakeup& wakeup, int timeout_ms) {
  pollfd ready{wakeup.fd(), POLLIN, 0};
  return poll(&ready, 1, timeout_ms) == 1;
}

TEST(Wakeup, WakesOnlyWhoIsArmed) {
  Wakeup wakeup;
  wakeup.notify();
  EXPECT_FALSE(readable(wakeup, 0));
  wakeup.arm();
  EXPECT_FALSE(readable(wakeup, 0));
  wakeup.notify();
  wakeup.notify();
  EXPECT_TRUE(readable(wakeup, 0));
  wakeup.drain();
  EXPECT_FALSE(readable(wakeup, 0));
  wakeup.notify();
  EXPECT_FALSE(readable(wakeup, 0)) << "a notify disarms";
}

TEST(Wakeup, StaysQuietOnceDisarmed) {
  Wakeup wakeup;
  wakeup.arm();
  wakeup.disarm();
  wakeup.notify();
  EXPECT_FALSE(readable(wakeup, 0));
}

TEST(Wakeup, MayBeDrainedWhenNothingCame) {
  Wakeup wakeup;
  wakeup.drain();
  EXPECT_FALSE(readable(wakeup, 0));
}

TEST(Wakeup, IsNeverLostBetweenThreads) {
  constexpr int kRounds = 20'000;
  Wakeup wakeup;
  std::atomic<int> work{0};
  std::thread teller([&] {
    for (int i = 0; i < kRounds; ++i) {
      work.fetch_add(1, std::memory_order_release);
      wakeup.notify();
    }
  });
  int seen = 0;
  while (seen < kRounds) {
    wakeup.arm();
    if (work.load(std::memory_order_acquire) == seen) {
      ASSERT_TRUE(readable(wakeup, 30'000)) << "asleep with work to do";
      wakeup.drain();
    } else {
      wakeup.disarm();
    }
    seen = work.load(std::memory_order_acquire);
  }
  teller.join();
}

TEST(LogLimit, LetsOneThroughPerPeriodAndCountsTheRest) {
  LogLimit limit(100);
  EXPECT_TRUE(limit.allow(1000));
  EXPECT_EQ(limit.suppressed(), 0U);
  EXPECT_FALSE(limit.allow(1001));
  EXPECT_FALSE(limit.allow(1099));
  EXPECT_TRUE(limit.allow(1100));
  EXPECT_EQ(limit.suppressed(), 2U);
  EXPECT_TRUE(limit.allow(5000));
  EXPECT_EQ(limit.suppressed(), 0U);
}

TEST(Log, WritesJsonLinesWhereNobodyWatches) {
  ::testing::internal::CaptureStderr();
  log_warning("feed", "said \"{}\" twice\n{}", "hello", 2);
  log(LogLevel::debug, "feed", "not by default");
  const std::string out = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(out.find(R"("level":"warning","component":"feed","msg":"said \"hello\" twice\n2"})"),
            std::string::npos)
      << out;
  EXPECT_EQ(out.find("not by default"), std::string::npos);
  EXPECT_EQ(out.find(R"({"ts":")"), 0U) << out;
}

TEST(Log, TakesALevel) {
  set_log_level(LogLevel::error);
  EXPECT_FALSE(log_enabled(LogLevel::warning));
  EXPECT_TRUE(log_enabled(LogLevel::error));
  set_log_level(LogLevel::info);
  EXPECT_TRUE(log_enabled(LogLevel::info));
  EXPECT_FALSE(log_enabled(LogLevel::debug));
}

}  // namespace
}  // namespace tickcast
