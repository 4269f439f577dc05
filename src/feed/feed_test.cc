// SPDX-License-Identifier: Apache-2.0
//
// The whole feed over real sockets against an exchange that does as it is told, both on the test's own loop.
#include "feed/feed.h"

#include <algorithm>
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "feed/test_feed.h"

namespace tickcast::feed {
namespace {

using market::SourceState;
using test::FeedTest;

// --- getting there ---

TEST_F(FeedTest, SeedsTheBookAndSubscribesEverySymbolTwice) {
  list(10);
  exchange_.list("OLDUSDT", "BREAK");
  exchange_.list("币安人生USDT");
  ASSERT_TRUE(start_and_be_ready());
  EXPECT_EQ(state(), SourceState::live);
  EXPECT_EQ(exchange_.peers().size(), 4u) << "two legs of two connections";
  EXPECT_TRUE(twice_subscribed("A105USDT"));
  EXPECT_TRUE(twice_subscribed("币安人生USDT"));
  EXPECT_EQ(exchange_.subscribers("OLDUSDT"), 0u);
  EXPECT_EQ(stats().subscribed_streams.value(), 22u);
  EXPECT_TRUE(in_step("A105USDT"));
  EXPECT_EQ(held("A105USDT").update_id, market::kNoUpdateId) << "a value of REST has no id";
  EXPECT_GT(held("A105USDT").received_ns, 0);
}

TEST_F(FeedTest, AdmitsTheFirstOfTwoAndCountsTheOther) {
  list(4);
  ASSERT_TRUE(start_and_be_ready());
  for (int i = 0; i < 10; ++i) exchange_.move("A101USDT");
  const auto sum = [&](metrics::Counter LegStats::*counter) {
    return (stats().legs[0].*counter).value() + (stats().legs[1].*counter).value();
  };
  const auto losses = [&] { return sum(&LegStats::duplicates) + sum(&LegStats::older); };
  ASSERT_TRUE(until([&] { return sum(&LegStats::wins) + losses() == 20; }));
  EXPECT_EQ(sum(&LegStats::wins), 10u);
  EXPECT_TRUE(in_step("A101USDT"));
  EXPECT_EQ(held("A101USDT").update_id, exchange_.last("A101USDT").update_id);
  EXPECT_GT(held("A101USDT").admitted_ns, 0);
}

TEST_F(FeedTest, IsReadySoonWithAllOfTheMarketAndKeepsTheRequestLimits) {
  list(1400);
  const std::int64_t start_ns = steady_ns();
  ASSERT_TRUE(start_and_be_ready());
  RecordProperty("ready_after_ms", static_cast<int>((steady_ns() - start_ns) / kNsPerMs));
  std::size_t streams = 0;
  for (const auto* peer : exchange_.peers()) {
    streams += peer->streams.size();
    EXPECT_LE(peer->streams.size(), 1024u);
    EXPECT_LE(peer->request_bytes_max, 4000u);
    for (std::size_t i = 4; i < peer->requests_ns.size(); ++i) {
      EXPECT_GE(peer->requests_ns[i] - peer->requests_ns[i - 4], 990 * kNsPerMs) << "more than 4 a second";
    }
  }
  EXPECT_EQ(streams, 2800u);
}

TEST_F(FeedTest, FollowsOnlyWhatItIsAskedFor) {
  list(10);
  options_.symbols = {"A103USDT", "NOSUCHUSDT"};
  ASSERT_TRUE(start_and_be_ready());
  EXPECT_EQ(symbols_.size(), 1u);
  EXPECT_EQ(exchange_.peers().size(), 2u) << "one connection a leg is enough for one symbol";
}

TEST_F(FeedTest, RunsOverTls) {
  list(50);
  const net::TestAuthority authority;
  const net::TestTlsProxy proxy(authority.issue({.name = "DNS:localhost"}), exchange_.rest().port);
  use_tls(proxy, authority);
  ASSERT_TRUE(start_and_be_ready());
  EXPECT_EQ(state(), SourceState::live);
  EXPECT_EQ(exchange_.peers().size(), 4u);
  EXPECT_TRUE(twice_subscribed("A105USDT"));
  for (int i = 0; i < 100; ++i) exchange_.move("A105USDT");
  EXPECT_TRUE(until([&] { return in_step("A105USDT"); }));
  EXPECT_EQ(held("A105USDT").update_id, exchange_.last("A105USDT").update_id);
  EXPECT_THAT(proxy.server_names(), testing::Each("localhost"));

  exchange_.drop_all();
  ASSERT_TRUE(until([&] { return twice_subscribed("A105USDT") && exchange_.handshakes() >= 8; }));
  exchange_.move("A105USDT");
  EXPECT_TRUE(until([&] { return in_step("A105USDT"); }));
  feed_.reset();
}

TEST_F(FeedTest, OpensNoStreamToAServerWhoseCertificateNamesAnother) {
  list(3);
  const net::TestAuthority authority;
  const net::TestTlsProxy proxy(authority.issue({.name = "DNS:other.example"}), exchange_.rest().port);
  use_tls(proxy, authority);
  options_.rest = exchange_.rest();
  set_log_level(LogLevel::warning);
  testing::internal::CaptureStderr();
  start();
  EXPECT_TRUE(until([&] { return stats().connects.value() >= 5; })) << "one line is not tried again";
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::HasSubstr("the certificate is not for localhost"));
  EXPECT_EQ(exchange_.handshakes(), 0u);
  EXPECT_EQ(stats().open_connections.value(), 0u);
  EXPECT_FALSE(stats().ready.load());
  EXPECT_NE(state(), SourceState::live);
  feed_.reset();
}

TEST_F(FeedTest, LooksNothingUpAtAServerWhoseCertificateNamesAnother) {
  list(3);
  const net::TestAuthority authority;
  const net::TestTlsProxy proxy(authority.issue({.name = "DNS:other.example"}), exchange_.rest().port);
  use_tls(proxy, authority);
  set_log_level(LogLevel::warning);
  testing::internal::CaptureStderr();
  start();
  EXPECT_TRUE(until([&] { return stats().rest_failures.value() >= 2; }));
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::AllOf(testing::HasSubstr("no trusted TLS connection to localhost"),
                             testing::HasSubstr("target host name")));
  EXPECT_EQ(exchange_.rest_requests.size(), 0u);
  EXPECT_EQ(symbols_.size(), 0u);
  EXPECT_EQ(state(), SourceState::connecting);
  feed_.reset();
}

