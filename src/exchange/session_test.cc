// SPDX-License-Identifier: Apache-2.0
#include "exchange/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange/audience.h"
#include "exchange/test_peer.h"

namespace tickcast::exchange {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kNowNs = 1'000 * kNsPerSecond;

class SessionTest : public testing::Test {
 protected:
  Session make() { return Session(1, "/ws", false, kNowNs, rules_); }

  Rules rules_;
  wire::ControlReader reader_;
};

TEST_F(SessionTest, TellsWhatChanged) {
  Session session = make();
  EXPECT_THAT(session.open({"a@x", "b@x"}).added, ElementsAre("a@x", "b@x"));
  const auto more = session.answer(R"({"method":"SUBSCRIBE","params":["b@x","c@x","c@x"],"id":1})", reader_);
  EXPECT_THAT(more.added, ElementsAre("c@x")) << "only what is new";
  const auto fewer = session.answer(R"({"method":"UNSUBSCRIBE","params":["b@x","d@x"],"id":2})", reader_);
  EXPECT_THAT(fewer.removed, ElementsAre("b@x")) << "only what was there";
  EXPECT_THAT(session.streams(), ElementsAre("a@x", "c@x"));
}

TEST_F(SessionTest, LeavesRequestsThatAreTooLongUnanswered) {
  Session session = make();
  const std::string longest = R"({"method":"LIST_SUBSCRIPTIONS","id":1)" + std::string(4050, ' ') + "}";
  ASSERT_EQ(longest.size(), 4088u);
  EXPECT_EQ(session.answer(longest, reader_).reply, R"({"result":[],"id":1})");
  EXPECT_EQ(session.answer(longest + " ", reader_).reply, "");
}

TEST_F(SessionTest, StopsAtTheLimitOfStreams) {
  rules_.streams_per_connection_max = 2;
  Session session = make();
  EXPECT_FALSE(session.open({"a@x", "b@x", "a@x"}).over_limit);
  EXPECT_TRUE(session.answer(R"({"method":"SUBSCRIBE","params":["c@x"],"id":1})", reader_).over_limit);
}

TEST_F(SessionTest, CountsFramesButNotThoseThatAFaultAskedFor) {
  Session session = make();
  EXPECT_TRUE(session.admit_frames(5, kNowNs));
  EXPECT_TRUE(session.admit_frames(0, kNowNs)) << "none since";
  session.pongs_owed = 10;
  EXPECT_TRUE(session.admit_frames(10, kNowNs));
  EXPECT_FALSE(session.admit_frames(1, kNowNs));
}

TEST(Audience, KnowsTheSymbolsThatStreamsCarry) {
  ScriptSource source(std::make_shared<Script>());
  const Board board(source);
  Rules rules;
  Session session(1, "/ws", false, kNowNs, rules);
  Audience audience(board);
  EXPECT_EQ(audience.symbol_of("ethusdt@bookTicker"), 1u);
  EXPECT_EQ(audience.symbol_of("币安人生usdt@bookTicker"), 2u);
  for (const std::string_view silent :
       {"ETHUSDT@bookTicker", "ethusdt@bookticker", "ethusdt@trade", "ethusdt", "", "!bookTicker",
        "ethusdt@bookTicker@100ms", "nosuch@bookTicker"}) {
    EXPECT_EQ(audience.symbol_of(silent), std::nullopt) << silent;
  }
  session.open({"ethusdt@bookTicker", "ETHUSDT@bookTicker", "btcusdt@bookTicker"});
  for (const auto& stream : session.streams()) audience.add(stream, session);
  EXPECT_THAT(audience.of(1), ElementsAre(&session));
  audience.remove("ethusdt@bookTicker", session);
  EXPECT_THAT(audience.of(1), IsEmpty());
  audience.remove_all(session);
  EXPECT_THAT(audience.of(0), IsEmpty());
}

}  // namespace
}  // namespace tickcast::exchange
