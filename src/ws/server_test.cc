// SPDX-License-Identifier: Apache-2.0
//
// The server from outside: HTTP, the opening handshake, limits, timers, draining.
#include "ws/server.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <sys/resource.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ws/address_limit.h"
#include "ws/test_peer.h"

namespace tickcast::ws {
namespace {

using test::encode;
using test::TestPeer;
using test::turn_for;
using test::turn_until;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kLongBody(8 * 1024 * 1024, 'b');

struct App final : Application {
  Answer on_request(const wire::HttpRequest& request, bool upgrade, const net::Endpoint& peer) override {
    requests.push_back(request.method + " " + request.target);
    peers.push_back(peer.host_text());
    if (request.path == "/hello") return wire::HttpResponse{200, {{"X-App", "yes"}}, "hello"};
    if (request.path == "/long") return wire::HttpResponse{200, {}, kLongBody};
    if (request.path == "/hang") return Hang{};
    if (request.path == "/refuse") return wire::HttpResponse{400, {}, "too many streams"};
    if (request.path == "/ws" || upgrade) return Upgrade{.tag = 7, .first_frames = first_frames};
    return wire::HttpResponse{404, {}, "nothing here"};
  }
  void on_open(Connection& connection, const wire::HttpRequest&) override {
    opened.push_back(&connection);
    tags.push_back(connection.tag);
    if (then) then(connection);
  }
  void on_message(Connection& connection, const wire::Message& message, std::int64_t) override {
    messages.emplace_back(message.payload.begin(), message.payload.end());
    connection.send(message.kind, messages.back());
  }
  void on_writable(Connection&) override {}
  void on_ended(Connection&, const Ended& how) override { ended.push_back(how); }