TEST_F(FeedTest, WaitsForAnExchangeThatIsNotThereYet) {
  list(3);
  exchange_.go_away();
  start();
  ASSERT_TRUE(until([&] { return stats().rest_failures.value() >= 2; }));
  EXPECT_EQ(state(), SourceState::connecting);
  exchange_.come_back();
  EXPECT_TRUE(until([&] { return stats().ready.load(); }));
}

// --- losing connections ---

TEST_F(FeedTest, LosesNothingWhenOneConnectionEnds) {
  list(10);
  ASSERT_TRUE(start_and_be_ready());
  const auto look_ups = exchange_.rest_requests["/api/v3/ticker/bookTicker"];
  for (const auto& name : exchange_.symbols()) exchange_.move(name);
  ASSERT_TRUE(until([&] { return all_in_step(); }));
  exchange_.peers()[0]->connection->abort("test");
  ASSERT_TRUE(until([&] { return exchange_.peers().size() == 3; }));
  for (const auto& name : exchange_.symbols()) exchange_.move(name);
  EXPECT_TRUE(until([&] { return all_in_step(); }));
  EXPECT_EQ(state(), SourceState::live);
  ASSERT_TRUE(until([&] { return exchange_.peers().size() == 4 && stats().subscribed_streams == 20; }));
  turn_for(50 * kNsPerMs);
  EXPECT_EQ(exchange_.rest_requests["/api/v3/ticker/bookTicker"], look_ups) << "the other leg saw everything";
}

