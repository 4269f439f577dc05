// SPDX-License-Identifier: Apache-2.0
//
// The exchange's limits and the life of a connection, over real sockets, with small numbers.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange/test_peer.h"

namespace tickcast::exchange {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kSilenceNs = 100 * kNsPerMs;

std::string list_request(int id) { return fmt::format(R"({{"method":"LIST_SUBSCRIPTIONS","id":{}}})", id); }

// A SUBSCRIBE with a payload of so many bytes.
std::string subscribe_of(std::size_t bytes) {
  std::string request = R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker"],"id":1})";
  request.insert(1, bytes - request.size(), ' ');
  return request;
}

TEST(ExchangeLimits, DisconnectsWithoutAWordOverTheStreamsOfOneConnection) {
  Rules rules;
  rules.streams_per_connection_max = 3;
  ScriptedExchange exchange(rules);
  TestPeer fits(exchange.port(), "/ws/a@bookTicker/b@bookTicker/c@bookTicker/c@bookTicker");
  fits.send(R"({"method":"SUBSCRIBE","params":["a@bookTicker"],"id":1})");
  EXPECT_EQ(fits.text(), R"({"result":null,"id":1})") << "a duplicate is not one more";
  fits.send(R"({"method":"SUBSCRIBE","params":["d@bookTicker"],"id":2})");
  EXPECT_EQ(fits.hear().kind, Heard::Kind::gone);

  TestPeer url(exchange.port(), "/stream?streams=a@bookTicker/b@bookTicker/c@bookTicker/d@bookTicker");
  EXPECT_EQ(url.hear().kind, Heard::Kind::gone);
}

TEST(ExchangeLimits, TakesOneThousandAndTwentyFourStreamsByDefault) {
  ScriptedExchange exchange;
  std::string target = "/stream?streams=btcusdt@bookTicker";
  for (int i = 1; i < 1024; ++i) target += fmt::format("/sym{}usdt@bookTicker", i);
  TestPeer peer(exchange.port(), target);
  exchange.script->push(0, 101);
  EXPECT_THAT(peer.text(), HasSubstr("BTCUSDT"));
  TestPeer over(exchange.port(), target + "/onemore@bookTicker");
  EXPECT_EQ(over.hear().kind, Heard::Kind::gone);
}

TEST(ExchangeLimits, ClosesAtTheSixthMessageOfASecondWhateverItsKind) {
  ScriptedExchange exchange;
  TestPeer peer(exchange.port(), "/ws");
  peer.send(list_request(1));
  peer.send(wire::Opcode::ping, "");
  peer.send(wire::Opcode::pong, "");
  peer.send(list_request(2));
  peer.send("nonsense");
  peer.send(wire::Opcode::pong, "");
  EXPECT_THAT(peer.text(), HasSubstr(R"("id":1)"));
  EXPECT_EQ(peer.hear().kind, Heard::Kind::pong);
  EXPECT_THAT(peer.text(), HasSubstr(R"("id":2)"));
  EXPECT_THAT(peer.text(), HasSubstr("error"));
  const Heard end = peer.hear();
  EXPECT_EQ(end.kind, Heard::Kind::close);
  EXPECT_EQ(end.close_code, 1008);
  EXPECT_EQ(end.text, "Too many requests");
}

TEST(ExchangeLimits, TakesFiveMessagesInEverySecond) {
  ScriptedExchange exchange;
  TestPeer peer(exchange.port(), "/ws");
  for (int second = 0; second < 2; ++second) {
    for (int i = 0; i < 5; ++i) {
      peer.send(list_request(i));
      ASSERT_THAT(peer.text(), HasSubstr(fmt::format(R"("id":{})", i)));
    }
    EXPECT_EQ(peer.hear(1100 * kNsPerMs).kind, Heard::Kind::nothing);
  }
}

TEST(ExchangeLimits, NeverAnswersARequestOfMoreThan4096BytesWithItsHeader) {
  ScriptedExchange exchange;
  TestPeer peer(exchange.port(), "/ws");
  peer.send(subscribe_of(4089));
  EXPECT_EQ(peer.hear(kSilenceNs).kind, Heard::Kind::nothing);
  exchange.script->push(0, 101);
  EXPECT_EQ(peer.hear(kSilenceNs).kind, Heard::Kind::nothing) << "nor does it obey it";
  peer.send(subscribe_of(4088));
  EXPECT_EQ(peer.text(), R"({"result":null,"id":1})");
}

TEST(ExchangeLimits, RefusesHandshakesOverTheNumberPerAddress) {
  Rules rules;
  rules.connects_per_5_minutes_max = 2;
  ScriptedExchange exchange(rules);
  EXPECT_EQ(TestPeer(exchange.port(), "/ws").status(), 101);
  EXPECT_EQ(http(exchange.port(), "/api/v3/ping").status, 200) << "REST does not count";
  EXPECT_EQ(TestPeer(exchange.port(), "/stream").status(), 101);
  TestPeer refused(exchange.port(), "/ws");
  EXPECT_EQ(refused.status(), 403);
}

TEST(ExchangeLimits, ClosesAConnectionAtTheEndOfItsLife) {
  Rules rules;
  rules.lifetime_ns = 300 * kNsPerMs;
  ScriptedExchange exchange(rules);
  const std::int64_t begun_ns = steady_ns();
  TestPeer peer(exchange.port(), "/ws");
  const Heard end = peer.end();
  EXPECT_EQ(end.kind, Heard::Kind::close);
  EXPECT_EQ(end.close_code, 1000);
  EXPECT_GE(steady_ns() - begun_ns, 300 * kNsPerMs);
}

TEST(ExchangeLimits, PingsAtEveryIntervalAndClosesWhenNoPongComes) {
  Rules rules;
  rules.ping_interval_ns = 100 * kNsPerMs;
  rules.pong_timeout_ns = 2 * kNsPerSecond;
  rules.messages_per_second_max = 0;
  ScriptedExchange exchange(rules);
  TestPeer silent(exchange.port(), "/ws");
  TestPeer answering(exchange.port(), "/ws");
  for (int pings = 0; pings < 8;) {
    const Heard heard = answering.hear();
    ASSERT_EQ(heard.kind, Heard::Kind::ping);
    ++pings;
    answering.send(wire::Opcode::pong, heard.text);
  }
  EXPECT_EQ(silent.hear().kind, Heard::Kind::ping);
  silent.send(wire::Opcode::pong, "unasked");
  const Heard end = silent.end();
  EXPECT_EQ(end.kind, Heard::Kind::close);
  EXPECT_EQ(end.close_code, 1008);
  EXPECT_EQ(end.text, "Pong timeout");
}

TEST(ExchangeLimits, DisconnectsAReaderThatIsTooSlowAndNobodyElse) {
  Rules rules;
  rules.unsent_bytes_max = 256 * 1024;
  ScriptedExchange exchange(rules);
  TestPeer slow(exchange.port(), "/ws/btcusdt@bookTicker", 4096);
  TestPeer quick(exchange.port(), "/ws/btcusdt@bookTicker");
  std::vector<MarketEvent> flush(2000, {0, make_quote(101)});
  std::string state;
  std::int64_t id = 101;
  // The kernel's own buffers fill first.
  ASSERT_TRUE(eventually([&] {
    for (auto& event : flush) event.quote.update_id = id++;
    exchange.script->push_all(flush);
    for (const auto& event : flush) EXPECT_EQ(quick.text(), raw_event("BTCUSDT", event.quote.update_id));
    state = control(exchange.port(), "state");
    return state.find(R"("id":1,)") == std::string::npos;
  }));
  EXPECT_THAT(state, HasSubstr(R"("id":2,)"));
  EXPECT_EQ(slow.end().kind, Heard::Kind::gone);
}

}  // namespace
}  // namespace tickcast::exchange
