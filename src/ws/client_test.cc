// SPDX-License-Identifier: Apache-2.0
//
// Dialling: every step that may fail, what is said about it, and the client's end at every moment.
#include "ws/client.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/test_authority.h"
#include "ws/test_peer.h"

namespace tickcast::ws {
namespace {

using test::TestPeer;
using test::turn_for;
using test::turn_until;
using testing::HasSubstr;

struct Events final : ClientEvents {
  void on_open(Connection& connection) override {
    ++opens;
    if (at_open) at_open(connection);
  }
  void on_dial_failed(const DialFailure& how) override {
    failure = how;
    ++failures;
    if (at_failure) at_failure();
  }
  void on_message(Connection&, const wire::Message& message, std::int64_t) override {
    messages.emplace_back(message.payload.begin(), message.payload.end());
    if (at_message) at_message();
  }
  void on_writable(Connection&) override {}
  void on_ended(Connection&, const Ended& how) override {
    ended = how;
    if (at_end) at_end();
  }
  int calls() const { return opens + failures + static_cast<int>(messages.size()) + (ended ? 1 : 0); }

  int opens = 0;
  int failures = 0;
  std::vector<std::string> messages;
  std::optional<DialFailure> failure;
  std::optional<Ended> ended;
  std::function<void(Connection&)> at_open;
  std::function<void()> at_failure;
  std::function<void()> at_message;
  std::function<void()> at_end;
};

class ClientTest : public testing::Test {
 protected:
  void dial_port(std::uint16_t port, const std::string& host = "127.0.0.1",
                 const net::TlsContext* tls = nullptr) {
    const wire::Url url{.scheme = tls ? "wss" : "ws", .host = host, .port = port, .target = ""};
    client_ =
        std::make_unique<Client>(loop_, background_, url, "/stream?streams=a/b", tls, options_, events_);
  }
  void dial(const std::string& host = "127.0.0.1") { dial_port(listener_port(), host); }
  std::uint16_t listener_port() const { return net::local_endpoint(listener_)->port(); }
  TestPeer accept() { return TestPeer::accept(loop_, listener_); }
  // A server that answers the request with these bytes.
  void dial_and_answer(const std::string& bytes) {
    dial();
    TestPeer peer = accept();
    peer.read_until("\r\n\r\n");
    peer.send(bytes);
    peer.shutdown_write();
    failed();
  }
  void failed() {
    ASSERT_TRUE(turn_until(loop_, [&] { return events_.failure.has_value(); }));
    turn_for(loop_, 2 * kNsPerMs);
    EXPECT_EQ(events_.failures, 1);
    EXPECT_EQ(events_.opens, 0);
    EXPECT_EQ(client_->connection(), nullptr);
  }
  bool opened() {
    return turn_until(loop_, [&] { return events_.opens == 1; });
  }

