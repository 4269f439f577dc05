// SPDX-License-Identifier: Apache-2.0
//
// What the conformance list does not show: writing under pressure, the ways to end, calls from inside events.
// One connection over a loopback socket, the test at the other end.
#include "ws/connection.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ws/test_peer.h"

namespace tickcast::ws {
namespace {

using test::encode;
using test::Frame;
using test::TestPeer;
using test::turn_for;
using test::turn_until;

struct Events final : ConnectionEvents {
  void on_message(Connection& connection, const wire::Message& message, std::int64_t received_ns) override {
    messages.emplace_back(message.payload.begin(), message.payload.end());
    last_received_ns = received_ns;
    if (ended) ADD_FAILURE() << "a message after the end";
    if (then) then(connection);
  }
  void on_read_end(Connection&) override { ++read_ends; }
  void on_writable(Connection& connection) override {
    ++writables;
    if (when_writable) when_writable(connection);
  }
  void on_ended(Connection& connection, const Ended& how) override {
    ++ends;
    ended = how;
    if (at_end) at_end(connection);
  }

  std::vector<std::string> messages;
  std::int64_t last_received_ns = 0;
  int read_ends = 0;
  int writables = 0;
  int ends = 0;
  std::optional<Ended> ended;
  std::function<void(Connection&)> then;
  std::function<void(Connection&)> when_writable;
  std::function<void(Connection&)> at_end;
};

class ConnectionTest : public testing::Test {
 protected:
  // Both socket buffers are small, so that a reader who stops is felt soon.
  void open(wire::Role role = wire::Role::server, std::string already_read = "") {
    const net::Socket listener = net::listen_tcp({"127.0.0.1", 0}, {.send_buffer_bytes = 16 * 1024}).value();
    auto dialled = net::start_connect(*net::local_endpoint(listener), {.receive_buffer_bytes = 16 * 1024});
    peer_.emplace(loop_, std::move(dialled).value());
    if (role == wire::Role::server) peer_->act_as_client();
    net::Socket accepted;
    ASSERT_TRUE(turn_until(loop_, [&] {
      net::Endpoint from;
      accepted = net::accept_tcp(listener, from).value();
      return static_cast<bool>(accepted);
    }));
    owner_.emplace(ConnectionOwner{loop_, role, options_, events_});
    connection_ = std::make_unique<Connection>(*owner_, net::Stream(std::move(accepted)));
    connection_->start(already_read);
  }

  bool messages_are(std::size_t count) {
    return turn_until(loop_, [&] { return events_.messages.size() == count; });
  }
  bool ended() {
    return turn_until(loop_, [&] { return events_.ends > 0; });
  }

  // Offers until the socket is full; what it took, and the rest of the torn frame through finish().
  std::string fill(const std::string& frame) {
    std::string taken;
    while (connection_->can_offer()) {
      const std::size_t bytes = connection_->offer(frame);
      taken.append(frame, 0, bytes);
      if (bytes < frame.size() && bytes > 0) {
        connection_->finish(std::span<const char>(frame).subspan(bytes));
        taken.append(frame, bytes);
      }
    }
    return taken;
  }

