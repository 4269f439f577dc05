// SPDX-License-Identifier: Apache-2.0
//
// A feed behind another tickcast: it follows what that one says of its own source by `!status`.
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "feed/test_feed.h"

namespace tickcast::feed {
namespace {

using market::SourceState;
using testing::Contains;
using testing::Each;
using testing::Field;
using testing::Not;
using testing::Pointee;

using Peer = ScriptedExchange::Peer;
const auto kFollowsStatus = Pointee(Field(&Peer::streams, Contains("!status")));

class StatusTest : public test::FeedTest {
 protected:
  StatusTest() { list(6); }
  // Ready behind a tickcast, over so many connections a leg.
  void follow(std::size_t legs, std::size_t connections_per_leg) {
    options_.legs = legs;
    options_.connections_per_leg_min = connections_per_leg;
    exchange_.say(SourceState::live);
    ASSERT_TRUE(start_and_be_ready());
    ASSERT_EQ(exchange_.peers().size(), legs * connections_per_leg);
  }
  bool becomes(SourceState wanted) {
    return until([&] { return state() == wanted; });
  }
};

TEST_F(StatusTest, IsWhatTheTickcastThereSaysOfItsOwnSource) {
  follow(2, 2);
  EXPECT_EQ(state(), SourceState::live);
  EXPECT_THAT(exchange_.peers(), Each(kFollowsStatus));
  for (const SourceState said : {SourceState::stale, SourceState::down, SourceState::connecting}) {
    exchange_.say(said);
    EXPECT_TRUE(becomes(said)) << name(said);
    exchange_.say(SourceState::live);
    EXPECT_TRUE(becomes(SourceState::live)) << "after " << name(said);
  }
  EXPECT_EQ(stats().unknown_events.value(), 0u);
  EXPECT_EQ(stats().subscribed_streams.value(), 12u) << "of symbols";
}

TEST_F(StatusTest, QuotesThatComeDoNotMakeItLiveAgain) {
  follow(1, 1);
  exchange_.say(SourceState::stale);
  ASSERT_TRUE(becomes(SourceState::stale));
  for (const auto& name : exchange_.symbols()) exchange_.move(name);
  ASSERT_TRUE(until([&] { return all_in_step(); }));
  EXPECT_EQ(state(), SourceState::stale);
}

TEST_F(StatusTest, OneLegThatIsLiveIsEnough) {
  follow(2, 1);
  exchange_.say_to(*exchange_.peers()[0], SourceState::stale);
  exchange_.say_to(*exchange_.peers()[1], SourceState::down);
  ASSERT_TRUE(becomes(SourceState::stale)) << "the better of the two";
  exchange_.say_to(*exchange_.peers()[1], SourceState::live);
  EXPECT_TRUE(becomes(SourceState::live));
}

TEST_F(StatusTest, ALegIsAsGoodAsTheWorstOfItsConnections) {
  follow(1, 2);
  exchange_.say_to(*exchange_.peers()[1], SourceState::stale);
  EXPECT_TRUE(becomes(SourceState::stale)) << "half of the symbols are";
}

TEST_F(StatusTest, IsKnownOfANewConnectionBeforeItsQuotesCount) {
  follow(1, 1);
  exchange_.say(SourceState::stale);
  ASSERT_TRUE(becomes(SourceState::stale));
  exchange_.drop_all();
  for (const auto& name : exchange_.symbols()) exchange_.move_unseen(name);
  std::set<SourceState> seen;
  ASSERT_TRUE(until([&] {
    seen.insert(state());
    return all_in_step();
  })) << "by the look-up that follows a new connection";
  EXPECT_THAT(seen, testing::UnorderedElementsAre(SourceState::stale, SourceState::down));
  exchange_.say(SourceState::live);
  EXPECT_TRUE(becomes(SourceState::live));
}

TEST_F(StatusTest, APlainExchangeIsNotAskedForIt) {
  ASSERT_TRUE(start_and_be_ready());
  EXPECT_THAT(exchange_.peers(), Each(Not(kFollowsStatus)));
  exchange_.send_to_all(R"({"e":"status","state":"down","since":0,"symbols":"all","origin":"live"})");
  ASSERT_TRUE(until([&] { return stats().unknown_events.value() == 4; })) << "nor believed";
  EXPECT_EQ(state(), SourceState::live);
}

TEST_F(StatusTest, ATickcastThatRefusesItCostsNothingElse) {
  exchange_.invalid_stream = "!status";
  follow(2, 1);
  EXPECT_EQ(state(), SourceState::live);
  EXPECT_EQ(stats().subscribed_streams.value(), 12u);
  EXPECT_EQ(exchange_.handshakes(), 2u) << "no connection was given up for it";
}

}  // namespace
}  // namespace tickcast::feed
