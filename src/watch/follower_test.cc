// SPDX-License-Identifier: Apache-2.0
#include "watch/follower.h"

#include <algorithm>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "net/background.h"
#include "wire/control.h"
#include "wire/status_event.h"
#include "ws/server.h"

namespace tickcast::watch {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

constexpr std::int64_t kClockAheadNs = 3'600 * kNsPerSecond;  // the server's

std::string quote_event(std::string_view stream, std::string_view symbol, std::int64_t emitter_ns) {
  market::Quote quote;
  quote.update_id = 7;
  quote.bid_price = quote.ask_price = *market::Decimal::parse("1.50000000");
  quote.bid_quantity = quote.ask_quantity = quote.bid_price;
  quote.admitted_ns = emitter_ns;
  char out[wire::kQuoteEventBytesMax];
  return R"({"stream":")" + std::string(stream) + R"(","data":)" +
         std::string(out, wire::write_quote_event(out, symbol, quote, emitter_ns, 1)) + "}";
}

// A server that does as the test says, on the test's own loop.
struct Script final : ws::Application {
  ws::Answer on_request(const wire::HttpRequest& request, bool, const net::Endpoint&) override {
    targets.push_back(request.target);
    if (refuse) return wire::HttpResponse{503, {}, "full"};
    return ws::Upgrade{};
  }
  void on_open(ws::Connection& opened, const wire::HttpRequest&) override {
    connection = &opened;
    if (tells_status)
      say(wire::status_event({market::SourceState::live, 5, market::Origin::simulated}, true));
  }
  void on_message(ws::Connection&, const wire::Message& message, std::int64_t) override {
    wire::ControlReader reader;
    const auto read = reader.read({message.payload.data(), message.payload.size()});
    const auto& request = std::get<wire::ControlRequest>(read);
    requests.push_back((request.method == wire::Method::subscribe ? "+" : "-") + request.streams.at(0).text);
    say(wire::null_reply(request.id));
    if (request.method == wire::Method::subscribe && answers)
      say(quote_event(request.streams.at(0).text, "BTCUSDT", wall_ns() + kClockAheadNs));
  }
  void on_writable(ws::Connection&) override {}
  void on_ended(ws::Connection&, const ws::Ended&) override { connection = nullptr; }

  void say(std::string_view text) const { connection->send(wire::Opcode::text, text); }

  bool refuse = false;
  bool tells_status = true;
  bool answers = true;
  ws::Connection* connection = nullptr;
  std::vector<std::string> targets;
  std::vector<std::string> requests;
};

struct Heard final : FollowerEvents {
  void on_link(Link link, const std::string& trouble, std::int64_t) override {
    links.push_back(link);
    if (!trouble.empty()) troubles.push_back(trouble);
  }
  void on_status(const market::SourceStatus& now) override { status = now; }
  void on_quote(const wire::ServedEvent& event, std::int64_t) override {
    symbols.emplace_back(event.ticker.symbol);
    timed.push_back(event.is_quote);
  }
  void on_bytes(std::size_t size) override { bytes += size; }
  void on_answer(std::int64_t asked_ns, std::int64_t sent_ns, std::int64_t received_ns) override {
    clock.answered(asked_ns, sent_ns, received_ns);
    ++answers;
  }
  void on_plain_exchange() override { plain = true; }
  void on_read_end() override {}

  std::vector<Link> links;
  std::vector<std::string> troubles;
  std::optional<market::SourceStatus> status;
  std::vector<std::string> symbols;
  std::vector<bool> timed;
  std::size_t bytes = 0;
  int answers = 0;
  bool plain = false;
  ClockOffset clock;
};

struct FollowerTest : testing::Test {
  FollowerTest() {
    net::Socket listener = net::listen_tcp({"127.0.0.1", 0}, {}).value();
    port = net::local_endpoint(listener)->port();
    server.listen(std::move(listener));
    options.url = {"ws", "127.0.0.1", port, ""};
    options.times.backoff_first_ns = options.times.backoff_least_ns = kNsPerMs;
    options.times.check_ns = kNsPerMs;
  }
  void follow(std::vector<std::string> symbols) {
    options.symbols = std::move(symbols);
    follower.emplace(loop, background, options, heard);
  }
  template <class Condition>
  bool until(const Condition& condition) {
    const std::int64_t deadline_ns = steady_ns() + 10 * kNsPerSecond;
    while (!condition() && steady_ns() < deadline_ns) loop.turn(kNsPerMs);
    return condition();
  }
  bool open() {
    return until([&] {
      return script.connection != nullptr && !heard.links.empty() && heard.links.back() == Link::open;
    });
  }