TEST_F(FeedTest, LooksUpWhatChangedWhileAllConnectionsWereDown) {
  list(10);
  ASSERT_TRUE(start_and_be_ready());
  for (const auto& name : exchange_.symbols()) exchange_.move(name);
  ASSERT_TRUE(until([&] { return all_in_step(); }));
  exchange_.drop_all();
  for (const auto& name : exchange_.symbols()) exchange_.move_unseen(name);
  ASSERT_TRUE(until([&] { return state() == SourceState::down; }));
  ASSERT_TRUE(until([&] { return state() == SourceState::live; }));
  EXPECT_TRUE(all_in_step()) << "it was called live too early";
  EXPECT_EQ(stats().reconciled.value(), 10u);
  exchange_.move("A101USDT");
  EXPECT_TRUE(until([&] { return held("A101USDT").update_id == exchange_.last("A101USDT").update_id; }))
      << "the stream goes on from there";
}

TEST_F(FeedTest, TakesLowerIdsAfterAnExchangeWasReset) {
  list(10);
  ASSERT_TRUE(start_and_be_ready());
  for (const auto& name : exchange_.symbols()) exchange_.move(name);
  ASSERT_TRUE(until([&] { return all_in_step(); }));
  exchange_.drop_all();
  exchange_.reset_ids();
  for (const auto& name : exchange_.symbols()) exchange_.move_unseen(name);
  ASSERT_TRUE(until([&] { return all_in_step(); })) << "by REST";
  for (const auto& name : exchange_.symbols()) exchange_.move(name);
  ASSERT_TRUE(until([&] { return all_in_step(); })) << "by stream";
  EXPECT_LT(held("A101USDT").update_id, 2000);
}

TEST_F(FeedTest, NoticesAResetBehindConnectionsThatStayed) {
  list(4);
  options_.stall_after_ns = kNsPerSecond;
  ASSERT_TRUE(start_and_be_ready());
  for (const auto& name : exchange_.symbols()) exchange_.move(name);
  ASSERT_TRUE(until([&] { return all_in_step(); }));
  exchange_.reset_ids();
  EXPECT_TRUE(until([&] {
    for (const auto& name : exchange_.symbols()) exchange_.move(name);
    return held("A101USDT").update_id < 1'000'000 && held("A102USDT").update_id < 1'000'000;
  }));
}

TEST_F(FeedTest, ComesBackAfterTheExchangeWasGone) {
  list(10);
  ASSERT_TRUE(start_and_be_ready());
  exchange_.go_away();
  ASSERT_TRUE(until([&] { return state() == SourceState::down; }));
  for (const auto& name : exchange_.symbols()) exchange_.move_unseen(name);
  turn_for(300 * kNsPerMs);
  exchange_.come_back();
  ASSERT_TRUE(until([&] { return state() == SourceState::live; }));
  EXPECT_TRUE(all_in_step());
}

TEST_F(FeedTest, KeepsToItsConnectBudgetWhenConnectionsFailAtOnce) {
  list(10);
  options_.connects_per_5_minutes_max = 12;
  options_.backoff_max_ns = 20 * kNsPerMs;
  ASSERT_TRUE(start_and_be_ready());
  EXPECT_EQ(exchange_.handshakes(), 4u);
  exchange_.handshake_fault = [](const wire::HttpRequest&) { return wire::HttpResponse{503, {}, ""}; };
  exchange_.drop_all();
  ASSERT_TRUE(until([&] { return exchange_.handshakes() == 12; }));
  turn_for(500 * kNsPerMs);
  EXPECT_EQ(exchange_.handshakes(), 12u);
}

// --- replacing connections ---

TEST_F(FeedTest, ReplacesADeafConnectionBeforeItLetsGoOfIt) {
  list(10);
  options_.stall_after_ns = 400 * kNsPerMs;
  ASSERT_TRUE(start_and_be_ready());
  const auto deaf = exchange_.peers()[0]->number;
  exchange_.peers()[0]->muted = true;
  bool both_were_open = false;
  ASSERT_TRUE(until([&] {
    for (const auto& name : exchange_.symbols()) exchange_.move(name);
    const auto peers = exchange_.peers();
    both_were_open |= peers.size() == 5;
    return peers.front()->number != deaf;
  }));
  EXPECT_TRUE(both_were_open);
  EXPECT_EQ(stats().stalls.value(), 1u);
  EXPECT_TRUE(until([&] { return all_in_step(); }));
  EXPECT_EQ(state(), SourceState::live);
}