  net::Loop loop_;
  std::mutex gate_;  // for jobs that shall wait; outlives them
  net::Background background_{loop_};
  net::Socket listener_ = net::listen_tcp({"127.0.0.1", 0}, {}).value();
  ClientOptions options_;
  Events events_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, OpensAConnection) {
  dial("localhost");
  EXPECT_EQ(client_->connection(), nullptr);
  TestPeer peer = accept();
  const std::string request = peer.answer();
  EXPECT_THAT(request, testing::StartsWith("GET /stream?streams=a/b HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Host: localhost:" + std::to_string(listener_port()) + "\r\n"));
  ASSERT_TRUE(opened());
  ASSERT_NE(client_->connection(), nullptr);
  client_->connection()->send(wire::Opcode::text, "hello");
  EXPECT_EQ(*peer.read_frame(), test::text("hello"));
  EXPECT_FALSE(peer.wrongly_masked());
  peer.send(test::text("back"));
  EXPECT_TRUE(turn_until(loop_, [&] { return events_.messages == std::vector<std::string>{"back"}; }));
  peer.close();
  EXPECT_TRUE(turn_until(loop_, [&] { return events_.ended.has_value(); }));
  EXPECT_EQ(client_->connection(), nullptr);
}

TEST_F(ClientTest, TakesFramesThatComeWithTheHandshake) {
  dial();
  TestPeer peer = accept();
  peer.answer(test::encode(test::text("early"), false));
  EXPECT_TRUE(turn_until(loop_, [&] { return events_.messages == std::vector<std::string>{"early"}; }));
  EXPECT_EQ(events_.opens, 1);
}

TEST_F(ClientTest, TakesAnAnswerInSingleBytes) {
  dial();
  TestPeer peer = accept();
  const std::string request = peer.read_until("\r\n\r\n");
  const auto parsed = wire::parse_request_head(request);
  const auto key = wire::header(parsed.request.headers, "Sec-WebSocket-Key");
  ASSERT_TRUE(key);
  peer.send_in_pieces(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Accept: " +
          wire::accept_key(*key) + "\r\n\r\n",
      1);
  EXPECT_TRUE(opened());
}

TEST_F(ClientTest, EveryDialHasAKeyOfItsOwn) {
  const auto key_of = [&] {
    dial();
    TestPeer peer = accept();
    const auto parsed = wire::parse_request_head(peer.read_until("\r\n\r\n"));
    return std::string(wire::header(parsed.request.headers, "Sec-WebSocket-Key").value_or(""));
  };
  const std::string first = key_of();
  EXPECT_EQ(first.size(), 24u);
  EXPECT_NE(first, key_of());
}

// --- failures ---

TEST_F(ClientTest, AnotherStatusIsReportedWithItsHeaders) {
  dial_and_answer("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(events_.failure->step, DialFailure::Step::handshake);
  EXPECT_EQ(events_.failure->http_status, 429);
  EXPECT_EQ(wire::header(events_.failure->headers, "retry-after"), "17");
  EXPECT_THAT(events_.failure->message, HasSubstr("answered 429"));
}

TEST_F(ClientTest, AWrongAcceptHashIsRefused) {
  dial_and_answer(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  EXPECT_EQ(events_.failure->step, DialFailure::Step::handshake);
  EXPECT_EQ(events_.failure->http_status, 0);
}

TEST_F(ClientTest, AnAnswerThatIsNotHttpIsRefused) {
  dial_and_answer("\x01\x02\x03 nonsense\r\n\r\n");
  EXPECT_THAT(events_.failure->message, HasSubstr("does not speak HTTP"));
}

TEST_F(ClientTest, AnAnswerWithoutEndIsRefused) {
  dial_and_answer("HTTP/1.1 200 OK\r\nX: " + std::string(2 * wire::kHttpHeadBytesMax, 'x'));
  EXPECT_EQ(events_.failure->step, DialFailure::Step::handshake);
}

TEST_F(ClientTest, AnEndDuringTheHandshakeIsReported) {
  dial_and_answer("HTTP/1.1 101 Swi");
  EXPECT_THAT(events_.failure->message, HasSubstr("closed by the server"));
}

TEST_F(ClientTest, AResetDuringTheHandshakeIsReported) {
  dial();
  TestPeer peer = accept();
  peer.read_until("\r\n\r\n");
  peer.abort();
  failed();
  EXPECT_THAT(events_.failure->message, HasSubstr("Connection reset by peer"));
}

TEST_F(ClientTest, ARefusedConnectionIsReported) {
  const std::uint16_t port = listener_port();
  listener_.reset();
  dial_port(port);
  failed();
  EXPECT_EQ(events_.failure->step, DialFailure::Step::connect);
  EXPECT_EQ(events_.failure->message,
            "can't connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST_F(ClientTest, AnUnknownHostIsReported) {
  dial_port(1, "no-such-host.invalid");
  failed();
  EXPECT_EQ(events_.failure->step, DialFailure::Step::resolve);
  EXPECT_THAT(events_.failure->message, HasSubstr("no-such-host.invalid"));
}

TEST_F(ClientTest, ASilentServerTimesOut) {
  options_.dial_timeout_ns = 500 * kNsPerMs;
  dial();
  TestPeer peer = accept();
  failed();
  EXPECT_EQ(events_.failure->step, DialFailure::Step::timeout);
  EXPECT_THAT(events_.failure->message, HasSubstr("while waiting for its answer"));
  EXPECT_TRUE(peer.wait_for_end());
}

TEST_F(ClientTest, ALookUpThatTakesTooLongTimesOut) {
  options_.dial_timeout_ns = 20 * kNsPerMs;
  {
    const std::lock_guard shut(gate_);
    ASSERT_TRUE(background_.run([this] { return std::lock_guard(gate_), 0; }, [](int) {}));
    dial();
    failed();
  }
  EXPECT_EQ(events_.failure->step, DialFailure::Step::timeout);
  turn_for(loop_, 10 * kNsPerMs);  // the late result changes nothing
  EXPECT_EQ(events_.calls(), 1);
}

TEST_F(ClientTest, TooManyLookUpsFailFromTheLoop) {
  {
    const std::lock_guard shut(gate_);
    std::atomic<bool> begun{false};
    const auto wait_at_gate = [&] {
      begun = true;
      return std::lock_guard(gate_), 0;
    };
    ASSERT_TRUE(background_.run(wait_at_gate, [](int) {}));
    ASSERT_TRUE(
        turn_until(loop_, [&] { return begun.load(); }));  // it has left the queue, which is filled now
    while (background_.run([] { return 0; }, [](int) {})) {
    }
    dial();
    EXPECT_EQ(events_.failures, 0);
    failed();
  }
  EXPECT_EQ(events_.failure->step, DialFailure::Step::resolve);
  EXPECT_THAT(events_.failure->message, HasSubstr("too many host names"));
}

TEST_F(ClientTest, TriesTheNextAddress) {
  // Where localhost has two addresses, only IPv4 is listened on, and IPv6 is first.
  dial("localhost");
  TestPeer peer = accept();
  peer.answer();
  EXPECT_TRUE(opened());
}

// --- TLS ---

class ClientTlsTest : public ClientTest {
 protected:
  // Answers the handshake, then returns what it is told by `then`.
  static std::function<void(net::TestTlsServer::Io&)> answering(std::string behind) {
    return [behind](net::TestTlsServer::Io& io) {
      std::string request;
      while (request.find("\r\n\r\n") == std::string::npos) {
        const std::string more = io.read();
        if (more.empty()) return;
        request += more;
      }
      const auto parsed = wire::parse_request_head(request);
      io.write(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
          "Upgrade\r\nSec-WebSocket-Accept: " +
          wire::accept_key(wire::header(parsed.request.headers, "Sec-WebSocket-Key").value_or("")) +
          "\r\n\r\n" + behind);
      while (!io.read().empty()) {
      }
    };
  }
  void dial_tls(const net::TestTlsServer& server, const std::string& ca_file,
                const std::string& host = "localhost") {
    if (!tls_) tls_.emplace(net::TlsContext::client(ca_file).value());
    dial_port(server.port(), host, &*tls_);
  }

  net::TestAuthority authority_;
  std::optional<net::TlsContext> tls_;
};

TEST_F(ClientTlsTest, OpensAConnectionAndTakesWhatIsDecryptedAlready) {
  std::string behind;
  // Many records in one packet: the client takes several from the socket at once.
  for (int i = 0; i < 100; ++i) behind += test::encode(test::text("message " + std::to_string(i)), false);
  net::TestTlsServer server(authority_.issue({}), answering(behind));
  dial_tls(server, authority_.ca_file());
  ASSERT_TRUE(opened());
  EXPECT_TRUE(turn_until(loop_, [&] { return events_.messages.size() == 100; }));
  EXPECT_EQ(events_.messages.back(), "message 99");
  client_.reset();
}

TEST_F(ClientTlsTest, ClosesCleanly) {
  net::TestTlsServer server(authority_.issue({}), [](net::TestTlsServer::Io& io) {
    answering(test::encode(test::close(1000, "bye"), false))(io);
  });
  dial_tls(server, authority_.ca_file());
  ASSERT_TRUE(turn_until(loop_, [&] { return events_.ended.has_value(); }));
  EXPECT_EQ(events_.ended->code, wire::CloseCode::normal);
}

TEST_F(ClientTlsTest, TellsWhyACertificateIsRefused) {
  struct Case {
    net::TestAuthority::Certificate certificate;
    const char* said;
  };
  const net::TestAuthority other;
  for (const auto& [certificate, said] :
       {Case{{.name = "DNS:other.example"}, "the certificate is not for localhost"},
        Case{{.not_before_s = -7200, .not_after_s = -3600}, "has expired"}}) {
    net::TestTlsServer server(authority_.issue(certificate), answering(""));
    dial_tls(server, authority_.ca_file());
    failed();
    EXPECT_EQ(events_.failure->step, DialFailure::Step::tls);
    EXPECT_THAT(events_.failure->message, HasSubstr(said));
    events_ = {};
  }
  net::TestTlsServer server(other.issue({}), answering(""));
  dial_tls(server, authority_.ca_file());
  failed();
  EXPECT_THAT(events_.failure->message, HasSubstr("not trusted here"));
}

TEST_F(ClientTlsTest, ASilentServerTimesOutInTheTlsHandshake) {
  options_.dial_timeout_ns = 500 * kNsPerMs;
  tls_.emplace(net::TlsContext::client().value());
  dial_port(listener_port(), "localhost", &*tls_);
  TestPeer peer = accept();
  failed();
  EXPECT_THAT(events_.failure->message, HasSubstr("while the TLS handshake"));
}

// --- destruction ---

TEST_F(ClientTest, MayGoAtEveryStep) {
  // Step n: the client goes after n turns of a dial that would otherwise succeed.
  bool reached_open = false;
  for (int turns = 0; turns < 200 && !reached_open; ++turns) {
    events_ = {};
    dial();
    std::optional<TestPeer> peer;
    bool answered = false;
    for (int turn = 0; turn < turns; ++turn) {
      loop_.turn(200 * kNsPerUs);
      net::Endpoint from;
      if (!peer) {
        net::Socket accepted = net::accept_tcp(listener_, from).value();
        if (accepted) peer.emplace(loop_, std::move(accepted));
      } else if (!answered && peer->available() > 0) {
        peer->answer();
        answered = true;
      }
    }
    reached_open = events_.opens == 1;
    const int calls = events_.calls();
    client_.reset();
    for (int turn = 0; turn < 5; ++turn) loop_.turn(200 * kNsPerUs);
    EXPECT_EQ(events_.calls(), calls) << "called after the client had gone, step " << turns;
    if (!peer) {  // it may still wait to be accepted
      net::Endpoint from;
      (void)net::accept_tcp(listener_, from);
    }
  }
  EXPECT_TRUE(reached_open);
}

TEST_F(ClientTlsTest, MayGoAtEveryStep) {
  bool reached_open = false;
  for (int turns = 0; turns < 400 && !reached_open; turns += 1 + turns / 4) {
    events_ = {};
    net::TestTlsServer server(authority_.issue({}), answering(""));
    dial_tls(server, authority_.ca_file());
    for (int turn = 0; turn < turns; ++turn) loop_.turn(200 * kNsPerUs);
    reached_open = events_.opens == 1;
    const int calls = events_.calls();
    client_.reset();
    for (int turn = 0; turn < 5; ++turn) loop_.turn(200 * kNsPerUs);
    EXPECT_EQ(events_.calls(), calls);
    // Lets the server's thread end when nobody came.
    const auto nobody = net::start_connect(net::resolve("127.0.0.1", server.port())->front());
  }
}

TEST_F(ClientTest, MayGoInsideOnOpen) {
  events_.at_open = [&](Connection&) { client_.reset(); };
  dial();
  TestPeer peer = accept();
  peer.answer(test::encode(test::text("never seen"), false));
  ASSERT_TRUE(opened());
  EXPECT_TRUE(peer.wait_for_end());
  EXPECT_EQ(events_.calls(), 1);
}

TEST_F(ClientTest, MayGoInsideOnMessage) {
  events_.at_message = [&] { client_.reset(); };
  dial();
  TestPeer peer = accept();
  peer.answer();
  peer.send(test::encode(test::text("one"), false) + test::encode(test::text("two"), false));
  EXPECT_TRUE(peer.wait_for_end());
  EXPECT_EQ(events_.messages.size(), 1u);
  EXPECT_FALSE(events_.ended);
}

TEST_F(ClientTest, MayGoInsideOnEnded) {
  events_.at_end = [&] { client_.reset(); };
  dial();
  TestPeer peer = accept();
  peer.answer();
  ASSERT_TRUE(opened());
  peer.abort();
  EXPECT_TRUE(turn_until(loop_, [&] { return client_ == nullptr; }));
}

TEST_F(ClientTest, MayGoInsideOnDialFailed) {
  events_.at_failure = [&] { client_.reset(); };
  dial_port(1);
  EXPECT_TRUE(turn_until(loop_, [&] { return client_ == nullptr; }));
  turn_for(loop_, 2 * kNsPerMs);
  EXPECT_EQ(events_.calls(), 1);
}

TEST_F(ClientTest, MayGoBeforeItsNameIsLookedUp) {
  dial("localhost");
  client_.reset();
  turn_for(loop_, 10 * kNsPerMs);
  EXPECT_EQ(events_.calls(), 0);
}

}  // namespace
}  // namespace tickcast::ws
