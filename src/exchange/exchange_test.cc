// SPDX-License-Identifier: Apache-2.0
//
// The exchange's stream protocol, over real sockets: URL forms, control messages, delivery.
#include "exchange/exchange.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange/test_peer.h"

namespace tickcast::exchange {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kSilenceNs = 100 * kNsPerMs;

std::string combined_event(std::string_view stream, std::string_view raw) {
  return fmt::format(R"({{"stream":"{}","data":{}}})", stream, raw);
}

// Generous in everything that a test of something else may run into.
Rules easy_rules() {
  Rules rules;
  rules.messages_per_second_max = 0;
  rules.connects_per_5_minutes_max = 0;
  return rules;
}

struct Path {
  std::string_view target;
  bool combined;
};

class ExchangePaths : public testing::TestWithParam<Path> {};

TEST_P(ExchangePaths, DeliverTheStreamNamedInThem) {
  ScriptedExchange exchange;
  TestPeer peer(exchange.port(), GetParam().target);
  ASSERT_EQ(peer.status(), 101);
  exchange.script->push(0, 101);
  const std::string raw = raw_event("BTCUSDT", 101);
  EXPECT_EQ(peer.text(), GetParam().combined ? combined_event("btcusdt@bookTicker", raw) : raw);
}

INSTANTIATE_TEST_SUITE_P(
    All, ExchangePaths,
    testing::Values(Path{"/ws/btcusdt@bookTicker", false}, Path{"/ws/btcusdt@bookTicker/", false},
                    Path{"/ws/ethusdt@trade/btcusdt@bookTicker/btcusdt@bookTicker", false},
                    Path{"/ws/btcusdt%40bookTicker", false}, Path{"/stream?streams=btcusdt@bookTicker", true},
                    Path{"/stream?streams=nosuch@bookTicker/btcusdt@bookTicker/btcusdt@bookTicker", true},
                    Path{"/stream?streams=btcusdt@bookTicker&timeUnit=MICROSECOND", true},
                    Path{"/stream/?timeUnit=millisecond&streams=btcusdt%40bookTicker", true}));

TEST(Exchange, AcceptsEveryStreamPathAndNoOther) {
  ScriptedExchange exchange;
  for (const std::string_view target :
       {"/ws", "/ws/", "/ws/0", "/stream", "/stream?streams=", "/ws/NOSUCH@bookTicker", "/ws/a@b@c@d"}) {
    EXPECT_EQ(TestPeer(exchange.port(), target).status(), 101) << target;
  }
  for (const std::string_view target :
       {"/", "/stream/nonsense", "/wsx", "/streams", "/api/v3/ping", "/control/state"}) {
    EXPECT_EQ(TestPeer(exchange.port(), target).status(), 404) << target;
  }
  EXPECT_EQ(http(exchange.port(), "/ws").status, 426);
}

TEST(Exchange, DeliversEveryEventInOrderAndOncePerSubscription) {
  ScriptedExchange exchange;
  TestPeer peer(exchange.port(), "/ws/btcusdt@bookTicker/ethusdt@bookTicker/btcusdt@bookTicker");
  std::vector<MarketEvent> flush;
  for (int i = 0; i < 2000; ++i) flush.push_back({static_cast<std::uint32_t>(i % 2), make_quote(1000 + i)});
  exchange.script->push_all(flush);
  for (int i = 0; i < 2000; ++i)
    ASSERT_EQ(peer.text(), raw_event(i % 2 == 0 ? "BTCUSDT" : "ETHUSDT", 1000 + i));
  EXPECT_EQ(peer.hear(kSilenceNs).kind, Heard::Kind::nothing);
}

TEST(Exchange, SendsNothingOnSubscribingUntilTheNextChange) {
  ScriptedExchange exchange;
  TestPeer peer(exchange.port(), "/ws/btcusdt@bookTicker");
  EXPECT_EQ(peer.hear(kSilenceNs).kind, Heard::Kind::nothing);
}

TEST(Exchange, ServesSymbolsBeyondAscii) {
  ScriptedExchange exchange;
  const std::string stream = "币安人生usdt@bookTicker";
  TestPeer encoded(exchange.port(), "/stream?streams=" + wire::percent_encode(stream));
  TestPeer subscribed(exchange.port(), "/ws");
  subscribed.send(R"({"method":"SUBSCRIBE","params":[")" + stream + R"("],"id":1})");
  EXPECT_EQ(subscribed.text(), R"({"result":null,"id":1})");
  exchange.script->push(2, 101);
  EXPECT_EQ(encoded.text(), combined_event(stream, raw_event(kCjkSymbol, 101)));
  EXPECT_EQ(subscribed.text(), raw_event(kCjkSymbol, 101));
}

TEST(Exchange, AcknowledgesUnknownStreamsAndSendsNothingForThem) {
  ScriptedExchange exchange(easy_rules());
  TestPeer peer(exchange.port(), "/ws");
  peer.send(
      R"({"method":"SUBSCRIBE","params":["nosuch@bookTicker","BTCUSDT@bookTicker","Btcusdt@bookTicker",)"
      R"("btcusdt@bookticker","btcusdt@quote","btcusdt@bookTicker@100ms","!bookTicker","!quote@arr@1000ms",)"
      R"("!status","btcusdt@bestBidAsk","haltedusdt@bookTicker"],"id":7})");
  EXPECT_EQ(peer.text(), R"({"result":null,"id":7})");
  exchange.script->push(0, 101);
  exchange.script->push(3, 101);
  EXPECT_EQ(peer.hear(kSilenceNs).kind, Heard::Kind::nothing);
  peer.send(R"({"method":"LIST_SUBSCRIPTIONS","id":8})");
  const std::string list = peer.text();
  EXPECT_THAT(list, HasSubstr("\"!quote@arr@1000ms\""));
  EXPECT_THAT(list, HasSubstr("\"BTCUSDT@bookTicker\""));
}

TEST(Exchange, SubscribesListsAndUnsubscribes) {
  ScriptedExchange exchange(easy_rules());
  TestPeer peer(exchange.port(), "/stream");
  const auto ask = [&peer](std::string_view request) {
    peer.send(request);
    return peer.text();
  };
  EXPECT_EQ(ask(R"({"method":"LIST_SUBSCRIPTIONS","id":1})"), R"({"result":[],"id":1})");
  EXPECT_EQ(ask(R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker","btcusdt@bookTicker"],"id":2})"),
            R"({"result":null,"id":2})");
  EXPECT_EQ(ask(R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker"],"id":3})"),
            R"({"result":null,"id":3})");
  EXPECT_EQ(ask(R"({"method":"LIST_SUBSCRIPTIONS","id":4})"), R"({"result":["btcusdt@bookTicker"],"id":4})");
  exchange.script->push(0, 101);
  EXPECT_EQ(peer.text(), combined_event("btcusdt@bookTicker", raw_event("BTCUSDT", 101)));
  EXPECT_EQ(ask(R"({"method":"UNSUBSCRIBE","params":["btcusdt@bookTicker","nosuch@trade"],"id":5})"),
            R"({"result":null,"id":5})");
  exchange.script->push(0, 102);
  EXPECT_EQ(peer.hear(kSilenceNs).kind, Heard::Kind::nothing);
  EXPECT_EQ(ask(R"({"method":"LIST_SUBSCRIPTIONS","id":6})"), R"({"result":[],"id":6})");
}

TEST(Exchange, WrapsEventsAsThePropertySaysFromThenOn) {
  ScriptedExchange exchange(easy_rules());
  TestPeer peer(exchange.port(), "/ws/btcusdt@bookTicker");
  const auto ask = [&peer](std::string_view request) {
    peer.send(request);
    return peer.text();
  };
  EXPECT_EQ(ask(R"({"method":"GET_PROPERTY","params":["combined"],"id":1})"), R"({"result":false,"id":1})");
  EXPECT_EQ(ask(R"({"method":"SET_PROPERTY","params":["combined",true],"id":2})"),
            R"({"result":null,"id":2})");
  exchange.script->push(0, 101);
  EXPECT_EQ(peer.text(), combined_event("btcusdt@bookTicker", raw_event("BTCUSDT", 101)));
  EXPECT_EQ(ask(R"({"method":"GET_PROPERTY","params":["combined"],"id":3})"), R"({"result":true,"id":3})");
  EXPECT_EQ(ask(R"({"method":"SET_PROPERTY","params":["combined",false],"id":4})"),
            R"({"result":null,"id":4})");
  exchange.script->push(0, 102);
  EXPECT_EQ(peer.text(), raw_event("BTCUSDT", 102));
  TestPeer combined(exchange.port(), "/stream");
  combined.send(R"({"method":"GET_PROPERTY","params":["combined"],"id":null})");
  EXPECT_EQ(combined.text(), R"({"result":true,"id":null})");
}

TEST(Exchange, EchoesIdsOfEveryType) {
  ScriptedExchange exchange(easy_rules());
  TestPeer peer(exchange.port(), "/ws");
  for (const std::string_view id : {"1", "-9223372036854775808", "9223372036854775807", "null", R"("")",
                                    R"("3b1f7d54-0c2e-4f5a-9d57-0d1c9b7d8a11")", R"("abc")"}) {
    if (id == R"("")") continue;  // not said anywhere
    peer.send(fmt::format(R"({{"method":"SUBSCRIBE","params":["ethusdt@bookTicker"],"id":{}}})", id));
    EXPECT_EQ(peer.text(), fmt::format(R"({{"result":null,"id":{}}})", id));
  }
}

TEST(Exchange, SaysWhatIsWrongWithAControlMessage) {
  struct Wrong {
    std::string_view request;
    std::string_view code;
    std::string_view words;
  };
  const Wrong wrongs[] = {
      {R"({"method":"GET_PROPERTY","params":["nosuch"],"id":1})", R"("code":0)", "Unknown property"},
      {R"({"method":"SET_PROPERTY","params":["combined",1],"id":1})", R"("code":1)",
       "Invalid value type: expected Boolean"},
      {R"({"method":"GET_PROPERTY","params":[5],"id":1})", R"("code":2)", "property name must be a string"},
      {R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker"]})", R"("code":2)",
       "request ID must be an unsigned integer"},
      {R"({"method":"NOPE","params":[],"id":1})", R"("code":2)", "unknown variant"},
      {R"({"method":"LIST_SUBSCRIPTIONS","params":["x"],"id":1})", R"("code":2)", "too many parameters"},
      {R"({"params":["btcusdt@bookTicker"],"id":1})", R"("code":2)", "missing field `method`"},
      {R"({"method":"SUBSCRIBE","params":["btcusdt"],"id":1})", R"("code":2)", "invalid stream"},
      {"hello", R"("code":3)", "Invalid JSON: expected value at line"},
  };
  ScriptedExchange exchange(easy_rules());
  TestPeer peer(exchange.port(), "/stream");
  for (const Wrong& wrong : wrongs) {
    peer.send(wrong.request);
    const std::string reply = peer.text();
    EXPECT_TRUE(reply.starts_with(R"({"error":{)")) << reply;
    EXPECT_THAT(reply, HasSubstr(wrong.code));
    EXPECT_THAT(reply, HasSubstr(wrong.words));
  }
  peer.send(R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
  EXPECT_EQ(peer.text(), R"({"result":[],"id":1})") << "nothing was subscribed by a request that is wrong";
}

TEST(Exchange, AnswersPingsWithTheirPayload) {
  ScriptedExchange exchange;
  TestPeer peer(exchange.port(), "/ws");
  peer.send(wire::Opcode::ping, "beat");
  const Heard pong = peer.hear();
  EXPECT_EQ(pong.kind, Heard::Kind::pong);
  EXPECT_EQ(pong.text, "beat");
}

TEST(Exchange, AnnouncesItsEndRawAndWrapped) {
  auto exchange = std::make_unique<ScriptedExchange>();
  TestPeer raw(exchange->port(), "/ws");
  TestPeer combined(exchange->port(), "/stream");
  exchange.reset();
  EXPECT_THAT(raw.text(), testing::MatchesRegex(R"(\{"e":"serverShutdown","E":[0-9]{13}\})"));
  EXPECT_THAT(combined.text(),
              testing::MatchesRegex(
                  R"(\{"stream":"!serverShutdown","data":\{"e":"serverShutdown","E":[0-9]{13}\}\})"));
  EXPECT_EQ(raw.end().close_code, 1001);
  EXPECT_EQ(combined.end().close_code, 1001);
}

TEST(Exchange, StandsStillWhileFrozenAndGoesOnAfterwards) {
  ScriptedExchange exchange;
  TestPeer peer(exchange.port(), "/ws/btcusdt@bookTicker");
  EXPECT_THAT(control(exchange.port(), "freeze"), HasSubstr(R"("frozen":true)"));
  exchange.script->push(0, 101);
  EXPECT_EQ(peer.hear(kSilenceNs).kind, Heard::Kind::nothing);
  EXPECT_THAT(control(exchange.port(), "resume"), HasSubstr(R"("frozen":false)"));
  EXPECT_EQ(peer.text(), raw_event("BTCUSDT", 101));
}

TEST(Exchange, TellsItsStateToLoopback) {
  ScriptedExchange exchange;
  TestPeer peer(exchange.port(), "/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker");
  const std::string state = control(exchange.port(), "state");
  EXPECT_THAT(state, HasSubstr(R"({"id":1,"path":"/stream","combined":true,"subscriptions":2,"unsent":0})"));
  EXPECT_THAT(state, HasSubstr(R"("faults":[])"));
  EXPECT_EQ(http(exchange.port(), "/control/nosuch").status, 404);
  EXPECT_THAT(control(exchange.port(), "help"), HasSubstr("stall"));
}

TEST(Exchange, StartsOnlyOverWhatIsRight) {
  Options options;
  options.listen = {.host = "127.0.0.1", .port = 0};
  const auto error_of = [](const Options& wrong) {
    const auto started = Exchange::start(wrong);
    return started ? std::string("started") : started.error().message;
  };
  Options bad_fault = options;
  bad_fault.faults = {"stal"};
  EXPECT_THAT(error_of(bad_fault), testing::AllOf(HasSubstr("\"stal\""), HasSubstr("stall")));
  Options unknown_symbol = options;
  unknown_symbol.faults = {"delist:symbol=NOSUCH"};
  EXPECT_THAT(error_of(unknown_symbol), HasSubstr("NOSUCH"));
  Options bad_replay = options;
  bad_replay.replay_path = "/nosuch/recording.gz";
  EXPECT_THAT(error_of(bad_replay), HasSubstr("/nosuch/recording.gz"));
  Options no_symbols = options;
  no_symbols.market.symbols = 0;
  EXPECT_THAT(error_of(no_symbols), HasSubstr("symbols"));
  Options no_rate = options;
  no_rate.market.events_per_second = 0;
  EXPECT_THAT(error_of(no_rate), HasSubstr("events per second"));
  ScriptedExchange first;
  Options taken = options;
  taken.listen.port = first.port();
  EXPECT_THAT(error_of(taken), HasSubstr(std::to_string(first.port())));
}

// A market with more to say than any machine can send.
class EndlessSource final : public Source {
 public:
  EndlessSource() : flush_(1000, {0, make_quote(101)}) {
    listings_.push_back({.symbol = "BTCUSDT", .base_asset = "BTC", .quote_asset = "USDT"});
    quotes_.push_back(make_quote(100));
  }
  const std::vector<market::Listing>& listings() const override { return listings_; }
  const std::vector<market::Quote>& quotes() const override { return quotes_; }
  std::span<const MarketEvent> due(std::int64_t) override { return flush_; }
  std::int64_t next_ns() const override { return 1; }

 private:
  std::vector<market::Listing> listings_;
  std::vector<market::Quote> quotes_;
  std::vector<MarketEvent> flush_;
};

TEST(Exchange, StillAnswersWhenItCannotKeepUp) {
  Options options;
  options.listen = {.host = "127.0.0.1", .port = 0};
  const auto exchange = Exchange::start(options, std::make_unique<EndlessSource>());
  ASSERT_TRUE(exchange);
  TestPeer peer((*exchange)->port(), "/ws");
  peer.send(R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
  EXPECT_EQ(peer.text(), R"({"result":[],"id":1})");
  EXPECT_EQ(http((*exchange)->port(), "/api/v3/ping").body, "{}");
  EXPECT_THAT(control((*exchange)->port(), "state"), HasSubstr(R"("behindMs":1)")) << "since 1970";
}

TEST(Exchange, PlaysTheSyntheticMarket) {
  Options options;
  options.listen = {.host = "127.0.0.1", .port = 0};
  options.market.symbols = 20;
  options.market.events_per_second = 2000;
  auto exchange = Exchange::start(options);
  ASSERT_TRUE(exchange) << exchange.error().message;
  TestPeer peer((*exchange)->port(), "/ws/btcusdt@bookTicker");
  EXPECT_THAT(peer.text(), testing::MatchesRegex(R"(\{"u":[0-9]+,"s":"BTCUSDT","b":"[0-9.]+","B":.*\})"));
}

}  // namespace
}  // namespace tickcast::exchange
