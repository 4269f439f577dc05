// SPDX-License-Identifier: Apache-2.0
#include "watch/gauges.h"

#include <gtest/gtest.h>

namespace tickcast::watch {
namespace {

constexpr std::int64_t kNow = 1'000 * kNsPerSecond;

TEST(Rate, IsThatOfTheLastTwoSeconds) {
  Rate rate;
  EXPECT_EQ(rate.per_second(kNow), 0);
  for (int i = 0; i < 40; ++i) rate.add(kNow + i * 100 * kNsPerMs, 5);
  EXPECT_DOUBLE_EQ(rate.per_second(kNow + 4 * kNsPerSecond), 50);
  EXPECT_DOUBLE_EQ(rate.per_second(kNow + 5 * kNsPerSecond), 25);
  EXPECT_DOUBLE_EQ(rate.per_second(kNow + 100 * kNsPerSecond), 0);
}

TEST(Rate, BeginsWithTheFirstEvent) {
  Rate rate;
  for (int i = 0; i < 5; ++i) rate.add(kNow + i * 100 * kNsPerMs, 1);
  EXPECT_DOUBLE_EQ(rate.per_second(kNow + 500 * kNsPerMs), 10);
}

TEST(Percentiles, AreOfTheNewestWithinTenSeconds) {
  Percentiles percentiles(100);
  for (int i = 0; i < 1'000; ++i) percentiles.add(kNow, 7'000'000);
  for (int i = 1; i <= 100; ++i) percentiles.add(kNow + kNsPerSecond, i * kNsPerMs);
  const Ages ages = percentiles.ages(kNow + kNsPerSecond, 0);
  EXPECT_EQ(ages.p50_ns, 51 * kNsPerMs);
  EXPECT_EQ(ages.p99_ns, 100 * kNsPerMs);
  EXPECT_FALSE(percentiles.ages(kNow + 12 * kNsPerSecond, 0).p50_ns);
  percentiles.clear();
  EXPECT_FALSE(percentiles.ages(kNow + kNsPerSecond, 0).p50_ns);
}

TEST(Percentiles, AddTheOffsetOfTheClocksAndAreNeverBelowZero) {
  Percentiles percentiles(10);
  percentiles.add(kNow, -3 * kNsPerMs);
  EXPECT_EQ(percentiles.ages(kNow, 5 * kNsPerMs).p50_ns, 2 * kNsPerMs);
  EXPECT_EQ(percentiles.ages(kNow, 0).p50_ns, 0);
  EXPECT_FALSE(percentiles.ages(kNow, std::nullopt).p50_ns) << "not known before the clocks are compared";
}

TEST(ClockOffset, LiesBetweenWhatQuestionsAndEventsAllow) {
  constexpr std::int64_t kThere = 50 * kNsPerMs;  // the server's clock is so far ahead
  ClockOffset offset;
  offset.received(kNow + kThere, kNow + 3 * kNsPerMs);
  EXPECT_FALSE(offset.known()) << "one bound is none";
  // Asked at 0, sent there at 2 ms, back at 6 ms.
  offset.answered(kNow, kNow + 2 * kNsPerMs + kThere, kNow + 6 * kNsPerMs);
  ASSERT_TRUE(offset.known());
  EXPECT_NEAR(static_cast<double>(*offset.value_ns()), static_cast<double>(kThere),
              static_cast<double>(offset.uncertainty_ns()));
  EXPECT_EQ(offset.fastest_trip_ns(), 6 * kNsPerMs);
  const std::int64_t wide = offset.uncertainty_ns();
  offset.answered(kNow, kNow + kNsPerMs / 2 + kThere, kNow + kNsPerMs);
  EXPECT_LT(offset.uncertainty_ns(), wide);
  EXPECT_NEAR(static_cast<double>(*offset.value_ns()), static_cast<double>(kThere), 0.5e6);
}

TEST(ClockOffset, IsWidenedWithTimeHoweverOftenItIsAsked) {
  ClockOffset offset;
  offset.answered(kNow, kNow, kNow);
  EXPECT_EQ(offset.uncertainty_ns(), 0);
  // An event that tells nothing, every 10 us for a second: 20 ppm of it.
  for (int i = 1; i <= 100'000; ++i) offset.received(kNow - kNsPerSecond, kNow + i * 10 * kNsPerUs);
  EXPECT_NEAR(static_cast<double>(offset.uncertainty_ns()), 20e3, 200);
}

}  // namespace
}  // namespace tickcast::watch