TEST_F(FeedTest, LooksUpWhatASilentExchangeDidNotTell) {
  list(10);
  options_.stall_after_ns = 400 * kNsPerMs;
  ASSERT_TRUE(start_and_be_ready());
  for (int i = 0; i < 100; ++i) {
    for (const auto& name : exchange_.symbols()) exchange_.move(name);
    turn_for(10 * kNsPerMs);
  }
  for (auto* peer : exchange_.peers()) peer->muted = true;
  for (const auto& name : exchange_.symbols()) exchange_.move(name);
  ASSERT_TRUE(until([&] { return state() == SourceState::stale; }));
  ASSERT_TRUE(until([&] { return all_in_step(); })) << "new connections, then a look-up";
  EXPECT_GE(stats().stalls.value(), 4u);
}

TEST_F(FeedTest, GivesUpAConnectionWhoseRequestIsNotAnswered) {
  list(4);
  options_.ack_timeout_ns = 200 * kNsPerMs;
  exchange_.acknowledge = false;
  start();
  ASSERT_TRUE(until([&] { return exchange_.handshakes() >= 8; }));
  exchange_.acknowledge = true;
  EXPECT_TRUE(until([&] { return stats().ready.load(); }));
}

TEST_F(FeedTest, OpensAnotherConnectionAtTheExchangesNotice) {
  list(10);
  ASSERT_TRUE(start_and_be_ready());
  const auto first_ones = exchange_.peers().back()->number;
  exchange_.send_to_all(R"({"e":"serverShutdown","E":1770123456789})");
  std::size_t most = 0;
  ASSERT_TRUE(until([&] {
    for (const auto& name : exchange_.symbols()) exchange_.move(name);
    const auto peers = exchange_.peers();
    most = std::max(most, peers.size());
    EXPECT_NE(state(), SourceState::stale);
    return peers.size() == 4 && peers.front()->number > first_ones;
  }));
  EXPECT_EQ(most, 8u) << "make before break";
  EXPECT_TRUE(until([&] { return all_in_step(); }));
  EXPECT_EQ(state(), SourceState::live);
}

TEST_F(FeedTest, RotatesItsConnectionsOneByOneWithoutLosingAnything) {
  list(10);
  options_.rotate_after_ns = 2 * kNsPerSecond;
  ASSERT_TRUE(start_and_be_ready());
  const auto first_ones = exchange_.peers().back()->number;
  std::size_t fewest_subscribers = 2;
  ASSERT_TRUE(until([&] {
    for (const auto& name : exchange_.symbols()) {
      exchange_.move(name);
      fewest_subscribers = std::min(fewest_subscribers, exchange_.subscribers(name));
    }
    return exchange_.peers().front()->number > first_ones;
  }));
  EXPECT_EQ(fewest_subscribers, 2u);
  EXPECT_GE(stats().rotations.value(), 4u);
  EXPECT_EQ(stats().stalls.value(), 0u);
  EXPECT_EQ(state(), SourceState::live);
  EXPECT_TRUE(until([&] { return all_in_step(); }));
}

// --- symbols that come and go ---

TEST_F(FeedTest, FollowsListingsAndDelistings) {
  list(12);
  options_.poll_interval_ns = 100 * kNsPerMs;
  ASSERT_TRUE(start_and_be_ready());
  exchange_.list("NEWUSDT");
  exchange_.delist("A101USDT");
  ASSERT_TRUE(until([&] { return twice_subscribed("NEWUSDT"); }));
  EXPECT_EQ(exchange_.peers().size(), 4u) << "there was room on those";
  exchange_.move("NEWUSDT");
  EXPECT_TRUE(until([&] { return in_step("NEWUSDT"); }));
  ASSERT_TRUE(until([&] { return symbols_.listing(*symbols_.find("A101USDT")).status == market::kGone; }));
  EXPECT_EQ(state(), SourceState::live);

  exchange_.list("A101USDT");
  ASSERT_TRUE(until([&] { return symbols_.trading(*symbols_.find("A101USDT")); }));
  exchange_.move("A101USDT");
  EXPECT_TRUE(until([&] { return in_step("A101USDT"); }));
}