  net::Loop loop_;
  ConnectionOptions options_;
  Events events_;
  std::optional<ConnectionOwner> owner_;
  std::optional<TestPeer> peer_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, OfferWritesWhatTheSocketTakesAndNoMore) {
  open();
  const std::string frame = encode(test::text(std::string(1000, 'a')), false);
  const std::string taken = fill(frame);
  EXPECT_FALSE(connection_->can_offer());
  EXPECT_TRUE(connection_->open());
  EXPECT_LT(connection_->unsent_bytes(), frame.size());
  EXPECT_EQ(events_.writables, 0);

  EXPECT_EQ(peer_->read_bytes(taken.size()), taken);
  EXPECT_TRUE(turn_until(loop_, [&] { return events_.writables == 1; }));
  EXPECT_TRUE(connection_->can_offer());
  EXPECT_EQ(connection_->unsent_bytes(), 0u);
  EXPECT_EQ(connection_->offer(frame), frame.size());
  EXPECT_EQ(peer_->read_bytes(frame.size()), frame);
  turn_for(loop_, 5 * kNsPerMs);
  EXPECT_EQ(events_.writables, 1);
}

TEST_F(ConnectionTest, RepliesWaitBehindATornFrame) {
  open();
  const std::string frame = encode(test::text(std::string(5000, 'a')), false);
  std::string expected = fill(frame);
  connection_->send(wire::Opcode::text, "a reply");
  expected += encode(test::text("a reply"), false);
  EXPECT_EQ(peer_->read_bytes(expected.size()), expected);
}

TEST_F(ConnectionTest, OfferGoesBehindWhatIsQueuedAlready) {
  open();
  connection_->append_frames(encode(test::text("first"), false));
  EXPECT_EQ(peer_->available(), 0u);
  const std::string second = encode(test::text("second"), false);
  EXPECT_TRUE(connection_->can_offer());
  EXPECT_EQ(connection_->offer(second), second.size());
  EXPECT_EQ(peer_->read_frame()->payload, "first");
  EXPECT_EQ(peer_->read_frame()->payload, "second");
}

TEST_F(ConnectionTest, ALoopWithAnIdleConnectionSleeps) {
  events_.then = [](Connection& connection) { connection.send(wire::Opcode::text, "reply"); };
  open();
  peer_->send(test::text("request"));
  EXPECT_EQ(peer_->read_frame()->payload, "reply");
  loop_.turn(0);
  const std::int64_t before = steady_ns();
  loop_.turn(20 * kNsPerMs);
  EXPECT_GE(steady_ns() - before, 15 * kNsPerMs) << "writability is watched without need";
}

TEST_F(ConnectionTest, ALoopWithABlockedConnectionSleeps) {
  open();
  fill(encode(test::text(std::string(1000, 'a')), false));
  loop_.turn(0);
  const std::int64_t before = steady_ns();
  loop_.turn(20 * kNsPerMs);
  EXPECT_GE(steady_ns() - before, 15 * kNsPerMs) << "a full socket wakes the loop";
}

TEST_F(ConnectionTest, ASlowReaderOfRepliesIsAbortedAndNotFromInsideSend) {
  options_.unsent_bytes_max = 100'000;
  open();
  int sent = 0;
  while (connection_->open() && sent < 10'000) {
    connection_->send(wire::Opcode::text, std::string(1000, 'r'));
    ++sent;
    EXPECT_EQ(events_.ends, 0);
  }
  EXPECT_LT(sent, 10'000);
  ASSERT_TRUE(ended());
  EXPECT_TRUE(events_.ended->by_us);
  EXPECT_THAT(events_.ended->reason, testing::HasSubstr("reads too slowly"));
  EXPECT_TRUE(peer_->wait_for_end());
  EXPECT_TRUE(peer_->reset());
}

TEST_F(ConnectionTest, AReaderThatTakesLongGetsEverythingInOrder) {
  options_.unsent_bytes_max = 4 * 1024 * 1024;
  open();
  for (int i = 0; i < 2000; ++i)
    connection_->send(wire::Opcode::text, std::to_string(i) + std::string(1000, '.'));
  for (int i = 0; i < 2000; ++i)
    ASSERT_EQ(peer_->read_frame()->payload, std::to_string(i) + std::string(1000, '.'));
  EXPECT_EQ(connection_->unsent_bytes(), 0u);
  EXPECT_TRUE(connection_->open());
}

TEST_F(ConnectionTest, AReaderThatNeverQuiteCatchesUpCostsNoMoreThanWhatItIsOwed) {
  constexpr std::size_t kOwed = 256 * 1024;
  options_.unsent_bytes_max = 2 * kOwed;
  open();
  const std::string message(1000, 'm');
  std::size_t taken = 0;
  std::size_t memory_max = 0;
  while (taken < 8 * 1024 * 1024) {
    while (connection_->unsent_bytes() < kOwed) connection_->send(wire::Opcode::text, message);
    memory_max = std::max(memory_max, connection_->unsent_memory_bytes());
    taken += peer_->read_bytes(4000).size();
    ASSERT_TRUE(connection_->open());
    ASSERT_GT(connection_->unsent_bytes(), 0u) << "the reader has caught up: nothing was shown";
  }
  EXPECT_LE(memory_max, 5 * kOwed);  // as much again is kept until it is worth moving, and strings double
}

TEST_F(ConnectionTest, ManyRepliesToOneReadAreBoundedToo) {
  options_.unsent_bytes_max = 256 * 1024;
  events_.then = [](Connection& connection) {
    connection.send(wire::Opcode::text, std::string(20'000, 'r'));
  };
  open();
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += encode(test::text("give"), true);
  peer_->send(requests);
  ASSERT_TRUE(ended());
  EXPECT_TRUE(events_.ended->by_us);
  EXPECT_LT(events_.messages.size(), 1000u);
}

TEST_F(ConnectionTest, AnswersAStormOfPingsInOrder) {
  options_.unsent_bytes_max = 4 * 1024 * 1024;
  open();
  std::string pings;
  for (int i = 0; i < 20'000; ++i) pings += encode(test::ping(std::to_string(i)), true);
  peer_->send(pings);
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(*peer_->read_frame(), test::pong(std::to_string(i)));
  EXPECT_EQ(connection_->take_frames_received(), 20'000u);
}

TEST_F(ConnectionTest, AFastPeerDoesNotHoldTheTurn) {
  open();
  const std::string frame = encode(test::binary(std::string(60'000, 'f')), true);
  std::size_t largest = 0;
  for (int round = 0; round < 200; ++round) {
    while (::send(peer_->fd(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
           static_cast<ssize_t>(frame.size())) {
    }
    events_.messages.clear();
    loop_.turn(0);
    largest = std::max(largest, events_.messages.size());
    if (!connection_->open()) break;  // a frame was cut by the full socket: good enough
  }
  EXPECT_LE(largest * frame.size(), 1024u * 1024);
}

TEST_F(ConnectionTest, AMessageLongerThanAReadArrivesWhole) {
  options_.limits.message_bytes_max = 4 * 1024 * 1024;
  open();
  std::string payload(3'000'000, '\0');
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 31);
  peer_->send(test::binary(payload));
  ASSERT_TRUE(messages_are(1));
  EXPECT_EQ(events_.messages[0], payload);
}

TEST_F(ConnectionTest, TellsTheEndOfEachReadAndTheTimeOfIt) {
  open();
  const std::int64_t before = wall_ns();
  peer_->send(encode(test::text("one"), true) + encode(test::text("two"), true));
  ASSERT_TRUE(messages_are(2));
  EXPECT_EQ(events_.read_ends, 1);
  EXPECT_GE(events_.last_received_ns, before);
  EXPECT_LE(events_.last_received_ns, wall_ns());
}

TEST_F(ConnectionTest, TakesInWhatCameWithTheHandshake) {
  open(wire::Role::server, encode(test::text("early"), true) + encode(test::text("torn"), true).substr(0, 4));
  EXPECT_EQ(events_.messages, std::vector<std::string>{"early"});
  peer_->send(encode(test::text("torn"), true).substr(4));
  ASSERT_TRUE(messages_are(2));
  EXPECT_EQ(events_.messages[1], "torn");
}

// --- pings ---

TEST_F(ConnectionTest, OnlyAPongToItsPingAnswersIt) {
  open();
  turn_for(loop_, kNsPerMs);
  connection_->ping();
  const std::int64_t sent = connection_->ping_sent_ns();
  EXPECT_GT(sent, 0);
  const auto ping = peer_->read_frame();
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->opcode, 9);
  for (const char* wrong : {"", "x", "1", "99999999999999999999999999"}) peer_->send(test::pong(wrong));
  peer_->send(test::text("after"));
  ASSERT_TRUE(messages_are(1));
  EXPECT_EQ(connection_->ping_sent_ns(), sent);
  peer_->send(test::pong(ping->payload));
  EXPECT_TRUE(turn_until(loop_, [&] { return connection_->ping_sent_ns() == 0; }));
}

TEST_F(ConnectionTest, APongToTheLastOfSeveralPingsAnswersAll) {
  open();
  connection_->ping();
  const std::int64_t first = connection_->ping_sent_ns();
  turn_for(loop_, 2 * kNsPerMs);
  connection_->ping();
  EXPECT_EQ(connection_->ping_sent_ns(), first);
  peer_->read_frame();
  peer_->send(test::pong(peer_->read_frame()->payload));
  EXPECT_TRUE(turn_until(loop_, [&] { return connection_->ping_sent_ns() == 0; }));
}

// --- the end ---

TEST_F(ConnectionTest, CloseIsAnsweredByThePeersClose) {
  open();
  connection_->close(wire::CloseCode::going_away, "leaving");
  connection_->close(wire::CloseCode::normal, "again");
  connection_->send(wire::Opcode::text, "too late");
  EXPECT_EQ(*peer_->read_frame(), test::close(1001, "leaving"));
  EXPECT_EQ(events_.ends, 0);
  peer_->send(test::close(4321, "bye"));
  ASSERT_TRUE(ended());
  EXPECT_EQ(events_.ended->code, static_cast<wire::CloseCode>(4321));
  EXPECT_EQ(events_.ended->reason, "leaving");
  EXPECT_TRUE(events_.ended->by_us);
  EXPECT_EQ(peer_->read_to_end(), "");
  EXPECT_FALSE(peer_->reset());
}

TEST_F(ConnectionTest, ThePeersCloseIsReported) {
  open();
  peer_->send(test::close(1000, "that is all"));
  ASSERT_TRUE(ended());
  EXPECT_EQ(events_.ended->code, wire::CloseCode::normal);
  EXPECT_EQ(events_.ended->reason, "that is all");
  EXPECT_FALSE(events_.ended->by_us);
  EXPECT_EQ(*peer_->read_frame(), test::close(1000));
}

TEST_F(ConnectionTest, APeerThatDoesNotAnswerTheCloseIsReset) {
  options_.close_timeout_ns = 20 * kNsPerMs;
  open();
  connection_->close(wire::CloseCode::policy, "Pong timeout");
  ASSERT_TRUE(ended());
  EXPECT_EQ(events_.ended->code, wire::CloseCode::abnormal);
  EXPECT_EQ(events_.ended->reason, "Pong timeout");
  EXPECT_TRUE(events_.ended->by_us);
  EXPECT_TRUE(peer_->wait_for_end());
  EXPECT_TRUE(peer_->reset());
}

TEST_F(ConnectionTest, AClosingPeerThatReadsNothingIsReset) {
  options_.close_timeout_ns = 20 * kNsPerMs;
  open();
  fill(encode(test::text(std::string(1000, 'a')), false));
  peer_->send(test::close(1000));
  ASSERT_TRUE(ended());
  EXPECT_EQ(events_.ended->code, wire::CloseCode::normal);
  EXPECT_EQ(events_.ends, 1);
}

TEST_F(ConnectionTest, AfterAViolationTheCloseFrameArrivesThoughThePeerGoesOnSending) {
  open();
  std::string bytes = encode(Frame{.opcode = 5, .payload = "x"}, true);
  for (int i = 0; i < 1000; ++i) bytes += encode(test::text(std::string(500, 'm')), true);
  peer_->send(bytes);
  const auto closing = peer_->read_frame();
  ASSERT_TRUE(closing);
  EXPECT_EQ(test::close_code(*closing), 1002);
  EXPECT_TRUE(peer_->wait_for_end());
  EXPECT_FALSE(peer_->reset());
  peer_->close();
  ASSERT_TRUE(ended());
  EXPECT_TRUE(events_.ended->by_us);
  EXPECT_EQ(events_.ended->reason, "reserved opcode");
  EXPECT_TRUE(events_.messages.empty());
}

TEST_F(ConnectionTest, AnEndWithoutACloseFrameIsAbnormal) {
  open();
  peer_->send(test::text("last words"));
  peer_->shutdown_write();
  ASSERT_TRUE(ended());
  EXPECT_EQ(events_.messages, std::vector<std::string>{"last words"});
  EXPECT_EQ(events_.ended->code, wire::CloseCode::abnormal);
  EXPECT_FALSE(events_.ended->by_us);
  EXPECT_THAT(events_.ended->reason, testing::HasSubstr("without a close frame"));
}

TEST_F(ConnectionTest, ACloseFrameBehindWhichThePeerShutsDownIsAnswered) {
  open();
  peer_->send(test::close(1000));
  peer_->shutdown_write();
  EXPECT_EQ(*peer_->read_frame(), test::close(1000));
  ASSERT_TRUE(ended());
  EXPECT_EQ(events_.ended->code, wire::CloseCode::normal);
}

TEST_F(ConnectionTest, AResetIsReported) {
  open();
  peer_->abort();
  ASSERT_TRUE(ended());
  EXPECT_EQ(events_.ended->code, wire::CloseCode::abnormal);
  EXPECT_EQ(events_.ended->reason, "Connection reset by peer");
  turn_for(loop_, 5 * kNsPerMs);
  EXPECT_EQ(events_.ends, 1);
}

TEST_F(ConnectionTest, AWriteThatFailsEndsItFromTheLoop) {
  open();
  connection_->pause_reading(true);
  peer_->abort();
  const std::string frame = encode(test::text("x"), false);
  const std::int64_t deadline = steady_ns() + test::kDeadlineNs;
  while (connection_->can_offer() && steady_ns() < deadline) connection_->offer(frame);
  EXPECT_FALSE(connection_->can_offer());
  EXPECT_EQ(events_.ends, 0);
  ASSERT_TRUE(ended());
  EXPECT_EQ(events_.ends, 1);
  EXPECT_FALSE(events_.ended->by_us);
}

TEST_F(ConnectionTest, AbortTellsTheEndFromTheLoopOnce) {
  open();
  connection_->abort("enough");
  connection_->abort("more");
  EXPECT_FALSE(connection_->open());
  EXPECT_FALSE(connection_->can_offer());
  EXPECT_EQ(events_.ends, 0);
  ASSERT_TRUE(ended());
  EXPECT_EQ(events_.ended->reason, "enough");
  EXPECT_TRUE(events_.ended->by_us);
  EXPECT_TRUE(peer_->wait_for_end());
  EXPECT_TRUE(peer_->reset());
  turn_for(loop_, 5 * kNsPerMs);
  EXPECT_EQ(events_.ends, 1);
}

TEST_F(ConnectionTest, AbandonTellsNobody) {
  open();
  connection_->close(wire::CloseCode::normal, "");
  connection_->abandon();
  EXPECT_TRUE(connection_->ended());
  peer_->wait_for_end();
  turn_for(loop_, 5 * kNsPerMs);
  EXPECT_EQ(events_.ends, 0);
}

// --- from inside events ---

TEST_F(ConnectionTest, AbortInsideAMessageStopsTheRest) {
  events_.then = [](Connection& connection) { connection.abort("no"); };
  open();
  peer_->send(encode(test::text("one"), true) + encode(test::text("two"), true));
  ASSERT_TRUE(ended());
  EXPECT_EQ(events_.messages.size(), 1u);
  EXPECT_EQ(events_.read_ends, 0);
}

TEST_F(ConnectionTest, CloseInsideAMessageStopsTheRestAndSendsWhatWasSaidBefore) {
  events_.then = [](Connection& connection) {
    connection.send(wire::Opcode::text, "goodbye");
    connection.close(wire::CloseCode::policy, "Too many requests");
    connection.send(wire::Opcode::text, "never");
  };
  open();
  peer_->send(encode(test::text("one"), true) + encode(test::text("two"), true));
  EXPECT_EQ(peer_->read_frame()->payload, "goodbye");
  EXPECT_EQ(*peer_->read_frame(), test::close(1008, "Too many requests"));
  peer_->send(test::close(1008));
  ASSERT_TRUE(ended());
  EXPECT_EQ(events_.messages.size(), 1u);
}

TEST_F(ConnectionTest, AbandonInsideAMessageIsSafe) {
  events_.then = [](Connection& connection) { connection.abandon(); };
  open();
  peer_->send(encode(test::text("one"), true) + encode(test::text("two"), true));
  ASSERT_TRUE(messages_are(1));
  turn_for(loop_, 5 * kNsPerMs);
  EXPECT_EQ(events_.messages.size(), 1u);
  EXPECT_EQ(events_.ends, 0);
}

TEST_F(ConnectionTest, CallsAtTheEndDoNothing) {
  events_.at_end = [](Connection& connection) {
    connection.send(wire::Opcode::text, "x");
    connection.append_frames("x");
    connection.flush();
    connection.ping();
    connection.close(wire::CloseCode::normal, "");
    connection.abort("x");
    connection.pause_reading(true);
  };
  open();
  peer_->abort();
  ASSERT_TRUE(ended());
  turn_for(loop_, 5 * kNsPerMs);
  EXPECT_EQ(events_.ends, 1);
}

TEST_F(ConnectionTest, OffersFromOnWritableGoOnUntilAllIsWritten) {
  open();
  const std::string frame = encode(test::text(std::string(4000, 'a')), false);
  std::string sent = fill(frame);
  events_.when_writable = [&](Connection&) { sent += fill(frame); };
  std::size_t read = 0;
  while (read < 400'000) {
    ASSERT_TRUE(peer_->read_frame());
    read += frame.size();
  }
  EXPECT_GT(events_.writables, 3);
}

// --- reading ---

TEST_F(ConnectionTest, APausedConnectionReadsNothingUntilItGoesOn) {
  open();
  connection_->pause_reading(true);
  peer_->send(test::text("waiting"));
  turn_for(loop_, 5 * kNsPerMs);
  EXPECT_TRUE(events_.messages.empty());
  connection_->pause_reading(false);
  EXPECT_TRUE(messages_are(1));
}

TEST_F(ConnectionTest, APausedConnectionNoticesAReset) {
  open();
  connection_->pause_reading(true);
  peer_->abort();
  ASSERT_TRUE(ended());
  EXPECT_EQ(events_.ends, 1);
}

TEST_F(ConnectionTest, AClientMasksEachFrameAnew) {
  open(wire::Role::client);
  connection_->send(wire::Opcode::text, "same");
  connection_->send(wire::Opcode::text, "same");
  const std::string first = peer_->read_bytes(10);
  const std::string second = peer_->read_bytes(10);
  EXPECT_NE(first.substr(2, 4), second.substr(2, 4));
  EXPECT_NE(first.substr(6), second.substr(6));
}

TEST_F(ConnectionTest, AClientWaitsForItsServerToEndTheSocket) {
  options_.close_timeout_ns = 30 * kNsPerMs;
  open(wire::Role::client);
  const std::int64_t before = steady_ns();
  peer_->send(test::close(1000, "bye"));
  EXPECT_EQ(*peer_->read_frame(), test::close(1000));
  ASSERT_TRUE(ended());  // it does not: in the end the client gives up waiting
  EXPECT_GE(steady_ns() - before, 25 * kNsPerMs);
  EXPECT_EQ(events_.ended->code, wire::CloseCode::normal);
  EXPECT_EQ(events_.ended->reason, "bye");
}

}  // namespace
}  // namespace tickcast::ws
