// SPDX-License-Identifier: Apache-2.0
//
// For tests: a server on the loopback with an application that has one path for each kind of answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ws/server.h"
#include "ws/test_peer.h"

namespace tickcast::ws::test {

inline const std::string kLongBody(2 * 1024 * 1024, 'b');

struct TestApp final : Application {
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
    EXPECT_THAT(peer.open(), testing::StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
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
  TestApp app_;
  std::optional<Server> server_;
  std::uint16_t port_ = 0;
};

}  // namespace tickcast::ws::test
