// SPDX-License-Identifier: Apache-2.0
#include "exchange/rules.h"

#include <string>

#include <gtest/gtest.h>

namespace tickcast::exchange {
namespace {

constexpr std::int64_t kStartNs = 1'000 * kNsPerSecond;

TEST(MessageWindow, SlidesInsteadOfStartingAnewEachSecond) {
  MessageWindow window(5);
  std::int64_t now_ns = kStartNs;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(window.admit(now_ns += 150 * kNsPerMs));
  EXPECT_FALSE(window.admit(now_ns + 100 * kNsPerMs)) << "0.7 s after the first";
  EXPECT_FALSE(window.admit(kStartNs + 1149 * kNsPerMs));
  EXPECT_TRUE(window.admit(kStartNs + 1150 * kNsPerMs)) << "the first is a second old";
  EXPECT_FALSE(window.admit(kStartNs + 1151 * kNsPerMs));
  EXPECT_TRUE(window.admit(kStartNs + 1300 * kNsPerMs));
}

TEST(MessageWindow, TakesTheFirstOnesAtAnyMomentOfTheClock) {
  MessageWindow window(2);
  EXPECT_TRUE(window.admit(0));
  EXPECT_TRUE(window.admit(0));
  EXPECT_FALSE(window.admit(0));
}

TEST(MessageWindow, HasNoLimitAtZero) {
  MessageWindow window(0);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(window.admit(kStartNs));
}

TEST(ConnectBudget, CountsEachAddressOverFiveSlidingMinutes) {
  ConnectBudget budget(2);
  EXPECT_TRUE(budget.admit("a", kStartNs));
  EXPECT_TRUE(budget.admit("a", kStartNs + 100 * kNsPerSecond));
  EXPECT_FALSE(budget.admit("a", kStartNs + 200 * kNsPerSecond));
  EXPECT_TRUE(budget.admit("b", kStartNs + 200 * kNsPerSecond));
  EXPECT_TRUE(budget.admit("a", kStartNs + 300 * kNsPerSecond))
      << "the first is forgotten, the refused one never counted";
  EXPECT_FALSE(budget.admit("a", kStartNs + 399 * kNsPerSecond));
  EXPECT_TRUE(budget.admit("a", kStartNs + 400 * kNsPerSecond));
}

TEST(ConnectBudget, RefusesNewAddressesWhenItRemembersTooMany) {
  ConnectBudget budget(2);
  for (std::size_t i = 0; i < kAddressesMax; ++i) EXPECT_TRUE(budget.admit(std::to_string(i), kStartNs));
  EXPECT_FALSE(budget.admit("one more", kStartNs));
  EXPECT_TRUE(budget.admit("0", kStartNs)) << "known ones are served";
  EXPECT_TRUE(budget.admit("one more", kStartNs + 300 * kNsPerSecond));
}

TEST(WeightBudget, StartsAnewWithTheMinute) {
  Rules rules;
  rules.weight_per_minute_max = 10;
  WeightBudget budget(rules);
  const std::int64_t minute_ns = 28'000'000 * 60 * kNsPerSecond;
  EXPECT_EQ(budget.charge("a", 10, minute_ns).status, 200);
  const auto over = budget.charge("a", 1, minute_ns + 59 * kNsPerSecond);
  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(over.used, 11u);
  EXPECT_EQ(over.retry_after_s, 1);
  EXPECT_EQ(budget.charge("b", 1, minute_ns).status, 200);
  EXPECT_EQ(budget.charge("a", 1, minute_ns + 60 * kNsPerSecond).used, 1u);
}

TEST(WeightBudget, BansLongerEachTime) {
  Rules rules;
  rules.weight_per_minute_max = 1;
  rules.refusals_before_ban = 0;
  rules.ban_ns = 120 * kNsPerSecond;
  WeightBudget budget(rules);
  std::int64_t now_ns = kStartNs;
  for (const std::int64_t seconds : {120, 480, 1920}) {
    const auto banned = budget.charge("a", 2, now_ns);
    EXPECT_EQ(banned.status, 418);
    EXPECT_EQ(banned.retry_after_s, seconds);
    EXPECT_EQ(banned.banned_until_ms, now_ns / kNsPerMs + seconds * 1000);
    now_ns += seconds * kNsPerSecond;
  }
  for (int i = 0; i < 20; ++i) now_ns += budget.charge("a", 2, now_ns).retry_after_s * kNsPerSecond;
  EXPECT_EQ(budget.charge("a", 2, now_ns).retry_after_s, 3 * 24 * 3600);
}

TEST(WeightBudget, RefusesNewAddressesWhenItRemembersTooMany) {
  WeightBudget budget(Rules{});
  for (std::size_t i = 0; i < kAddressesMax; ++i)
    EXPECT_EQ(budget.charge(std::to_string(i), 1, kStartNs).status, 200);
  EXPECT_EQ(budget.charge("one more", 1, kStartNs).status, 429);
  EXPECT_EQ(budget.charge("one more", 1, kStartNs + 60 * kNsPerSecond).status, 200);
}

}  // namespace
}  // namespace tickcast::exchange
