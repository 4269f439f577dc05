// SPDX-License-Identifier: Apache-2.0
//
// Streams in clear over a socket pair of the loopback, and TLS against a server that has certificates of
// every kind.
#include "net/stream.h"

#include <poll.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "net/test_authority.h"

namespace tickcast::net {
namespace {

using testing::HasSubstr;

struct Pair {
  Socket client;
  Socket server;
};

Pair connected_pair() {
  const Socket listener = listen_tcp({"127.0.0.1", 0}, {}).value();
  Pair pair;
  pair.client = start_connect(*local_endpoint(listener)).value();
  pollfd waiting{.fd = listener.fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&waiting, 1, 20'000), 1);
  Endpoint peer;
  pair.server = accept_tcp(listener, peer).value();
  EXPECT_TRUE(pair.server);
  return pair;
}

void wait_for(const Stream& stream, bool writable = false) {
  pollfd waiting{.fd = stream.fd(), .events = static_cast<short>(writable ? POLLOUT : POLLIN), .revents = 0};
  poll(&waiting, 1, 100);
}

IoStatus shake_hands(Stream& stream) {
  const std::int64_t deadline = steady_ns() + 20 * kNsPerSecond;
  IoStatus status = IoStatus::would_block;
  while (status == IoStatus::would_block && steady_ns() < deadline) {
    status = stream.handshake();
    if (status == IoStatus::would_block) wait_for(stream, stream.wants_write());
  }
  return status;
}

// Reads until so many bytes are there or the stream says something else than `ok`.
IoStatus read_bytes(Stream& stream, std::size_t bytes, std::string& out) {
  const std::int64_t deadline = steady_ns() + 20 * kNsPerSecond;
  std::string buffer(100'000, '\0');
  while (out.size() < bytes && steady_ns() < deadline) {
    const IoResult result = stream.read(buffer);
    if (result.status == IoStatus::would_block) {
      wait_for(stream);
    } else if (result.status != IoStatus::ok) {
      return result.status;
    } else {
      out.append(buffer.data(), result.bytes);
    }
  }
  return IoStatus::ok;
}

void write_all(Stream& stream, std::string_view bytes) {
  const std::int64_t deadline = steady_ns() + 20 * kNsPerSecond;
  while (!bytes.empty() && steady_ns() < deadline) {
    const IoResult result = stream.write(bytes);
    if (result.status == IoStatus::would_block) wait_for(stream, true);
    ASSERT_NE(result.status, IoStatus::failed) << stream.failure();
    bytes.remove_prefix(result.bytes);
  }
  ASSERT_TRUE(bytes.empty());
}

TEST(Stream, MovesBytesInClear) {
  Pair pair = connected_pair();
  Stream client(std::move(pair.client));
  Stream server(std::move(pair.server));
  EXPECT_EQ(client.handshake(), IoStatus::ok);
  std::string got(10, '\0');
  EXPECT_EQ(server.read(got).status, IoStatus::would_block);
  write_all(client, "hello");
  got.clear();
  EXPECT_EQ(read_bytes(server, 5, got), IoStatus::ok);
  EXPECT_EQ(got, "hello");
}

TEST(Stream, SaysWouldBlockWhenTheSocketIsFull) {
  Pair pair = connected_pair();
  Stream client(std::move(pair.client));
  const std::string block(1 << 20, 'x');
  IoResult result{IoStatus::ok, 0};
  for (int i = 0; i < 100 && result.status == IoStatus::ok; ++i) result = client.write(block);
  EXPECT_EQ(result.status, IoStatus::would_block);
}

TEST(Stream, TellsACloseFromAReset) {
  Pair first = connected_pair();
  Stream reader(std::move(first.client));
  first.server.reset();
  std::string got;
  EXPECT_EQ(read_bytes(reader, 1, got), IoStatus::closed);

  Pair second = connected_pair();
  Stream broken(std::move(second.client));
  second.server.abort();
  EXPECT_EQ(read_bytes(broken, 1, got), IoStatus::failed);
  EXPECT_EQ(broken.failure(), "Connection reset by peer");
}

TEST(Stream, AWriteToAPeerThatHasGoneFailsAndDoesNotKillUs) {
  Pair pair = connected_pair();
  Stream client(std::move(pair.client));
  pair.server.abort();
  IoResult result{IoStatus::ok, 0};
  for (int i = 0; i < 100 && result.status != IoStatus::failed; ++i) {
    wait_for(client);
    result = client.write(std::string_view("x"));
  }
  EXPECT_EQ(result.status, IoStatus::failed);
  EXPECT_FALSE(client.failure().empty());
}

TEST(Stream, ShutdownOfWritingStillReads) {
  Pair pair = connected_pair();
  Stream client(std::move(pair.client));
  Stream server(std::move(pair.server));
  client.shutdown_write();
  std::string got;
  EXPECT_EQ(read_bytes(server, 1, got), IoStatus::closed);
  write_all(server, "late");
  EXPECT_EQ(read_bytes(client, 4, got), IoStatus::ok);
  EXPECT_EQ(got, "late");
}

TEST(Stream, IsSmall) { EXPECT_LE(sizeof(Stream), 16u); }

// --- TLS ---

void echo(TestTlsServer::Io& io) {
  for (std::string bytes = io.read(); !bytes.empty(); bytes = io.read()) io.write(bytes);
}

struct Dialled {
  IoStatus status;
  std::string failure;
};

Dialled dial(const TestTlsServer& server, const std::string& ca_file, const std::string& host) {
  const auto context = TlsContext::client(ca_file);
  EXPECT_TRUE(context);
  Stream stream(start_connect(resolve("127.0.0.1", server.port())->front()).value(), *context, host);
  wait_for(stream, true);
  const IoStatus status = shake_hands(stream);
  return {status, stream.failure()};
}

TEST(Tls, CarriesBytesBothWaysAndSendsTheServersName) {
  const TestAuthority authority;
  TestTlsServer server(authority.issue({}), echo);
  const auto context = TlsContext::client(authority.ca_file());
  ASSERT_TRUE(context);
  {
    Stream stream(start_connect(resolve("127.0.0.1", server.port())->front()).value(), *context, "localhost");
    wait_for(stream, true);
    ASSERT_EQ(shake_hands(stream), IoStatus::ok) << stream.failure();
    std::string sent(300'000, '\0');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7);
    write_all(stream, std::string_view(sent).substr(0, 10));
    std::string got;
    ASSERT_EQ(read_bytes(stream, 10, got), IoStatus::ok);
    EXPECT_EQ(server.server_name(), "localhost");
    write_all(stream, std::string_view(sent).substr(10));
    ASSERT_EQ(read_bytes(stream, sent.size(), got), IoStatus::ok) << stream.failure();
    EXPECT_EQ(got, sent);
    stream.close();
  }
}

TEST(Tls, TellsTheEndOfTheStream) {
  const TestAuthority authority;
  TestTlsServer server(authority.issue({}), [](TestTlsServer::Io& io) { io.write("bye"); });
  const auto context = TlsContext::client(authority.ca_file());
  Stream stream(start_connect(resolve("127.0.0.1", server.port())->front()).value(), *context, "localhost");
  wait_for(stream, true);
  ASSERT_EQ(shake_hands(stream), IoStatus::ok);
  std::string got;
  EXPECT_EQ(read_bytes(stream, 100, got), IoStatus::closed);
  EXPECT_EQ(got, "bye");
}

TEST(Tls, AcceptsANumericAddressThatTheCertificateNames) {
  const TestAuthority authority;
  TestTlsServer server(authority.issue({.name = "IP:127.0.0.1"}), [](TestTlsServer::Io&) {});
  EXPECT_EQ(dial(server, authority.ca_file(), "127.0.0.1").status, IoStatus::ok);
}

TEST(Tls, RefusesACertificateForAnotherHost) {
  const TestAuthority authority;
  TestTlsServer server(authority.issue({.name = "DNS:other.example"}), [](TestTlsServer::Io&) {});
  const Dialled dialled = dial(server, authority.ca_file(), "localhost");
  EXPECT_EQ(dialled.status, IoStatus::failed);
  EXPECT_EQ(dialled.failure, "the certificate is not for localhost");
}

TEST(Tls, RefusesACertificateForAnotherAddress) {
  const TestAuthority authority;
  TestTlsServer server(authority.issue({.name = "IP:192.0.2.1"}), [](TestTlsServer::Io&) {});
  EXPECT_EQ(dial(server, authority.ca_file(), "127.0.0.1").failure, "the certificate is not for 127.0.0.1");
}

TEST(Tls, RefusesAnAuthorityThatIsNotTrusted) {
  const TestAuthority known;
  const TestAuthority unknown;
  TestTlsServer server(unknown.issue({}), [](TestTlsServer::Io&) {});
  const Dialled dialled = dial(server, known.ca_file(), "localhost");
  EXPECT_EQ(dialled.status, IoStatus::failed);
  EXPECT_THAT(dialled.failure, HasSubstr("signed by an authority that is not trusted here"));
}

TEST(Tls, RefusesAnAuthorityThatTheSystemDoesNotKnow) {
  const TestAuthority authority;
  TestTlsServer server(authority.issue({}), [](TestTlsServer::Io&) {});
  EXPECT_THAT(dial(server, "", "localhost").failure, HasSubstr("not trusted here"));
}

TEST(Tls, RefusesAnExpiredCertificate) {
  const TestAuthority authority;
  TestTlsServer server(authority.issue({.not_before_s = -7200, .not_after_s = -3600}),
                       [](TestTlsServer::Io&) {});
  EXPECT_EQ(dial(server, authority.ca_file(), "localhost").failure,
            "the certificate of localhost has expired");
}

TEST(Tls, RefusesACertificateThatIsNotValidYet) {
  const TestAuthority authority;
  TestTlsServer server(authority.issue({.not_before_s = 3600, .not_after_s = 7200}),
                       [](TestTlsServer::Io&) {});
  EXPECT_THAT(dial(server, authority.ca_file(), "localhost").failure, HasSubstr("is not valid yet"));
}

TEST(Tls, RefusesVersionsBefore12) {
  const TestAuthority authority;
  TestTlsServer server(
      authority.issue({}), [](TestTlsServer::Io&) {}, TLS1_1_VERSION);
  const Dialled dialled = dial(server, authority.ca_file(), "localhost");
  EXPECT_EQ(dialled.status, IoStatus::failed);
  EXPECT_EQ(dialled.failure, "localhost speaks no TLS version from 1.2 on");
}

TEST(Tls, SaysThatTheServerDoesNotSpeakIt) {
  Pair pair = connected_pair();
  const auto context = TlsContext::client();
  ASSERT_TRUE(context);
  Stream stream(std::move(pair.client), *context, "localhost");
  EXPECT_EQ(stream.handshake(), IoStatus::would_block);
  Stream server(std::move(pair.server));
  write_all(server, "HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(shake_hands(stream), IoStatus::failed);
  EXPECT_EQ(stream.failure(), "localhost does not speak TLS on this port");
}

TEST(Tls, SaysThatTheServerClosedDuringTheHandshake) {
  Pair pair = connected_pair();
  const auto context = TlsContext::client();
  ASSERT_TRUE(context);
  Stream stream(std::move(pair.client), *context, "localhost");
  EXPECT_EQ(stream.handshake(), IoStatus::would_block);
  Stream server(std::move(pair.server));
  std::string hello;
  read_bytes(server, 100, hello);
  server.close();
  EXPECT_EQ(shake_hands(stream), IoStatus::failed);
  EXPECT_FALSE(stream.failure().empty());
}

TEST(Tls, NamesAMissingFileOfAuthorities) {
  const auto context = TlsContext::client("/no/such/file.pem");
  ASSERT_FALSE(context);
  EXPECT_THAT(context.error().message, HasSubstr("/no/such/file.pem"));
}

}  // namespace
}  // namespace tickcast::net
