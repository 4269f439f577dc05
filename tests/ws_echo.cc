// SPDX-License-Identifier: Apache-2.0
//
// ws_echo: returns every message it gets, as a server or as a client, on the connection classes that tickcast
// itself uses, so that any WebSocket conformance suite can be pointed at both roles:
//
//   ws_echo --listen 127.0.0.1:9001
//   ws_echo --connect 'ws://127.0.0.1:9001/runCase?case=1&agent=tickcast'
//
// Built with the tests, not installed. One thread.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <CLI/CLI.hpp>

#include "net/background.h"
#include "net/loop.h"
#include "net/socket.h"
#include "net/stream.h"
#include "wire/url.h"
#include "ws/client.h"
#include "ws/server.h"

namespace tickcast {
namespace {

net::Loop* running = nullptr;

void stop_running(int) { running->stop(); }

// Sends back what comes, and stops reading while the peer does not take it.
void echo(ws::Connection& connection, const wire::Message& message) {
  connection.send(message.kind, {message.payload.data(), message.payload.size()});
  if (connection.blocked()) connection.pause_reading(true);
}

class EchoServer final : public ws::Application {
 public:
  ws::Answer on_request(const wire::HttpRequest&, bool, const net::Endpoint&) override {
    return ws::Upgrade{};
  }
  void on_open(ws::Connection&, const wire::HttpRequest&) override {}
  void on_message(ws::Connection& connection, const wire::Message& message, std::int64_t) override {
    echo(connection, message);
  }
  void on_writable(ws::Connection& connection) override { connection.pause_reading(false); }
  void on_ended(ws::Connection&, const ws::Ended&) override {}
};

class EchoClient final : public ws::ClientEvents {
 public:
  explicit EchoClient(net::Loop& loop) : loop_(loop) {}

  void on_open(ws::Connection&) override {}
  void on_dial_failed(const ws::DialFailure& failure) override {
    std::fprintf(stderr, "ws_echo: %s\n", failure.message.c_str());
    failed_ = true;
    loop_.stop();
  }
  void on_message(ws::Connection& connection, const wire::Message& message, std::int64_t) override {
    echo(connection, message);
  }
  void on_writable(ws::Connection& connection) override { connection.pause_reading(false); }
  void on_ended(ws::Connection&, const ws::Ended&) override { loop_.stop(); }

  bool failed() const { return failed_; }

 private:
  net::Loop& loop_;
  bool failed_ = false;
};

int fail(const Error& error) {
  std::fprintf(stderr, "ws_echo: %s\n", error.message.c_str());
  return EXIT_FAILURE;
}

// Room for the replies to everything that one read may bring.
ws::ConnectionOptions connection_options(const wire::MessageLimits& limits) {
  return {.limits = limits, .unsent_bytes_max = 2 * limits.message_bytes_max + 4 * 1024 * 1024};
}

int serve(net::Loop& loop, const wire::MessageLimits& limits, const std::string& address_text) {
  const auto address = wire::parse_listen_address(address_text);
  if (!address) return fail(address.error());
  auto listener = net::listen_tcp(*address, {});
  if (!listener) return fail(listener.error());
  const auto at = net::local_endpoint(*listener);
  if (!at) return fail(at.error());

  ws::ServerOptions options;
  options.connection = connection_options(limits);
  options.ping_interval_ns = 0;
  options.messages_per_second = 0;
  EchoServer echo_server;
  ws::Server server(loop, options, echo_server);
  server.listen(std::move(listener).value());
  std::printf("listening on %s\n", at->text().c_str());
  std::fflush(stdout);
  loop.run();
  return EXIT_SUCCESS;
}

int connect(net::Loop& loop, const wire::MessageLimits& limits, const std::string& url_text) {
  const auto url = wire::parse_url(url_text, "ws");
  if (!url) return fail(url.error());
  auto tls = net::TlsContext::client();
  if (!tls) return fail(tls.error());
  ws::ClientOptions options;
  options.connection = connection_options(limits);
  EchoClient echo_client(loop);
  net::Background background(loop);
  const std::string target = url->target.empty() ? "/" : url->target;
  const ws::Client client(loop, background, *url, target, &*tls, options, echo_client);
  loop.run();
  return echo_client.failed() ? EXIT_FAILURE : EXIT_SUCCESS;
}

int run(int argc, char** argv) {
  CLI::App app("Returns every WebSocket message it gets. Example: ws_echo --listen 127.0.0.1:9001");
  std::string listen_text;
  std::string connect_text;
  wire::MessageLimits limits{.message_bytes_max = 16 * 1024 * 1024, .fragments_max = 65'537};
  auto* listen =
      app.add_option("--listen", listen_text, "host:port to serve on; port 0 lets the kernel choose");
  auto* connect_to = app.add_option("--connect", connect_text, "ws:// or wss:// URL to dial instead");
  listen->excludes(connect_to);
  app.add_option("--message-bytes-max", limits.message_bytes_max, "longest message that is taken")
      ->capture_default_str();
  app.add_option("--fragments-max", limits.fragments_max, "most fragments in one message")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (listen_text.empty() == connect_text.empty()) return fail({"give --listen ADDR or --connect URL"});

  net::Loop loop;
  running = &loop;
  std::signal(SIGINT, stop_running);
  std::signal(SIGTERM, stop_running);
  return connect_text.empty() ? serve(loop, limits, listen_text) : connect(loop, limits, connect_text);
}

}  // namespace
}  // namespace tickcast

int main(int argc, char** argv) { return tickcast::run(argc, argv); }