TEST_F(FeedTest, SubscribesAReturnedSymbolAfterItsConnectionsWereReplaced) {
  list(12);
  options_.poll_interval_ns = 100 * kNsPerMs;
  ASSERT_TRUE(start_and_be_ready());
  exchange_.delist("A101USDT");
  ASSERT_TRUE(until([&] { return !symbols_.trading(*symbols_.find("A101USDT")); }));
  exchange_.drop_all();
  ASSERT_TRUE(until([&] { return stats().subscribed_streams.value() == 22; }));
  EXPECT_EQ(exchange_.subscribers("A101USDT"), 0u);
  exchange_.list("A101USDT");
  ASSERT_TRUE(until([&] { return twice_subscribed("A101USDT"); }));
  exchange_.move("A101USDT");
  EXPECT_TRUE(until([&] { return in_step("A101USDT"); }));
}

TEST_F(FeedTest, FollowsAPause) {
  list(12);
  options_.poll_interval_ns = 100 * kNsPerMs;
  ASSERT_TRUE(start_and_be_ready());
  exchange_.list("A101USDT", "BREAK");
  ASSERT_TRUE(until([&] { return !symbols_.trading(*symbols_.find("A101USDT")); }));
  EXPECT_TRUE(twice_subscribed("A101USDT"));
  exchange_.list("A101USDT");
  EXPECT_TRUE(until([&] { return symbols_.trading(*symbols_.find("A101USDT")); }));
}

TEST_F(FeedTest, OpensMoreConnectionsWhenThereIsNoRoom) {
  list(8);
  options_.poll_interval_ns = 100 * kNsPerMs;
  options_.streams_per_connection_max = 4;
  ASSERT_TRUE(start_and_be_ready());
  EXPECT_EQ(exchange_.peers().size(), 4u);
  exchange_.list("NEWUSDT");
  ASSERT_TRUE(until([&] { return twice_subscribed("NEWUSDT"); }));
  EXPECT_EQ(exchange_.peers().size(), 6u);
  for (const auto* peer : exchange_.peers()) EXPECT_LE(peer->streams.size(), 4u);
}

// --- refusals ---

class FeedRefusedTest : public FeedTest, public testing::WithParamInterface<int> {};

TEST_P(FeedRefusedTest, ComesBackWhenTheExchangeRelents) {
  list(4);
  bool refuse = true;
  const auto fault = [&](const wire::HttpRequest&) {
    return refuse ? wire::HttpResponse{GetParam(), {{"Retry-After", "1"}}, "{}"}
                  : wire::HttpResponse{0, {}, ""};
  };
  exchange_.handshake_fault = fault;
  start();
  ASSERT_TRUE(until([&] { return exchange_.handshakes() >= 4; }));
  refuse = false;
  const std::int64_t relented_ns = steady_ns();
  ASSERT_TRUE(until([&] { return stats().ready.load(); }));
  EXPECT_GE(steady_ns() - relented_ns, 500 * kNsPerMs) << "Retry-After was 1 s";

  refuse = true;
  exchange_.handshake_fault = nullptr;
  exchange_.rest_fault = fault;
  exchange_.drop_all();
  for (const auto& name : exchange_.symbols()) exchange_.move_unseen(name);
  const std::uint64_t failures = stats().rest_failures;
  ASSERT_TRUE(until([&] { return stats().rest_failures > failures; }));
  refuse = false;
  EXPECT_TRUE(until([&] { return all_in_step(); }));
}

INSTANTIATE_TEST_SUITE_P(Statuses, FeedRefusedTest, testing::Values(403, 418, 429, 451, 503));

TEST_F(FeedTest, LeavesOutASymbolWhoseNameTheExchangeRefuses) {
  list(20);
  exchange_.invalid_stream = "a107usdt@bookTicker";
  options_.requests_per_second = 100;
  ASSERT_TRUE(start_and_be_ready());
  for (const auto& name : exchange_.symbols()) {
    EXPECT_EQ(exchange_.subscribers(name), name == "A107USDT" ? 0u : 2u) << name;
  }
  EXPECT_EQ(state(), SourceState::live);
}