  net::Loop loop;
  net::Background background{loop};
  Script script;
  ws::ServerOptions server_options = [] {
    ws::ServerOptions out;
    out.messages_per_second = 0;
    return out;
  }();
  ws::Server server{loop, server_options, script};
  std::uint16_t port = 0;
  FollowOptions options;
  Heard heard;
  std::optional<Follower> follower;
};

TEST_F(FollowerTest, AsksForWhatIsFollowedAndForTheStatus) {
  follow({"BTCUSDT", "币安人生USDT"});
  ASSERT_TRUE(open());
  EXPECT_EQ(script.targets.at(0),
            "/stream?streams=!status/btcusdt@quote/%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9Fusdt@quote");
  ASSERT_TRUE(until([&] { return heard.status.has_value(); }));
  EXPECT_EQ(heard.status->origin, market::Origin::simulated);
}

TEST_F(FollowerTest, AsksForAllSymbolsAtAPaceBehindAPrefix) {
  options.url.target = "/prices/ws";
  options.pace_ms = 250;
  follow({});
  ASSERT_TRUE(open());
  EXPECT_EQ(script.targets.at(0), "/prices/stream?streams=!status/!quote@250ms");
}

TEST_F(FollowerTest, PassesOnQuotesWhoseNamesAreBeyondAsciiToo) {
  follow({"BTCUSDT"});
  ASSERT_TRUE(open());
  script.say(quote_event("!quote", "BTCUSDT", wall_ns()));
  script.say(quote_event("!quote", "币安人生USDT", wall_ns()));
  script.say("no JSON");
  script.say(R"({"stream":"!later","data":{"e":"something else"}})");
  script.say(quote_event("!quote", "ETHUSDT", wall_ns()));
  ASSERT_TRUE(until([&] { return heard.symbols.size() == 3; }));
  EXPECT_THAT(heard.symbols, ElementsAre("BTCUSDT", "币安人生USDT", "ETHUSDT"));
  EXPECT_THAT(heard.timed, ElementsAre(true, true, true));
  EXPECT_GT(heard.bytes, 500u);
}

TEST_F(FollowerTest, ComparesTheClocksByAStreamOfItsOwn) {
  follow({"BTCUSDT"});
  ASSERT_TRUE(open());
  script.say(quote_event("btcusdt@quote", "BTCUSDT", wall_ns() + kClockAheadNs));
  ASSERT_TRUE(until([&] { return script.requests.size() == 2; }));
  EXPECT_THAT(script.requests, ElementsAre("+btcusdt@quote@3000ms", "-btcusdt@quote@3000ms"));
  ASSERT_TRUE(heard.clock.known());
  const double off_ns = static_cast<double>(*heard.clock.value_ns() - kClockAheadNs);
  EXPECT_LE(std::abs(off_ns), static_cast<double>(heard.clock.uncertainty_ns()) + 2);
  EXPECT_EQ(heard.symbols.size(), 1u) << "what it asked for the time is no quote that is followed";
}

TEST_F(FollowerTest, AConnectionThatBreaksIsMadeAnewAndSaysWhy) {
  follow({"BTCUSDT"});
  ASSERT_TRUE(open());
  script.connection->close(wire::CloseCode::service_restart, "Server is shutting down");
  ASSERT_TRUE(until([&] { return script.targets.size() == 2; }));
  ASSERT_TRUE(open());
  EXPECT_THAT(heard.links,
              ElementsAre(Link::connecting, Link::open, Link::waiting, Link::connecting, Link::open));
  EXPECT_THAT(heard.troubles,
              ElementsAre(R"(the server closed the connection with 1012 "Server is shutting down")"));
}

TEST_F(FollowerTest, ARefusalIsToldAndTriedAgain) {
  script.refuse = true;
  follow({"BTCUSDT"});
  ASSERT_TRUE(until([&] { return script.targets.size() >= 2; }));
  EXPECT_THAT(heard.troubles.at(0), HasSubstr("answered 503"));
  script.refuse = false;
  EXPECT_TRUE(open());
}

TEST_F(FollowerTest, AServerWithoutStatusIsTakenForAPlainExchange) {
  script.tells_status = false;
  options.times.status_ns = 20 * kNsPerMs;
  follow({"BTCUSDT"});
  ASSERT_TRUE(until([&] { return script.targets.size() == 2; }));
  EXPECT_THAT(script.targets.at(1), EndsWith("/btcusdt@bookTicker"));
  EXPECT_TRUE(heard.plain);
  ASSERT_TRUE(open());
  script.say(
      R"({"stream":"btcusdt@bookTicker","data":{"u":7,"s":"BTCUSDT","b":"1.50000000","B":"1.00000000","a":"1.60000000","A":"2.00000000"}})");
  ASSERT_TRUE(until([&] { return heard.symbols.size() == 1; }));
  EXPECT_THAT(heard.timed, ElementsAre(false));
  EXPECT_TRUE(script.requests.empty()) << "there is no time to ask for";
}

TEST_F(FollowerTest, WhatComesAfterASilenceIsNotPassedOnButAskedForAnew) {
  options.times.quiet_ns = kNsPerSecond;  // no ping, which would be answered
  options.times.silent_ns = 20 * kNsPerMs;
  follow({"BTCUSDT"});
  ASSERT_TRUE(open());
  ASSERT_TRUE(until([&] { return heard.links.back() == Link::silent; }));
  script.say(quote_event("btcusdt@quote", "BTCUSDT", wall_ns()));
  ASSERT_TRUE(until([&] { return script.targets.size() == 2; }));
  EXPECT_TRUE(heard.symbols.empty());
}

TEST_F(FollowerTest, AServerThatStaysSilentIsGivenUp) {
  options.times.quiet_ns = kNsPerSecond;
  options.times.silent_ns = 10 * kNsPerMs;
  options.times.lost_ns = 30 * kNsPerMs;
  follow({"BTCUSDT"});
  ASSERT_TRUE(until([&] { return script.targets.size() == 2; }));
  EXPECT_THAT(heard.troubles.at(0), EndsWith("does not answer any more"));
}

TEST_F(FollowerTest, AQuietServerThatAnswersPingsIsKept) {
  options.times.quiet_ns = 2 * kNsPerMs;
  options.times.silent_ns = kNsPerSecond;
  follow({"BTCUSDT"});
  ASSERT_TRUE(open());
  const std::int64_t end_ns = steady_ns() + 100 * kNsPerMs;
  while (steady_ns() < end_ns) loop.turn(kNsPerMs);
  EXPECT_EQ(heard.links.back(), Link::open);
  EXPECT_EQ(script.targets.size(), 1u);
  EXPECT_GT(script.connection->take_frames_received(), 3u);
}

}  // namespace
}  // namespace tickcast::watch
