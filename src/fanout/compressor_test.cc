// SPDX-License-Identifier: Apache-2.0
#include "fanout/compressor.h"

#include <string>

#include <gtest/gtest.h>

#include "wire/test_inflate.h"

namespace tickcast::fanout {
namespace {

constexpr std::int64_t kNow = 1'732'320'000'123'456'789;
constexpr std::int64_t kSecond = 1'000'000'000;
const std::string kMarket(kArrayBytesMax, 'm');

struct Shard {
  Compressor compressor;

  bool compresses(std::string_view text, std::int64_t now_ns, bool shared) {
    const std::string_view parts[] = {text};
    return compressor.compress(parts, now_ns, shared).has_value();
  }
  // How many messages of kArrayBytesMax go out compressed, one right behind the other.
  std::size_t burst(std::int64_t now_ns, bool shared) {
    std::size_t count = 0;
    while (compresses(kMarket, now_ns, shared)) ++count;
    return count;
  }
};

TEST(Compressor, TakesTheMessageInParts) {
  Compressor compressor;
  const std::string events(5000, 'e');
  const std::string_view parts[] = {"{", events, "}"};
  const auto payload = compressor.compress(parts, kNow, true);
  ASSERT_TRUE(payload);
  EXPECT_LT(payload->size(), 100u);
  EXPECT_EQ(wire::testing::inflated_message(*payload), "{" + events + "}");
}

TEST(Compressor, WhatFitsOnePacketIsSentAsItIs) {
  Shard shard;
  EXPECT_FALSE(shard.compresses(std::string(Compressor::kBytesMin - 1, 'x'), kNow, true));
  EXPECT_TRUE(shard.compresses(std::string(Compressor::kBytesMin, 'x'), kNow, true));
}

TEST(Compressor, OverTheBudgetMessagesAreSentAsTheyAreUntilItIsEarnedAgain) {
  Shard shard;
  EXPECT_EQ(shard.burst(kNow, true), Compressor::kBurstBytes / kArrayBytesMax);
  EXPECT_EQ(shard.burst(kNow, true), 0u);
  EXPECT_EQ(shard.burst(kNow - kSecond, true), 0u) << "a clock that was set back earns nothing";
  EXPECT_EQ(shard.burst(kNow - kSecond + kSecond / 48 + 1000, true), 1u)
      << "half a MiB takes a 48th of a second";
  EXPECT_EQ(shard.burst(kNow + 1000 * kSecond, true), Compressor::kBurstBytes / kArrayBytesMax)
      << "no more is saved than the burst";
}

TEST(Compressor, BeingAskedOftenLosesNothingOfWhatIsEarned) {
  Shard shard;
  shard.burst(kNow, true);
  std::size_t count = 0;
  for (std::int64_t ns = 0; ns < kSecond / 8; ns += 700) count += shard.compresses(kMarket, kNow + ns, true);
  EXPECT_GE(count, 5u);
  EXPECT_LE(count, 6u) << "24 MiB a second";
}

TEST(Compressor, MessagesForOneClientLeaveAReserveForThoseThatManyShare) {
  Shard shard;
  const std::size_t alone = (Compressor::kBurstBytes - Compressor::kSharedReserveBytes) / kArrayBytesMax;
  EXPECT_EQ(shard.burst(kNow, false), alone);
  EXPECT_EQ(shard.burst(kNow, true), Compressor::kSharedReserveBytes / kArrayBytesMax);
}

}  // namespace
}  // namespace tickcast::fanout