TEST_F(FeedTest, TriesARefusedSymbolAgainWhenItLooksAtTheListings) {
  list(20);
  exchange_.invalid_stream = "a107usdt@bookTicker";
  options_.requests_per_second = 100;
  options_.poll_interval_ns = 500 * kNsPerMs;
  ASSERT_TRUE(start_and_be_ready());
  exchange_.invalid_stream.clear();
  ASSERT_TRUE(until([&] { return stats().subscribed_streams.value() == 40; }));
  EXPECT_TRUE(twice_subscribed("A107USDT"));
}

TEST_F(FeedTest, StartsAConnectionAnewWhenEveryRequestIsRefused) {
  list(3);
  options_.legs = 1;
  options_.connections_per_leg_min = 1;
  options_.requests_per_second = 100;
  exchange_.refuse_requests = true;
  start();
  ASSERT_TRUE(until([&] { return exchange_.handshakes() >= 2; }));
  exchange_.refuse_requests = false;
  EXPECT_TRUE(until([&] { return stats().ready.load(); }));
  EXPECT_EQ(stats().subscribed_streams.value(), 3u);
}

// --- what the wire may bring ---

TEST_F(FeedTest, CountsWhatItCannotReadAndGoesOn) {
  list(4);
  ASSERT_TRUE(start_and_be_ready());
  const auto ticker = [](const char* symbol, const char* bid) {
    return std::string(R"({"u":99999999999999,"s":")") + symbol + R"(","b":")" + bid +
           R"(","B":"1","a":"2","A":"1"})";
  };
  for (const auto& frame :
       {std::string("{"), std::string("[]"), std::string("nonsense"), std::string(),
        std::string(R"({"u":"x","s":"A101USDT","b":"1","B":"1","a":"2","A":"1"})"),
        std::string(R"({"u":1,"s":"A101USDT"})"), ticker("A101USDT", "-1"), ticker("A101USDT", "1e5"),
        ticker("A101USDT", "123456789012345678901234567890"), ticker("NOTOURSUSDT", "1"),
        std::string(R"({"e":"newThing","E":1})"), std::string(R"({"result":null,"id":4711})"),
        std::string(R"({"error":{"code":3,"msg":"Invalid JSON"}})"), std::string(100'000, '[')}) {
    exchange_.send_to_all(frame);
  }
  exchange_.send_binary_to_all("\x01\x02");
  exchange_.move("A102USDT");
  ASSERT_TRUE(until([&] { return in_step("A102USDT"); }));
  EXPECT_GT(stats().malformed.value(), 0u);
  EXPECT_GT(stats().unrepresentable.value(), 0u);
  EXPECT_GT(stats().unknown_symbols.value(), 0u);
  EXPECT_GT(stats().unknown_events.value(), 0u);
  EXPECT_FALSE(symbols_.find("NOTOURSUSDT"));
  EXPECT_EQ(exchange_.peers().size(), 4u);
  EXPECT_TRUE(all_in_step());
  EXPECT_EQ(state(), SourceState::live);
}

TEST_F(FeedTest, LooksUpWhatAnUnreadableFrameMayHaveSaid) {
  list(4);
  ASSERT_TRUE(start_and_be_ready());
  exchange_.move_unseen("A101USDT");
  exchange_.send_to_all(R"({"u":10000000003,"s":"A101USDT","b":"0.0000)");
  EXPECT_TRUE(until([&] { return in_step("A101USDT"); }));
}

TEST_F(FeedTest, TapsTheFramesOfTheFirstLegOnly) {
  list(4);
  std::vector<std::string> frames;
  tap_ = [&](std::int64_t received_ns, std::string_view frame) {
    EXPECT_GT(received_ns, 0);
    frames.emplace_back(frame);
  };
  ASSERT_TRUE(start_and_be_ready());
  frames.clear();
  for (int i = 0; i < 5; ++i) exchange_.move("A101USDT");
  ASSERT_TRUE(
      until([&] { return stats().legs[0].wins + stats().legs[0].duplicates + stats().legs[0].older == 5; }));
  EXPECT_EQ(frames.size(), 5u);
  EXPECT_THAT(frames.back(), testing::HasSubstr(R"("s":"A101USDT")"));
}

}  // namespace
}  // namespace tickcast::feed
