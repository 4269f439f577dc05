// SPDX-License-Identifier: Apache-2.0
//
// The server's rules: numbers of connections, rates, pings, stuck peers, draining.
#include "ws/server.h"

#include <optional>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <sys/resource.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ws/address_limit.h"
#include "ws/test_server.h"

// There under the sanitizers only.
extern "C" __attribute__((weak)) void __asan_init();

namespace tickcast::ws {
namespace {

using test::encode;
using test::ServerTest;
using test::TestPeer;
using test::turn_for;
using test::turn_until;
using testing::HasSubstr;
using testing::StartsWith;

// --- numbers of connections ---

TEST_F(ServerTest, OverTheTotalIsRefusedWith503UntilOneGoes) {
  options_.connections_max = 2;
  serve();
  TestPeer first = open();
  TestPeer second = open();
  {
    TestPeer third = dial();
    const std::string head = third.open();
    EXPECT_THAT(head, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(head, HasSubstr("Retry-After: 5\r\n"));
    third.read_to_end();
    EXPECT_FALSE(third.reset());
  }
  EXPECT_EQ(server_->counters().refused_full, 1u);
  first.close();
  EXPECT_TRUE(connections_are(1));
  open();
}

TEST_F(ServerTest, ThoseWhoAreRefusedDoNotCount) {
  options_.connections_max = 1;
  serve();
  TestPeer first = open();
  std::vector<TestPeer> waiting;
  for (int i = 0; i < 20; ++i) waiting.push_back(dial());
  ASSERT_TRUE(turn_until(loop_, [&] { return server_->counters().accepted == 21; }));
  EXPECT_EQ(server_->counters().refused_full, 20u);
  first.close();
  ASSERT_TRUE(connections_are(20));
  open();
}

TEST_F(ServerTest, TheTotalHoldsHoweverManyAreRefused) {
  options_.connections_max = 1;
  serve();
  TestPeer first = open();
  for (int i = 0; i < 200; ++i) {
    TestPeer refused = dial();
    ASSERT_THAT(refused.open(), StartsWith("HTTP/1.1 503 "));
    refused.close();
    ASSERT_TRUE(connections_are(1));
  }
  EXPECT_EQ(server_->counters().refused_full, 200u);
}

TEST_F(ServerTest, OverTheNumberPerAddressIsRefusedAndOtherAddressesAreNot) {
  options_.connections_per_address_max = 2;
  serve();
  TestPeer first = open();
  TestPeer second = open();
  TestPeer third = dial();
  EXPECT_THAT(third.open(), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(server_->counters().refused_address, 1u);

  // The whole of 127/8 is this machine.
  net::Socket other(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in from{};
  from.sin_family = AF_INET;
  inet_pton(AF_INET, "127.0.0.2", &from.sin_addr);
  ASSERT_EQ(bind(other.fd(), reinterpret_cast<sockaddr*>(&from), sizeof from), 0);
  const net::Endpoint to = net::resolve("127.0.0.1", port_)->front();
  ASSERT_EQ(connect(other.fd(), reinterpret_cast<const sockaddr*>(&to.storage), to.length), 0);
  TestPeer elsewhere(loop_, std::move(other));
  EXPECT_THAT(elsewhere.open(), StartsWith("HTTP/1.1 101 "));
  EXPECT_EQ(app_.peers.back(), "127.0.0.2");

  second.close();
  ASSERT_TRUE(turn_until(loop_, [&] { return app_.ended.size() == 1; }));
  open();
}

TEST(AddressLimit, CountsAnIpv6NetworkAsOneAddress) {
  AddressLimit limit(1);
  const auto endpoint = [](const char* address) { return net::resolve(address, 1)->front(); };
  auto first = limit.admit(endpoint("2001:db8:1:2::1"));
  ASSERT_TRUE(first);
  EXPECT_FALSE(limit.admit(endpoint("2001:db8:1:2:ffff::9")));
  EXPECT_TRUE(limit.admit(endpoint("2001:db8:1:3::1")));
  auto four = limit.admit(endpoint("192.0.2.1"));
  EXPECT_TRUE(four);
  EXPECT_FALSE(limit.admit(endpoint("::ffff:192.0.2.1")));
  EXPECT_TRUE(limit.admit(endpoint("192.0.2.2")));
  first.reset();
  EXPECT_TRUE(limit.admit(endpoint("2001:db8:1:2::1")));
  EXPECT_EQ(limit.addresses(), 1u);  // the tickets above went at once, but for one
}

TEST_F(ServerTest, WaitsOutALackOfDescriptors) {
  if (__asan_init != nullptr) GTEST_SKIP() << "the sanitizers open descriptors of their own while they check";
  serve();
  TestPeer before = open();
  TestPeer peer = dial();
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{.rlim_cur = 3, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  turn_for(loop_, 10 * kNsPerMs);
  before.send(test::text("still served"));
  EXPECT_EQ(before.read_frame()->payload, "still served");
  const std::int64_t start = steady_ns();
  loop_.turn(20 * kNsPerMs);
  EXPECT_GT(steady_ns() - start, 0);
  EXPECT_EQ(server_->counters().accepted, 1u);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_THAT(peer.open(), StartsWith("HTTP/1.1 101 "));
}

// --- rules of open connections ---

TEST_F(ServerTest, TooManyMessagesAreClosedWith1008) {
  options_.messages_per_second = 1;
  options_.messages_burst = 5;
  serve();
  TestPeer peer = open();
  std::string messages;
  for (int i = 0; i < 20; ++i) messages += encode(test::text(std::to_string(i)), true);
  peer.send(messages);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(peer.read_frame()->payload, std::to_string(i));
  EXPECT_EQ(*peer.read_frame(), test::close(1008, "Too many requests"));
  EXPECT_EQ(app_.messages.size(), 5u);
  EXPECT_EQ(server_->counters().too_many_messages, 1u);
}

TEST_F(ServerTest, PingsCountAsMessages) {
  options_.messages_per_second = 1;
  options_.messages_burst = 5;
  serve();
  TestPeer peer = open();
  for (int i = 0; i < 20; ++i) peer.send(test::ping());
  std::optional<test::Frame> frame = peer.read_frame();
  while (frame && frame->opcode == 10) frame = peer.read_frame();
  ASSERT_TRUE(frame);
  EXPECT_EQ(*frame, test::close(1008, "Too many requests"));
}

TEST_F(ServerTest, TheBucketFillsAgain) {
  options_.messages_per_second = 1000;
  options_.messages_burst = 5;
  serve();
  TestPeer peer = open();
  for (int i = 0; i < 50; ++i) {
    peer.send(test::text("paced"));
    ASSERT_EQ(peer.read_frame()->payload, "paced");
    turn_for(loop_, 3 * kNsPerMs);
  }
}

TEST_F(ServerTest, PingsAQuietPeerAndKeepsOneThatAnswers) {
  options_.ping_interval_ns = 20 * kNsPerMs;
  options_.pong_timeout_ns = 10 * kNsPerSecond;
  serve();
  TestPeer peer = open();
  for (int i = 0; i < 3; ++i) {
    const auto ping = peer.read_frame();
    ASSERT_TRUE(ping);
    EXPECT_EQ(ping->opcode, 9);
    peer.send(test::pong(ping->payload));
  }
  EXPECT_TRUE(turn_until(loop_, [&] { return app_.opened[0]->ping_sent_ns() == 0; }));
  EXPECT_TRUE(app_.ended.empty());
}

TEST_F(ServerTest, DoesNotPingWhileThereIsTraffic) {
  options_.ping_interval_ns = 10 * kNsPerSecond;
  serve();
  TestPeer quiet = open();
  turn_for(loop_, 30 * kNsPerMs);
  EXPECT_EQ(quiet.available(), 0u);
}

TEST_F(ServerTest, PingsAtEveryIntervalWhenToldTo) {
  options_.ping_interval_ns = 20 * kNsPerMs;
  options_.ping_only_when_quiet = false;
  serve();
  TestPeer peer = open();
  int pings = 0;
  for (int i = 0; i < 2000 && pings < 3; ++i) {
    peer.send(test::text("busy"));
    const auto frame = peer.read_frame();
    ASSERT_TRUE(frame);
    if (frame->opcode == 9) {
      ++pings;
      peer.send(test::pong(frame->payload));
    }
    turn_for(loop_, kNsPerMs);
  }
  EXPECT_EQ(pings, 3);
}

TEST_F(ServerTest, APeerThatDoesNotAnswerPingsIsClosed) {
  options_.ping_interval_ns = 20 * kNsPerMs;
  options_.pong_timeout_ns = 60 * kNsPerMs;
  options_.connection.close_timeout_ns = 20 * kNsPerMs;
  serve();
  TestPeer peer = open();
  std::optional<test::Frame> frame = peer.read_frame();
  while (frame && frame->opcode == 9) {
    peer.send(test::pong("unasked"));  // which answers nothing
    frame = peer.read_frame();
  }
  ASSERT_TRUE(frame);
  EXPECT_EQ(*frame, test::close(1008, "Pong timeout"));
  EXPECT_EQ(server_->counters().pong_timeouts, 1u);
  EXPECT_TRUE(connections_are(0));
  EXPECT_EQ(app_.ended.at(0).reason, "Pong timeout");
}

TEST_F(ServerTest, APeerThatTakesNothingIsReset) {
  options_.stuck_timeout_ns = 50 * kNsPerMs;
  serve({.send_buffer_bytes = 16 * 1024});
  TestPeer stalled = open();
  TestPeer healthy = open();
  Connection& connection = *app_.opened[0];
  const std::string frame = encode(test::text(std::string(1000, 'q')), false);
  ASSERT_TRUE(turn_until(loop_, [&] {
    while (connection.can_offer()) connection.offer(frame);
    return !connection.open() || server_->counters().stuck == 1;
  }));
  ASSERT_TRUE(connections_are(1));
  EXPECT_EQ(server_->counters().stuck, 1u);
  EXPECT_TRUE(app_.ended.at(0).by_us);
  healthy.send(test::text("fine"));
  EXPECT_EQ(healthy.read_frame()->payload, "fine");
  stalled.wait_for_end();
  EXPECT_TRUE(stalled.reset());
}

TEST_F(ServerTest, APeerThatTakesSlowlyIsNotReset) {
  options_.stuck_timeout_ns = 600 * kNsPerMs;
  serve({.send_buffer_bytes = 16 * 1024});
  TestPeer slow = open();
  Connection& connection = *app_.opened[0];
  const std::string frame = encode(test::text(std::string(1000, 'q')), false);
  const std::int64_t end = steady_ns() + 1200 * kNsPerMs;
  while (steady_ns() < end) {
    while (connection.can_offer()) connection.offer(frame);
    slow.read_bytes(10'000);
    turn_for(loop_, 5 * kNsPerMs);
  }
  EXPECT_TRUE(connection.open());
  EXPECT_EQ(server_->counters().stuck, 0u);
}

// --- many ---

TEST_F(ServerTest, EveryConnectionMayBeAbortedWhileTheyAreVisited) {
  serve();
  std::vector<TestPeer> peers;
  for (int i = 0; i < 20; ++i) peers.push_back(open());
  int visited = 0;
  server_->for_each([&](Connection& connection) {
    ++visited;
    if (visited % 2 == 0) {
      connection.abort("visited");
    } else {
      connection.close(wire::CloseCode::going_away, "visited");
    }
  });
  EXPECT_EQ(visited, 20);
  EXPECT_TRUE(app_.ended.empty());
  for (TestPeer& peer : peers) {
    const auto frame = peer.read_frame();
    if (frame) peer.send(test::close(1001));
  }
  EXPECT_TRUE(connections_are(0));
  EXPECT_EQ(app_.ended.size(), 20u);
}

TEST_F(ServerTest, DrainClosesAllSpreadOverTime) {
  serve();
  std::vector<TestPeer> peers;
  for (int i = 0; i < 10; ++i) peers.push_back(open());
  TestPeer idle = dial();
  ASSERT_TRUE(connections_are(11));
  const std::int64_t begin = steady_ns();
  bool done = false;
  server_->drain(wire::CloseCode::service_restart, "restart", 400 * kNsPerMs, [&] { done = true; });
  EXPECT_FALSE(done);

  std::vector<std::int64_t> moments;
  std::vector<bool> told(peers.size());
  ASSERT_TRUE(turn_until(loop_, [&] {
    for (std::size_t i = 0; i < peers.size(); ++i) {
      if (told[i] || peers[i].available() == 0) continue;
      told[i] = true;
      moments.push_back(steady_ns() - begin);
      EXPECT_EQ(*peers[i].read_frame(), test::close(1012, "restart"));
      peers[i].send(test::close(1012));
    }
    return done;
  }));
  EXPECT_EQ(moments.size(), 10u);
  EXPECT_LT(moments.front(), 300 * kNsPerMs);
  EXPECT_GE(moments.back(), 300 * kNsPerMs);
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_TRUE(idle.wait_for_end());
  auto late = net::start_connect(net::resolve("127.0.0.1", port_)->front());
  turn_for(loop_, 5 * kNsPerMs);
  EXPECT_TRUE(!late || !net::connect_outcome(*late));
}

TEST_F(ServerTest, DrainOfNobodyIsDoneFromTheLoop) {
  serve();
  bool done = false;
  server_->drain(wire::CloseCode::service_restart, "", kNsPerMs, [&] { done = true; });
  EXPECT_FALSE(done);
  EXPECT_TRUE(turn_until(loop_, [&] { return done; }));
}

TEST_F(ServerTest, DrainEndsThoughPeersDoNotAnswer) {
  options_.connection.close_timeout_ns = 20 * kNsPerMs;
  serve();
  TestPeer deaf = open();
  bool done = false;
  server_->drain(wire::CloseCode::service_restart, "", 0, [&] {
    done = true;
    server_.reset();  // allowed: it is the last thing the server does
  });
  EXPECT_TRUE(turn_until(loop_, [&] { return done; }));
}

TEST_F(ServerTest, ItsEndDropsAllWithoutAWord) {
  serve();
  TestPeer opened = open();
  TestPeer idle = dial();
  ASSERT_TRUE(connections_are(2));
  server_.reset();
  EXPECT_TRUE(opened.wait_for_end());
  EXPECT_TRUE(idle.wait_for_end());
  EXPECT_TRUE(app_.ended.empty());
}

TEST_F(ServerTest, AThousandConnectionsComeAndGo) {
  net::raise_descriptor_limit();
  serve();
  for (int round = 0; round < 5; ++round) {
    std::vector<TestPeer> peers;
    for (int i = 0; i < 200; ++i) peers.push_back(open());
    for (std::size_t i = 0; i < peers.size(); ++i) {
      if (i % 3 == 0) peers[i].abort();
    }
  }
  EXPECT_TRUE(connections_are(0));
  EXPECT_EQ(app_.ended.size(), 1000u);
}

}  // namespace
}  // namespace tickcast::ws
