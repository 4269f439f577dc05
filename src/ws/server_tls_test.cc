// SPDX-License-Identifier: Apache-2.0
//
// A server under TLS: handshakes that go well and do not, late-bound bytes through records, certificates that
// are replaced.
#include <fstream>

#include "net/background.h"
#include "net/test_authority.h"
#include "net/tls_identity.h"
#include "ws/client.h"
#include "ws/test_server.h"

namespace tickcast::ws {
namespace {

using test::turn_until;
using testing::HasSubstr;

struct Listener final : ClientEvents {
  void on_open(Connection&) override { opened = true; }
  void on_dial_failed(const DialFailure& why) override { failure = why.message; }
  void on_message(Connection&, const wire::Message& message, std::int64_t) override {
    messages.emplace_back(message.payload.begin(), message.payload.end());
  }
  void on_writable(Connection&) override {}
  void on_ended(Connection&, const Ended& how) override { ended = how; }

  bool opened = false;
  std::string failure;
  std::vector<std::string> messages;
  std::optional<Ended> ended;
};

class ServerTlsTest : public test::ServerTest {
 protected:
  void serve_tls(const net::ListenOptions& listen = {}) {
    identity_ = net::TlsIdentity::load(files_.certificate, files_.key).value();
    options_.tls = identity_.get();
    serve(listen);
  }
  std::unique_ptr<Client> dial_wss(Listener& events, const std::string& ca_file) {
    contexts_.push_back(std::make_unique<net::TlsContext>(net::TlsContext::client(ca_file).value()));
    const wire::Url url{.scheme = "wss", .host = "localhost", .port = port_, .target = ""};
    ClientOptions options;
    options.connect.receive_buffer_bytes = 4 * 1024;
    return std::make_unique<Client>(loop_, background_, url, "/ws", contexts_.back().get(), options, events);
  }