  std::string first_frames;
  std::vector<std::string> requests;
  std::vector<std::string> peers;
  std::vector<Connection*> opened;
  std::vector<std::uint64_t> tags;
  std::vector<std::string> messages;
  std::vector<Ended> ended;
  std::function<void(Connection&)> then;
};

class ServerTest : public testing::Test {
 protected:
  void serve(const net::ListenOptions& listen = {}) {
    server_.emplace(loop_, options_, app_);
    net::Socket listener = net::listen_tcp({"", 0}, listen).value();
    port_ = net::local_endpoint(listener)->port();
    server_->listen(std::move(listener));
  }
  TestPeer dial() { return TestPeer::dial(loop_, port_); }
  TestPeer open() {
    TestPeer peer = dial();
    EXPECT_THAT(peer.open(), StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
    return peer;
  }
  std::string ask(const std::string& request) {
    TestPeer peer = dial();
    peer.send(request);
    return peer.read_until("\r\n\r\n");
  }
  bool connections_are(std::size_t count) {
    return turn_until(loop_, [&] { return server_->connections() == count; });
  }

  net::Loop loop_;
  ServerOptions options_;
  App app_;
  std::optional<Server> server_;
  std::uint16_t port_ = 0;
};

// --- HTTP ---

TEST_F(ServerTest, AnswersARequestAndKeepsTheConnection) {
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

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
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

TEST_F(ServerTest, TakesARequestInSingleBytes) {
  serve();
  TestPeer peer = dial();
  peer.send_in_pieces("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 1);
  EXPECT_THAT(peer.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, EndsTheConnectionWhenAskedTo) {
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

TEST_F(ServerTest, AnswersAnOldClient) {
  serve();
  TestPeer peer = dial();
  peer.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_THAT(peer.read_to_end(), testing::EndsWith("hello"));
}

TEST_F(ServerTest, HeadHasNoBodyButItsLength) {
  serve();
  TestPeer peer = dial();
  peer.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = peer.read_until("\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(peer.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 404"));
  EXPECT_EQ(app_.requests[0], "GET /hello");
}

TEST_F(ServerTest, SendsALongAnswerWholeToASlowReader) {
  serve({.send_buffer_bytes = 16 * 1024});
  TestPeer peer = dial();
  peer.send("GET /long HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  turn_for(loop_, 5 * kNsPerMs);
  peer.read_until("\r\n\r\n");
  EXPECT_EQ(peer.read_bytes(kLongBody.size()), kLongBody);
  EXPECT_THAT(peer.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, AReaderOfALongAnswerThatTakesNothingIsDropped) {
  options_.stuck_timeout_ns = 30 * kNsPerMs;
  serve({.send_buffer_bytes = 16 * 1024});
  TestPeer peer = dial();
  peer.send("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(turn_until(loop_, [&] { return !app_.requests.empty(); }));
  EXPECT_TRUE(connections_are(0));
}

TEST_F(ServerTest, RefusesWhatIsNotHttp) {
  serve();
  EXPECT_THAT(ask(std::string("\x16\x03\x01\x02\x00\x01\x00", 7)), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GARBAGE\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET /hello HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));  // no Host
  EXPECT_TRUE(app_.requests.empty());
  EXPECT_EQ(server_->counters().bad_requests, 3u);
}

TEST_F(ServerTest, RefusesAHeadThatIsTooLong) {
  serve();
  TestPeer peer = dial();
  peer.send("GET /" + std::string(wire::kHttpHeadBytesMax, 'a'));
  EXPECT_THAT(peer.read_to_end(), StartsWith("HTTP/1.1 431 "));
  EXPECT_FALSE(peer.reset());
}

TEST_F(ServerTest, TakesAHeadOf1024Streams) {
  serve();
  std::string target = "/none?streams=";
  for (int i = 0; i < 1024; ++i) target += "abcusdt" + std::to_string(1000 + i) + "@ticker/";
  EXPECT_THAT(ask("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(ServerTest, RefusesOtherMethodsAndBodies) {
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

TEST_F(ServerTest, AHangingRequestIsNeverAnsweredAndGoesWithItsPeer) {
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

TEST_F(ServerTest, AHandshakeThatTakesTooLongIsClosed) {
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

TEST_F(ServerTest, BytesThatTrickleInDoNotProlongTheHandshake) {
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

TEST_F(ServerTest, OpensAWebSocket) {
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

TEST_F(ServerTest, FramesBehindTheHandshakeAreTaken) {
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

TEST_F(ServerTest, AWebSocketMayOpenAfterRequestsOnTheSameConnection) {
  serve();
  TestPeer peer = dial();
  peer.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  peer.read_until("\r\n\r\nhello");
  EXPECT_THAT(peer.open(), StartsWith("HTTP/1.1 101 "));
}

TEST_F(ServerTest, FirstFramesAndWhatOnOpenSendsFollowTheHandshakeInOrder) {
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

TEST_F(ServerTest, OnOpenMayCloseOrAbort) {
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

TEST_F(ServerTest, RefusesAWrongHandshakeWithoutAskingTheApplication) {
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

TEST_F(ServerTest, TheApplicationMayRefuseAnUpgrade) {
  serve();
  TestPeer peer = dial();
  EXPECT_THAT(peer.open("/refuse"), StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(peer.read_bytes(16), "too many streams");
}

TEST_F(ServerTest, APlainRequestToAWebSocketAddressIsToldSo) {
  serve();
  const std::string head = ask("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(head, HasSubstr("Upgrade: websocket\r\n"));
}

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
  options_.stuck_timeout_ns = 200 * kNsPerMs;
  serve({.send_buffer_bytes = 16 * 1024});
  TestPeer slow = open();
  Connection& connection = *app_.opened[0];
  const std::string frame = encode(test::text(std::string(1000, 'q')), false);
  const std::int64_t end = steady_ns() + 500 * kNsPerMs;
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
  server_->drain(wire::CloseCode::service_restart, "restart", 200 * kNsPerMs, [&] { done = true; });
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
  EXPECT_LT(moments.front(), 100 * kNsPerMs);
  EXPECT_GE(moments.back(), 150 * kNsPerMs);
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
