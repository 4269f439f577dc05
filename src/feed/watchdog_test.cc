// SPDX-License-Identifier: Apache-2.0
#include "feed/watchdog.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace tickcast::feed {
namespace {

constexpr std::int64_t kStall = 15 * kNsPerSecond;

// A line, second by second.
class Seconds {
 public:
  explicit Seconds(double prior = 0) : watchdog_(kStall) {
    watchdog_.set_prior(prior);
    connect();
  }
  void connect() {
    tickers_ = 0;
    last_data_ns_ = 0;
    watchdog_.restart(now_ns_, symbol_events_);
  }
  // One second in which the connection brought `own` events and others brought `others` of the same symbols.
  bool pass(std::uint64_t own, std::uint64_t others = 0) {
    now_ns_ += kNsPerSecond;
    if (own > 0) last_data_ns_ = now_ns_;
    tickers_ += own;
    symbol_events_ += own + others;
    return watchdog_.check(now_ns_, tickers_, last_data_ns_, symbol_events_);
  }
  // The second of silence in which it was found deaf; 0: never.
  int deaf_after(int seconds, std::uint64_t others = 0) {
    for (int i = 1; i <= seconds; ++i) {
      if (pass(0, others)) return i;
    }
    return 0;
  }
  Watchdog& watchdog() { return watchdog_; }

 private:
  Watchdog watchdog_;
  std::int64_t now_ns_ = kNsPerSecond;
  std::int64_t last_data_ns_ = 0;
  std::uint64_t tickers_ = 0;
  std::uint64_t symbol_events_ = 0;
};

TEST(Watchdog, FindsABusyConnectionDeafAfterTheStallTime) {
  Seconds line;
  for (int i = 0; i < 20; ++i) ASSERT_FALSE(line.pass(100));
  EXPECT_EQ(line.deaf_after(60), 15);
}

TEST(Watchdog, IsPatientWithFewQuietSymbols) {
  Seconds line;
  for (int i = 0; i < 300; ++i) ASSERT_FALSE(line.pass(i % 50 == 0 ? 1 : 0)) << i;
  EXPECT_EQ(line.deaf_after(600), 0) << "at one event in 50 s, ten minutes are no proof";
}

TEST(Watchdog, BelievesAnotherConnectionThatTheSymbolsMove) {
  Seconds line;
  for (int i = 0; i <= 100; ++i) {
    ASSERT_FALSE(line.pass(i % 50 == 0 ? 1 : 0, i % 50 == 0 ? 1 : 0));
  }
  EXPECT_EQ(line.deaf_after(60, 1), 15);
}

TEST(Watchdog, GivesABurstOnAnotherConnectionTimeToArriveHereToo) {
  Seconds line;
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(line.pass(i % 50 == 0 ? 1 : 0));
  EXPECT_FALSE(line.pass(0, 10));
  EXPECT_FALSE(line.pass(10));
  EXPECT_FALSE(line.pass(0));
}

TEST(Watchdog, FindsAcknowledgedStreamsWithoutDataDeaf) {
  Seconds line(7);
  EXPECT_EQ(line.deaf_after(60), 15);
}

TEST(Watchdog, DoublesItsPatienceWhileConnectionsBringNothing) {
  Seconds line(7);
  EXPECT_EQ(line.deaf_after(100), 15);
  line.connect();
  EXPECT_EQ(line.deaf_after(100), 30);
  line.connect();
  EXPECT_EQ(line.deaf_after(100), 60);
  line.connect();
  ASSERT_FALSE(line.pass(100));
  EXPECT_EQ(line.deaf_after(100), 15) << "data restores it";
}

TEST(Watchdog, FollowsTheRateDown) {
  Seconds line;
  for (int i = 0; i < 60; ++i) ASSERT_FALSE(line.pass(50));
  for (int i = 0; i < 600; ++i) ASSERT_FALSE(line.pass(i % 5 == 0 ? 1 : 0));
  EXPECT_LT(line.watchdog().rate(), 1);
  EXPECT_GT(line.deaf_after(600), 60);
}

TEST(Watchdog, TakesNoEvidenceFromBeforeTheLineChanged) {
  Seconds line;
  ASSERT_FALSE(line.pass(1));
  line.watchdog().rebase(1'000'000);
  EXPECT_FALSE(line.watchdog().check(kNsPerSecond * 40, 1, kNsPerSecond * 2, 1'000'002));
}

}  // namespace
}  // namespace tickcast::feed
