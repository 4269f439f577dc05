// SPDX-License-Identifier: Apache-2.0
//
// The server from outside, as long as HTTP is spoken: requests, answers, and the opening handshake.
#include "ws/http_session.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ws/test_server.h"

namespace tickcast::ws {
namespace {

using test::encode;
using test::kLongBody;
using test::TestPeer;
using test::turn_for;
using test::turn_until;
using testing::HasSubstr;
using testing::StartsWith;

class HttpSessionTest : public test::ServerTest {};

// --- HTTP ---

TEST_F(HttpSessionTest, AnswersARequestAndKeepsTheConnection) {
  serve();
  TestPeer peer = dial();
  for (int i = 0; i < 3; ++i) {
    peer.send("GET /hello?a=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string head = peer.read_until("\r\n\r\n");
    EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(head, HasSubstr("X-App: yes\r\n"));
    EXPECT_THAT(head, HasSubstr("Content-Length: 5\r\n"));
    EXPECT_EQ(peer.read_bytes(5), "hello");
  }
  EXPECT_EQ(app_.requests, std::vector<std::string>(3, "GET /hello?a=1"));
  EXPECT_EQ(app_.peers[0], "127.0.0.1");
}

TEST_F(HttpSessionTest, AnswersPipelinedRequestsInOrder) {
  serve();
  TestPeer peer = dial();
  std::string requests;
  for (int i = 0; i < 50; ++i)
    requests += "GET /" + std::string(i % 2 ? "hello" : "none") + " HTTP/1.1\r\nHost: x\r\n\r\n";
  peer.send(requests);
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(peer.read_until("\r\n\r\n"), StartsWith(i % 2 ? "HTTP/1.1 200" : "HTTP/1.1 404"));
    peer.read_bytes(i % 2 ? 5 : 12);
  }
}

TEST_F(HttpSessionTest, TakesARequestInSingleBytes) {
  serve();
  TestPeer peer = dial();
  peer.send_in_pieces("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 1);
  EXPECT_THAT(peer.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpSessionTest, EndsTheConnectionWhenAskedTo) {
  serve();
  TestPeer peer = dial();
  peer.send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string all = peer.read_to_end();
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(all, testing::EndsWith("\r\n\r\nhello"));
  EXPECT_FALSE(peer.reset());
  peer.close();
  EXPECT_TRUE(connections_are(0));
}

TEST_F(HttpSessionTest, AnswersAnOldClient) {
  serve();
  TestPeer peer = dial();
  peer.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_THAT(peer.read_to_end(), testing::EndsWith("hello"));
}

TEST_F(HttpSessionTest, HeadHasNoBodyButItsLength) {
  serve();
  TestPeer peer = dial();
  peer.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = peer.read_until("\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(peer.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 404"));
  EXPECT_EQ(app_.requests[0], "GET /hello");
}

TEST_F(HttpSessionTest, SendsALongAnswerWholeToASlowReader) {
  serve({.send_buffer_bytes = 16 * 1024});
  TestPeer peer = dial();
  peer.send("GET /long HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  turn_for(loop_, 5 * kNsPerMs);
  peer.read_until("\r\n\r\n");
  EXPECT_EQ(peer.read_bytes(kLongBody.size()), kLongBody);
  EXPECT_THAT(peer.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpSessionTest, AReaderOfALongAnswerThatTakesNothingIsDropped) {
  options_.stuck_timeout_ns = 30 * kNsPerMs;
  serve({.send_buffer_bytes = 16 * 1024});
  TestPeer peer = dial();
  peer.send("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(turn_until(loop_, [&] { return !app_.requests.empty(); }));
  EXPECT_TRUE(connections_are(0));
}

TEST_F(HttpSessionTest, RefusesWhatIsNotHttp) {
  serve();
  EXPECT_THAT(ask(std::string("\x16\x03\x01\x02\x00\x01\x00", 7)), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GARBAGE\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET /hello HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));  // no Host
  EXPECT_TRUE(app_.requests.empty());
  EXPECT_EQ(server_->counters().bad_requests, 3u);
}

TEST_F(HttpSessionTest, RefusesAHeadThatIsTooLong) {
  serve();
  TestPeer peer = dial();
  peer.send("GET /" + std::string(3 * wire::kHttpHeadBytesMax, 'a'));
  EXPECT_THAT(peer.read_to_end(), StartsWith("HTTP/1.1 431 "));
  EXPECT_FALSE(peer.reset());
  EXPECT_EQ(server_->connections(), 1u);  // it lingers: a reset for what is unread could overtake the answer
  peer.close();
  EXPECT_TRUE(connections_are(0));
}

TEST_F(HttpSessionTest, TakesAHeadOf1024Streams) {
  serve();
  std::string target = "/none?streams=";
  for (int i = 0; i < 1024; ++i) target += "abcusdt" + std::to_string(1000 + i) + "@ticker/";
  EXPECT_THAT(ask("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpSessionTest, RefusesOtherMethodsAndBodies) {
  serve();
  const std::string refusal = ask("DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(refusal, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(refusal, HasSubstr("Allow: GET, HEAD, POST\r\n"));
  EXPECT_THAT(ask("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask("POST /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(app_.requests.empty());
  EXPECT_THAT(ask("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpSessionTest, AHangingRequestIsNeverAnsweredAndGoesWithItsPeer) {
  options_.handshake_timeout_ns = 20 * kNsPerMs;
  serve();
  TestPeer peer = dial();
  peer.send("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(turn_until(loop_, [&] { return !app_.requests.empty(); }));
  turn_for(loop_, 60 * kNsPerMs);
  EXPECT_EQ(peer.available(), 0u);
  EXPECT_FALSE(peer.ended());
  EXPECT_EQ(server_->connections(), 1u);
  peer.close();
  EXPECT_TRUE(connections_are(0));
}

TEST_F(HttpSessionTest, AHandshakeThatTakesTooLongIsClosed) {
  options_.handshake_timeout_ns = 30 * kNsPerMs;
  serve();
  TestPeer silent = dial();
  TestPeer slow = dial();
  slow.send("GET /hello HT");
  EXPECT_TRUE(silent.wait_for_end());
  EXPECT_TRUE(slow.wait_for_end());
  EXPECT_EQ(server_->counters().handshake_timeouts, 2u);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpSessionTest, BytesThatTrickleInDoNotProlongTheHandshake) {
  options_.handshake_timeout_ns = 50 * kNsPerMs;
  serve();
  TestPeer peer = dial();
  const std::int64_t deadline = steady_ns() + test::kDeadlineNs;
  while (!peer.ended() && steady_ns() < deadline) {
    if (!peer.ended()) peer.send("G");
    turn_for(loop_, 5 * kNsPerMs);
    peer.available();
  }
  EXPECT_TRUE(peer.ended());
  EXPECT_EQ(server_->counters().handshake_timeouts, 1u);
}

// --- the opening handshake ---

TEST_F(HttpSessionTest, OpensAWebSocket) {
  serve();
  TestPeer peer = dial();
  const std::string head = peer.open("/ws");
  EXPECT_THAT(head,
              HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));  // section 1.3's example
  EXPECT_THAT(head, testing::Not(HasSubstr("Extensions")));
  EXPECT_EQ(app_.tags, std::vector<std::uint64_t>{7});
  peer.send(test::text("hello"));
  EXPECT_EQ(*peer.read_frame(), test::text("hello"));
  EXPECT_EQ(server_->counters().upgraded, 1u);
}

TEST_F(HttpSessionTest, FramesBehindTheHandshakeAreTaken) {
  serve();
  TestPeer peer = dial();
  peer.send(
      "GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      encode(test::text("at once"), true) + encode(test::ping("and"), true));
  peer.read_until("\r\n\r\n");
  EXPECT_EQ(*peer.read_frame(), test::text("at once"));
  EXPECT_EQ(*peer.read_frame(), test::pong("and"));
}

TEST_F(HttpSessionTest, AWebSocketMayOpenAfterRequestsOnTheSameConnection) {
  serve();
  TestPeer peer = dial();
  peer.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  peer.read_until("\r\n\r\nhello");
  EXPECT_THAT(peer.open(), StartsWith("HTTP/1.1 101 "));
}

TEST_F(HttpSessionTest, FirstFramesAndWhatOnOpenSendsFollowTheHandshakeInOrder) {
  app_.first_frames = encode(test::text("first"), false);
  app_.then = [](Connection& connection) {
    connection.send(wire::Opcode::text, "second");
    const std::string third = encode(test::text("third"), false);
    EXPECT_EQ(connection.offer(third), third.size());
  };
  serve();
  TestPeer peer = open();
  EXPECT_EQ(peer.read_frame()->payload, "first");
  EXPECT_EQ(peer.read_frame()->payload, "second");
  EXPECT_EQ(peer.read_frame()->payload, "third");
}

TEST_F(HttpSessionTest, OnOpenMayCloseOrAbort) {
  app_.then = [&](Connection& connection) {
    app_.opened.size() == 1 ? connection.close(wire::CloseCode::policy, "no") : connection.abort("no");
  };
  serve();
  TestPeer closed = open();
  EXPECT_EQ(*closed.read_frame(), test::close(1008, "no"));
  closed.send(test::close(1008));
  TestPeer aborted = dial();
  aborted.send(
      "GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_TRUE(aborted.wait_for_end());
  EXPECT_TRUE(aborted.reset());
  EXPECT_TRUE(connections_are(0));
  EXPECT_EQ(app_.ended.size(), 2u);
}

TEST_F(HttpSessionTest, RefusesAWrongHandshakeWithoutAskingTheApplication) {
  serve();
  const std::string head = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n";
  const std::string connection = "Connection: Upgrade\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  EXPECT_THAT(ask(head + connection + version + "\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask(head + version + key + "\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask(head + connection + version + "Sec-WebSocket-Key: short\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  const std::string old = ask(head + connection + "Sec-WebSocket-Version: 8\r\n" + key + "\r\n");
  EXPECT_THAT(old, StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(old, HasSubstr("Sec-WebSocket-Version: 13\r\n"));
  EXPECT_THAT(
      ask("POST /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n" + connection + version + key + "\r\n"),
      StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(app_.requests.empty());
}

TEST_F(HttpSessionTest, TheApplicationMayRefuseAnUpgrade) {
  serve();
  TestPeer peer = dial();
  EXPECT_THAT(peer.open("/refuse"), StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(peer.read_bytes(16), "too many streams");
}

TEST_F(HttpSessionTest, APlainRequestToAWebSocketAddressIsToldSo) {
  serve();
  const std::string head = ask("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(head, HasSubstr("Upgrade: websocket\r\n"));
}

}  // namespace
}  // namespace tickcast::ws