  net::TestAuthority authority_;
  net::TestAuthority::Files files_ = authority_.issue_files({});
  std::unique_ptr<net::TlsIdentity> identity_;
  std::vector<std::unique_ptr<net::TlsContext>> contexts_;
  net::Background background_{loop_};
};

TEST_F(ServerTlsTest, MessagesPassBothWays) {
  app_.first_frames = test::encode(test::text("welcome"), false);
  serve_tls();
  Listener events;
  const auto client = dial_wss(events, authority_.ca_file());
  ASSERT_TRUE(turn_until(loop_, [&] { return events.opened; })) << events.failure;
  const std::string longer_than_a_record(40'000, 'x');
  client->connection()->send(wire::Opcode::text, longer_than_a_record);
  EXPECT_TRUE(turn_until(loop_, [&] { return events.messages.size() == 2; }));
  EXPECT_EQ(events.messages, (std::vector<std::string>{"welcome", longer_than_a_record}));
  client->connection()->close(wire::CloseCode::normal, "");
  EXPECT_TRUE(turn_until(loop_, [&] { return events.ended && !app_.ended.empty(); }));
  EXPECT_EQ(app_.ended.front().code, wire::CloseCode::normal);
  EXPECT_EQ(server_->counters().tls_failures, 0u);
}

TEST_F(ServerTlsTest, LateBoundBytesArriveWholeAndInOrderHoweverTheSocketCutsThem) {
  serve_tls({.send_buffer_bytes = 8 * 1024});
  Listener events;
  const auto client = dial_wss(events, authority_.ca_file());
  ASSERT_TRUE(turn_until(loop_, [&] { return events.opened && !app_.opened.empty(); })) << events.failure;
  Connection& connection = *app_.opened.front();
  std::vector<std::string> sent;
  for (int round = 0; round < 20; ++round) {
    client->connection()->pause_reading(true);
    while (connection.can_offer()) {
      std::string frames;
      std::vector<std::size_t> ends;
      for (std::size_t size : {10u, 300u, 20'000u, 40u, 5'000u}) {
        sent.push_back(std::to_string(sent.size()) + ":" + std::string(size, 'q'));
        frames += test::encode(test::text(sent.back()), false);
        ends.push_back(frames.size());
      }
      const std::size_t taken = connection.offer(frames);
      ASSERT_LE(taken, frames.size());
      if (taken == frames.size()) continue;
      // What was not begun is not sent: the rest of the torn frame is.
      std::size_t torn = 0;
      while (ends[torn] < taken) ++torn;
      sent.resize(sent.size() - (ends.size() - 1 - torn));
      connection.finish(std::span<const char>(frames).subspan(taken, ends[torn] - taken));
      EXPECT_FALSE(connection.can_offer());
    }
    client->connection()->pause_reading(false);
    ASSERT_TRUE(turn_until(loop_, [&] { return connection.can_offer() && connection.unsent_bytes() == 0; }));
  }
  ASSERT_TRUE(turn_until(loop_, [&] { return events.messages.size() == sent.size(); }));
  EXPECT_EQ(events.messages, sent);
}

TEST_F(ServerTlsTest, AClientThatSpeaksInClearIsCountedAndEnded) {
  serve_tls();
  test::TestPeer peer = dial();
  peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(peer.wait_for_end());
  EXPECT_EQ(server_->counters().tls_failures, 1u);
  EXPECT_TRUE(connections_are(0));
}

TEST_F(ServerTlsTest, AClientThatLeavesBeforeItsFirstByteIsNoFailure) {
  serve_tls();
  test::TestPeer closing = dial();
  test::TestPeer half_closing = dial();
  test::TestPeer resetting = dial();
  ASSERT_TRUE(connections_are(3));
  closing.close();
  half_closing.shutdown_write();
  resetting.abort();
  EXPECT_TRUE(connections_are(0));
  EXPECT_EQ(server_->counters().tls_failures, 0u);
  test::TestPeer hesitant = dial();
  ASSERT_TRUE(connections_are(1));
  hesitant.send("\x16");  // the first byte of a record, and no more
  hesitant.close();
  EXPECT_TRUE(connections_are(0));
  EXPECT_EQ(server_->counters().tls_failures, 1u);
}

TEST_F(ServerTlsTest, AClientThatNeverShakesHandsIsEndedInTime) {
  options_.handshake_timeout_ns = 50 * kNsPerMs;
  serve_tls();
  test::TestPeer peer = dial();
  EXPECT_TRUE(peer.wait_for_end());
  EXPECT_TRUE(connections_are(0));
}

TEST_F(ServerTlsTest, ACertificateThatIsReplacedIsShownToThoseWhoComeThen) {
  serve_tls();
  Listener before;
  const auto old_client = dial_wss(before, authority_.ca_file());
  ASSERT_TRUE(turn_until(loop_, [&] { return before.opened; })) << before.failure;

  const net::TestAuthority other;
  const net::TestAuthority::Files fresh = other.issue_files({});
  std::ofstream(files_.certificate) << std::ifstream(fresh.certificate).rdbuf();
  // A certificate without its key is not taken.
  const Status half = identity_->reload();
  ASSERT_FALSE(half);
  EXPECT_THAT(half.error().message, HasSubstr(files_.key));
  std::ofstream(files_.key) << std::ifstream(fresh.key).rdbuf();
  ASSERT_TRUE(identity_->reload());

  Listener stranger;
  const auto refuses = dial_wss(stranger, authority_.ca_file());
  EXPECT_TRUE(turn_until(loop_, [&] { return !stranger.failure.empty(); }));
  Listener after;
  const auto accepts = dial_wss(after, other.ca_file());
  EXPECT_TRUE(turn_until(loop_, [&] { return after.opened; })) << after.failure;
  old_client->connection()->send(wire::Opcode::text, "still here");
  EXPECT_TRUE(turn_until(loop_, [&] { return before.messages.size() == 1; }));
}

TEST(TlsIdentity, NamesTheFileThatIsNoGood) {
  const net::TestAuthority authority;
  const net::TestAuthority::Files files = authority.issue_files({});
  const auto no_certificate = net::TlsIdentity::load("/nowhere/cert.pem", files.key);
  ASSERT_FALSE(no_certificate);
  EXPECT_THAT(no_certificate.error().message, HasSubstr("/nowhere/cert.pem"));
  const auto no_key = net::TlsIdentity::load(files.certificate, files.certificate);
  ASSERT_FALSE(no_key);
  EXPECT_THAT(no_key.error().message, HasSubstr("no key for the certificate"));
}

}  // namespace
}  // namespace tickcast::ws
