// SPDX-License-Identifier: Apache-2.0
#include "feed/backoff.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/clock.h"

namespace tickcast::feed {
namespace {

TEST(Backoff, DoublesItsCeilingUpToTheCap) {
  Backoff backoff(100, 1000);
  const auto ceiling = [](std::int64_t ns) { return static_cast<std::uint64_t>(ns); };
  EXPECT_EQ(backoff.next_ns(ceiling(100)), 100);
  EXPECT_EQ(backoff.next_ns(ceiling(200)), 200);
  EXPECT_EQ(backoff.next_ns(ceiling(400)), 400);
  EXPECT_EQ(backoff.next_ns(ceiling(800)), 800);
  EXPECT_EQ(backoff.next_ns(ceiling(1000)), 1000);
  EXPECT_EQ(backoff.next_ns(ceiling(1000)), 1000);
  backoff.reset();
  EXPECT_EQ(backoff.next_ns(ceiling(101)), 0) << "101 is past the first ceiling and wraps";
}

TEST(Backoff, JittersFromTheFirstWaitOn) {
  Backoff backoff(kNsPerSecond, 60 * kNsPerSecond);
  EXPECT_EQ(backoff.next_ns(0), 0);
}

RC_GTEST_PROP(Backoff, StaysWithinItsCapHoweverOftenItFails, ()) {
  const auto first_ns = *rc::gen::inRange<std::int64_t>(1, 1'000'000'000);
  const auto max_ns = *rc::gen::inRange<std::int64_t>(first_ns, std::numeric_limits<std::int64_t>::max());
  Backoff backoff(first_ns, max_ns);
  for (int i = 0; i < 200; ++i) {
    const std::int64_t wait_ns = backoff.next_ns(*rc::gen::arbitrary<std::uint64_t>());
    RC_ASSERT(wait_ns >= 0);
    RC_ASSERT(wait_ns <= max_ns);
  }
}

RC_GTEST_PROP(ConnectGate, NeverLetsMoreThroughThanItsBudgetInAnyWindow, ()) {
  const auto attempts_max = *rc::gen::inRange<std::size_t>(1, 20);
  const std::int64_t window_ns = 1000;
  ConnectGate gate(attempts_max, window_ns);
  std::vector<std::int64_t> moments;
  std::int64_t now_ns = 0;
  for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 300))) {
    now_ns += step;
    if (step == 7) gate.hold_until(now_ns + 500);
    moments.push_back(gate.take(now_ns));
    RC_ASSERT(moments.back() >= now_ns);
  }
  RC_ASSERT(std::is_sorted(moments.begin(), moments.end()));
  for (std::size_t i = 0; i + attempts_max < moments.size(); ++i) {
    RC_ASSERT(moments[i + attempts_max] - moments[i] > window_ns);
  }
}

TEST(ConnectGate, LetsTheWholeBudgetThroughAtOnce) {
  ConnectGate gate(3, 1000);
  EXPECT_EQ(gate.take(5), 5);
  EXPECT_EQ(gate.take(5), 5);
  EXPECT_EQ(gate.take(6), 6);
  EXPECT_EQ(gate.take(6), 1006);
}

TEST(ConnectGate, LetsNobodyThroughDuringAHold) {
  ConnectGate gate(3, 1000);
  gate.hold_until(500);
  gate.hold_until(400);
  EXPECT_EQ(gate.take(5), 500);
  EXPECT_EQ(gate.take(501), 501);
}

}  // namespace
}  // namespace tickcast::feed
