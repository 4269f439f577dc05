// SPDX-License-Identifier: Apache-2.0
//
// Every fault, over real sockets: what a client sees of it, and that afterwards it can know what the exchange
// says.
#include <map>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange/faults.h"
#include "exchange/test_peer.h"
#include "wire/rest.h"
#include "wire/ticker.h"

namespace tickcast::exchange {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kSilenceNs = 100 * kNsPerMs;

Rules easy_rules() {
  Rules rules;
  rules.messages_per_second_max = 0;
  rules.connects_per_5_minutes_max = 0;
  return rules;
}

std::string subscribe(std::string_view stream, int id) {
  return fmt::format(R"({{"method":"SUBSCRIBE","params":["{}"],"id":{}}})", stream, id);
}

std::string ack(int id) { return fmt::format(R"({{"result":null,"id":{}}})", id); }

// What a careful client makes of what it hears: the newest quote of each symbol.
class CarefulBook {
 public:
  wire::FrameKind take(std::string_view frame) {
    const auto kind = reader_.read(frame);
    if (kind != wire::FrameKind::ticker) return kind;
    market::Quote& quote = quotes_[std::string(reader_.ticker().symbol)];
    if (reader_.ticker().quote.update_id > quote.update_id) quote = reader_.ticker().quote;
    return kind;
  }
  // Until the connection is quiet.
  void take_all(TestPeer& peer) {
    for (Heard heard = peer.hear(kSilenceNs); heard.kind <= Heard::Kind::pong;
         heard = peer.hear(kSilenceNs)) {
      if (heard.kind == Heard::Kind::text) take(heard.text);
    }
  }
  bool equals_rest(std::uint16_t port, const std::string& symbol) const {
    const auto tickers =
        wire::parse_rest_tickers(http(port, "/api/v3/ticker/bookTicker?symbol=" + symbol).body);
    const auto held = quotes_.find(symbol);
    return tickers && held != quotes_.end() && tickers->front().quote.same_values(held->second);
  }
  const market::Quote& quote(const std::string& symbol) const { return quotes_.at(symbol); }

 private:
  wire::FrameReader reader_;
  std::map<std::string, market::Quote> quotes_;
};

class ExchangeFaults : public testing::Test {
 protected:
  std::uint16_t port() const { return exchange_.port(); }
  void push(std::uint32_t symbol, std::int64_t id, std::string_view bid = "10.00000000") {
    exchange_.script->push(symbol, id, bid);
  }
  void fault(std::string_view spec) { give_fault(port(), spec); }
  void clear() { control(port(), "clear"); }
  // The exchange has taken in what was pushed: REST tells it.
  void wait_for_bid(std::string_view symbol, std::string_view bid) {
    EXPECT_TRUE(eventually([&] {
      const auto body = http(port(), fmt::format("/api/v3/ticker/bookTicker?symbol={}", symbol)).body;
      return body.find(bid) != std::string::npos;
    }));
  }

  ScriptedExchange exchange_{easy_rules()};
};

// --- connections ---

TEST_F(ExchangeFaults, StallSilencesOneConnectionOfManyWhichStillAnswers) {
  TestPeer stalled(port(), "/ws/btcusdt@bookTicker");
  TestPeer other(port(), "/ws/btcusdt@bookTicker");
  fault("stall:connection=1");
  push(0, 101, "10.10000000");
  push(0, 102, "10.20000000");
  EXPECT_EQ(other.text(), raw_event("BTCUSDT", 101, "10.10000000"));
  EXPECT_EQ(other.text(), raw_event("BTCUSDT", 102, "10.20000000"));
  EXPECT_EQ(stalled.hear(kSilenceNs).kind, Heard::Kind::nothing);
  stalled.send(wire::Opcode::ping, "x");
  EXPECT_EQ(stalled.hear().kind, Heard::Kind::pong);
  stalled.send(R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
  EXPECT_THAT(stalled.text(), HasSubstr("btcusdt@bookTicker"));
  clear();
  EXPECT_EQ(stalled.text(), raw_event("BTCUSDT", 103, "10.20000000")) << "said again under a higher id";
  EXPECT_EQ(other.text(), raw_event("BTCUSDT", 103, "10.20000000")) << "ids are the same on every connection";
  push(0, 103, "10.30000000");
  EXPECT_EQ(stalled.text(), raw_event("BTCUSDT", 104, "10.30000000"));
}

TEST_F(ExchangeFaults, BeginAndEndWhenTold) {
  TestPeer peer(port(), "/ws/btcusdt@bookTicker");
  const std::int64_t given_ns = steady_ns();
  fault("empty:symbol=BTCUSDT,after=200ms,for=300ms");
  EXPECT_THAT(peer.text(), HasSubstr(R"({"u":101,"s":"BTCUSDT","b":"0.00000000")"));
  EXPECT_GE(steady_ns() - given_ns, 200 * kNsPerMs);
  EXPECT_EQ(peer.text(), raw_event("BTCUSDT", 102));
  EXPECT_GE(steady_ns() - given_ns, 500 * kNsPerMs);
  EXPECT_THAT(control(port(), "state"), HasSubstr(R"("state":"ended")"));
}

TEST_F(ExchangeFaults, HoldWhileFrozenSoThatFinalStatesCanBeCompared) {
  TestPeer peer(port(), "/ws/btcusdt@bookTicker");
  fault("stall");
  push(0, 101, "10.10000000");
  wait_for_bid("BTCUSDT", "10.10000000");
  control(port(), "freeze");
  clear();
  EXPECT_EQ(peer.text(), raw_event("BTCUSDT", 102, "10.10000000"));
}

TEST_F(ExchangeFaults, AckOnlySilencesTheStreamsSubscribedMeanwhile) {
  TestPeer peer(port(), "/ws/ethusdt@bookTicker");
  fault("ack-only");
  peer.send(subscribe("btcusdt@bookTicker", 1));
  EXPECT_EQ(peer.text(), ack(1));
  push(0, 101);
  push(1, 101);
  EXPECT_EQ(peer.text(), raw_event("ETHUSDT", 101));
  EXPECT_EQ(peer.hear(kSilenceNs).kind, Heard::Kind::nothing);
  clear();
  EXPECT_EQ(peer.text(), raw_event("BTCUSDT", 102));
}

TEST_F(ExchangeFaults, NoAckObeysWithoutAReply) {
  TestPeer peer(port(), "/ws");
  fault("no-ack:times=1");
  peer.send(subscribe("btcusdt@bookTicker", 1));
  EXPECT_EQ(peer.hear(kSilenceNs).kind, Heard::Kind::nothing);
  push(0, 101);
  EXPECT_EQ(peer.text(), raw_event("BTCUSDT", 101));
  peer.send(subscribe("ethusdt@bookTicker", 2));
  EXPECT_EQ(peer.text(), ack(2)) << "once was asked for";
}

TEST_F(ExchangeFaults, SlowReaderShortensTheQueue) {
  TestPeer slow(port(), "/ws/btcusdt@bookTicker", 4096);
  fault("slow-reader:bytes=4096");
  std::vector<MarketEvent> flush(2000, {0, make_quote(101)});
  std::int64_t id = 101;
  EXPECT_TRUE(eventually([&] {
    for (auto& event : flush) event.quote.update_id = id++;
    exchange_.script->push_all(flush);
    return control(port(), "state").find(R"("connections":[])") != std::string::npos;
  }));
  EXPECT_EQ(slow.end().kind, Heard::Kind::gone);
}

TEST_F(ExchangeFaults, LifetimeEndsConnectionsSooner) {
  TestPeer peer(port(), "/ws");
  fault("lifetime:age=200ms");
  const Heard end = peer.end();
  EXPECT_EQ(end.kind, Heard::Kind::close);
  EXPECT_EQ(end.close_code, 1000);
}

TEST_F(ExchangeFaults, DropEndsAConnectionWithoutACloseFrame) {
  TestPeer first(port(), "/ws");
  TestPeer second(port(), "/ws");
  fault("drop:connection=2");
  EXPECT_EQ(second.hear().kind, Heard::Kind::gone);
  EXPECT_EQ(first.hear(kSilenceNs).kind, Heard::Kind::nothing);
}

TEST_F(ExchangeFaults, DropOfAllIsAMassDisconnect) {
  std::vector<std::unique_ptr<TestPeer>> peers;
  for (int i = 0; i < 10; ++i) peers.push_back(std::make_unique<TestPeer>(port(), "/ws"));
  fault("drop");
  for (auto& peer : peers) EXPECT_EQ(peer->hear().kind, Heard::Kind::gone);
  TestPeer again(port(), "/ws");
  EXPECT_EQ(again.hear(kSilenceNs).kind, Heard::Kind::nothing) << "those that come later are left alone";
}

TEST_F(ExchangeFaults, CanWaitForAConnectionToCome) {
  fault("drop:connection=2");
  fault("close:connection=next,code=1001,reason=maintenance");
  TestPeer first(port(), "/ws");
  const Heard end = first.hear();
  EXPECT_EQ(end.close_code, 1001);
  EXPECT_EQ(end.text, "maintenance");
  TestPeer second(port(), "/ws");
  EXPECT_EQ(second.hear().kind, Heard::Kind::gone);
  TestPeer third(port(), "/ws");
  EXPECT_EQ(third.hear(kSilenceNs).kind, Heard::Kind::nothing);
}

TEST_F(ExchangeFaults, CloseHasTheExchangesTexts) {
  for (const std::string_view reason : {"Too many requests", "Pong timeout"}) {
    TestPeer peer(port(), "/ws");
    fault(fmt::format("close:reason={}", reason));
    const Heard end = peer.hear();
    EXPECT_EQ(end.kind, Heard::Kind::close);
    EXPECT_EQ(end.close_code, 1008);
    EXPECT_EQ(end.text, reason);
  }
}

TEST_F(ExchangeFaults, ShutdownIsAnnouncedThenCarriedOut) {
  TestPeer raw(port(), "/ws/btcusdt@bookTicker");
  TestPeer combined(port(), "/stream");
  fault("shutdown:grace=200ms");
  EXPECT_TRUE(raw.text().starts_with(R"({"e":"serverShutdown","E":)"));
  EXPECT_TRUE(
      combined.text().starts_with(R"({"stream":"!serverShutdown","data":{"e":"serverShutdown","E":)"));
  push(0, 101);
  EXPECT_EQ(raw.text(), raw_event("BTCUSDT", 101)) << "events go on meanwhile";
  EXPECT_EQ(raw.end().close_code, 1001);
  EXPECT_EQ(combined.end().close_code, 1001);
}

// --- requests ---

TEST_F(ExchangeFaults, RefuseAnswersHandshakesAndRestWithAnError) {
  for (const int code : {451, 403, 418, 429, 504, 503, 500}) {
    fault(fmt::format("refuse:code={},retry_after=7", code));
    TestPeer refused(port(), "/ws");
    const auto rest = http(port(), "/api/v3/ping");
    EXPECT_EQ(refused.status(), code);
    EXPECT_EQ(rest.status, code);
    const bool waits = code == 418 || code == 429 || code == 503;
    EXPECT_EQ(wire::header(rest.headers, "Retry-After").value_or("none"), waits ? "7" : "none");
    EXPECT_EQ(wire::header(refused.response().headers, "Retry-After").value_or("none"), waits ? "7" : "none");
    clear();
  }
  EXPECT_EQ(TestPeer(port(), "/ws").status(), 101);
  fault("refuse:code=451");
  EXPECT_THAT(http(port(), "/api/v3/time").body, HasSubstr("restricted location"));
}

TEST_F(ExchangeFaults, RefuseCanBeForOneKindOfRequestAndForSoMany) {
  fault("refuse:code=504,on=handshake,times=2");
  EXPECT_EQ(http(port(), "/api/v3/ping").status, 200);
  EXPECT_EQ(TestPeer(port(), "/ws").status(), 504);
  EXPECT_EQ(TestPeer(port(), "/ws").status(), 504);
  EXPECT_EQ(TestPeer(port(), "/ws").status(), 101);
  fault("refuse:code=429,on=rest");
  EXPECT_EQ(http(port(), "/api/v3/ping").status, 429);
  EXPECT_EQ(TestPeer(port(), "/ws").status(), 101);
}

// --- the market ---

TEST_F(ExchangeFaults, StatusStopsASymbol) {
  TestPeer peer(port(), "/ws/btcusdt@bookTicker/ethusdt@bookTicker");
  fault("status:symbol=BTCUSDT,status=BREAK");
  EXPECT_THAT(http(port(), "/api/v3/exchangeInfo?symbol=BTCUSDT").body, HasSubstr(R"("status":"BREAK")"));
  push(0, 101, "10.10000000");
  push(1, 101);
  EXPECT_EQ(peer.text(), raw_event("ETHUSDT", 101));
  EXPECT_THAT(http(port(), "/api/v3/ticker/bookTicker?symbol=BTCUSDT").body, HasSubstr("10.00000000"));
  clear();
  EXPECT_EQ(peer.text(), raw_event("BTCUSDT", 102, "10.10000000"));
  EXPECT_THAT(http(port(), "/api/v3/exchangeInfo?symbol=BTCUSDT").body, HasSubstr(R"("status":"TRADING")"));
}

TEST_F(ExchangeFaults, DelistTakesASymbolAway) {
  TestPeer peer(port(), "/ws/btcusdt@bookTicker/ethusdt@bookTicker");
  fault("delist:symbol=BTCUSDT");
  EXPECT_THAT(http(port(), "/api/v3/exchangeInfo").body, Not(HasSubstr("BTCUSDT")));
  EXPECT_EQ(http(port(), "/api/v3/ticker/bookTicker?symbol=BTCUSDT").status, 400);
  push(0, 101);
  push(1, 101);
  EXPECT_EQ(peer.text(), raw_event("ETHUSDT", 101));
  clear();
  EXPECT_EQ(peer.text(), raw_event("BTCUSDT", 102));
}

TEST_F(ExchangeFaults, ListMakesASymbolAppearAlsoForThoseWhoAskedBefore) {
  TestPeer early(port(), "/ws/龙虾usdt@bookTicker");
  const std::string query = "/api/v3/exchangeInfo?symbol=" + wire::percent_encode("龙虾USDT");
  EXPECT_EQ(http(port(), query).status, 400);
  fault("list:symbol=龙虾USDT,follow=ETHUSDT");
  EXPECT_EQ(early.text(), raw_event("龙虾USDT", 101));
  EXPECT_THAT(http(port(), query).body,
              testing::AllOf(HasSubstr(R"("baseAsset":"龙虾")"), HasSubstr("TRADING")));
  TestPeer late(port(), "/ws/龙虾usdt@bookTicker/ethusdt@bookTicker");
  push(1, 102, "10.20000000");
  EXPECT_EQ(late.text(), raw_event("ETHUSDT", 102, "10.20000000"));
  EXPECT_EQ(late.text(), raw_event("龙虾USDT", 103, "10.20000000"));
  EXPECT_EQ(early.text(), raw_event("龙虾USDT", 103, "10.20000000"));
  clear();
  EXPECT_EQ(http(port(), query).status, 400);
  push(1, 103);
  EXPECT_EQ(early.hear(kSilenceNs).kind, Heard::Kind::nothing);
  fault("list:symbol=龙虾USDT");
  EXPECT_THAT(early.text(), HasSubstr("龙虾USDT")) << "it may come back";
}

TEST_F(ExchangeFaults, EmptyTakesOneSideOrBoth) {
  TestPeer peer(port(), "/ws/btcusdt@bookTicker");
  CarefulBook book;
  fault("empty:symbol=BTCUSDT,side=bid");
  book.take(peer.text());
  EXPECT_TRUE(book.quote("BTCUSDT").bid_price.is_zero());
  EXPECT_FALSE(book.quote("BTCUSDT").ask_price.is_zero());
  EXPECT_TRUE(book.equals_rest(port(), "BTCUSDT")) << "it is the truth meanwhile";
  fault("empty:symbol=BTCUSDT");
  book.take(peer.text());
  EXPECT_TRUE(book.quote("BTCUSDT").ask_quantity.is_zero());
  push(0, 101, "10.10000000");
  const std::string event = peer.text();
  EXPECT_THAT(event, HasSubstr(R"("b":"0.00000000","B":"0.00000000","a":"0.00000000","A":"0.00000000")"));
  book.take(event);
  clear();
  for (int ended = 0; ended < 2; ++ended) book.take(peer.text());
  EXPECT_EQ(book.quote("BTCUSDT").bid_price.text(), "10.10000000");
  EXPECT_TRUE(book.equals_rest(port(), "BTCUSDT"));
}

// --- events ---

TEST_F(ExchangeFaults, TruncateCutsAFrameAndDropsTheConnection) {
  TestPeer peer(port(), "/ws/btcusdt@bookTicker");
  fault("truncate");
  push(0, 101);
  EXPECT_EQ(peer.hear().kind, Heard::Kind::gone);
  EXPECT_TRUE(peer.reads() >= 2) << "half a frame came";
  TestPeer again(port(), "/ws/btcusdt@bookTicker");
  push(0, 102);
  EXPECT_THAT(again.text(), HasSubstr("BTCUSDT")) << "once was asked for";
}

TEST_F(ExchangeFaults, TornFramesComeInManySegments) {
  TestPeer peer(port(), "/ws/btcusdt@bookTicker");
  push(0, 101);
  EXPECT_EQ(peer.text(), raw_event("BTCUSDT", 101));
  const std::uint64_t whole = peer.segments();
  fault("torn:every=1");
  push(0, 102);
  EXPECT_EQ(peer.text(), raw_event("BTCUSDT", 102));
  EXPECT_GE(peer.segments() - whole, 5u) << "the kernel may join some of them";
}

TEST_F(ExchangeFaults, FragmentsHavePingsBetweenThemAndTheirPongsAreFree) {
  Rules rules = easy_rules();
  rules.messages_per_second_max = 5;
  ScriptedExchange strict(rules);
  TestPeer peer(strict.port(), "/ws/btcusdt@bookTicker/币安人生usdt@bookTicker");
  give_fault(strict.port(), "fragments:every=1");
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t symbol = i % 2 == 0 ? 0 : 2;
    strict.script->push(symbol, 101 + i);
    int pings = 0;
    Heard heard = peer.hear();
    for (; heard.kind == Heard::Kind::ping; heard = peer.hear()) {
      ++pings;
      peer.send(wire::Opcode::pong, heard.text);
    }
    EXPECT_GT(pings, 1);
    EXPECT_EQ(heard.text, raw_event(symbol == 0 ? "BTCUSDT" : kCjkSymbol, 101 + i));
  }
  EXPECT_EQ(peer.hear(kSilenceNs).kind, Heard::Kind::nothing) << "12 pongs were not too many requests";
}

TEST_F(ExchangeFaults, BadUtf8IsOnceAndForTheSymbolAskedFor) {
  TestPeer peer(port(), "/ws/btcusdt@bookTicker/ethusdt@bookTicker");
  fault("bad-utf8:symbol=BTCUSDT");
  push(1, 101);
  EXPECT_EQ(peer.text(), raw_event("ETHUSDT", 101));
  push(0, 101);
  EXPECT_EQ(peer.hear().kind, Heard::Kind::gone);
  EXPECT_EQ(peer.violation(), 1007);
}

TEST_F(ExchangeFaults, HugeFramesHoldTheEventAndPadding) {
  TestPeer peer(port(), "/stream?streams=btcusdt@bookTicker");
  CarefulBook book;
  fault("huge");
  push(0, 101, "10.10000000");
  const std::string text = peer.text();
  EXPECT_EQ(text.size(), 16u * 1024 * 1024);
  EXPECT_EQ(book.take(text), wire::FrameKind::ticker);
  EXPECT_EQ(book.quote("BTCUSDT").bid_price.text(), "10.10000000");
  EXPECT_THAT(peer.text(), HasSubstr(raw_event("BTCUSDT", 102, "10.10000000")))
      << "said again for who refused it";
}

struct Corrupted {
  std::string_view spec;
  std::string_view target;
};

void PrintTo(const Corrupted& corrupted, std::ostream* out) {
  *out << corrupted.spec << " on " << corrupted.target;
}

// Faults that a client survives on its connection: whatever they send, its books are the exchange's
// afterwards.
class ExchangeCorruption : public ExchangeFaults, public testing::WithParamInterface<Corrupted> {
 protected:
  // The book comes to hold what REST tells, and stays there whatever still comes.
  void expect_rest_values(TestPeer& peer, CarefulBook& book, std::string_view when) {
    const auto equal = [&] {
      book.take_all(peer);
      return book.equals_rest(port(), "BTCUSDT") && book.equals_rest(port(), "ETHUSDT");
    };
    EXPECT_TRUE(eventually(equal)) << when;
    EXPECT_TRUE(equal()) << when;
  }
};

TEST_P(ExchangeCorruption, LeavesACarefulClientWithTheExchangesLastValues) {
  TestPeer peer(port(), GetParam().target);
  CarefulBook book;
  fault(GetParam().spec);
  for (int i = 0; i < 40; ++i) {
    push(0, 101 + 2 * i, fmt::format("10.{:08}", i));
    push(1, 101 + 2 * i, fmt::format("9.{:08}", i));
  }
  wait_for_bid("BTCUSDT", "10.00000039");
  wait_for_bid("ETHUSDT", "9.00000039");
  if (!loses_events(parse_fault(GetParam().spec)->kind)) expect_rest_values(peer, book, "while it lasts");
  control(port(), "freeze");
  clear();
  expect_rest_values(peer, book, "afterwards");
}

INSTANTIATE_TEST_SUITE_P(
    All, ExchangeCorruption,
    testing::Values(Corrupted{"malformed", "/ws/btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"malformed:every=3", "/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"unrepresentable", "/ws/btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"unrepresentable:symbol=ETHUSDT",
                              "/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"torn:every=3", "/ws/btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"fragments:every=2", "/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"extra-keys", "/ws/btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"extra-keys", "/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"huge:bytes=100000,times=5", "/ws/btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"duplicate-id", "/ws/btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"duplicate-id", "/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"older-id", "/ws/btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"older-id:every=2", "/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"unknown-event", "/ws/btcusdt@bookTicker/ethusdt@bookTicker"},
                    Corrupted{"unknown-event", "/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker"}));

// --- giving ---

TEST_F(ExchangeFaults, AreRefusedInWordsWhenTheyAreNotRight) {
  const auto refused = [this](std::string_view spec) {
    const auto response = http(port(), fmt::format("/control/fault?spec={}", wire::percent_encode(spec)));
    EXPECT_EQ(response.status, 400);
    return response.body;
  };
  EXPECT_THAT(refused("stal"), HasSubstr("is not a fault"));
  EXPECT_THAT(refused("delist:symbol=NOSUCH"), HasSubstr("no symbol"));
  EXPECT_THAT(refused("list:symbol=BTCUSDT"), HasSubstr("already"));
  EXPECT_THAT(refused("list:symbol=NEWUSDT,follow=NOSUCH"), HasSubstr("NOSUCH"));
  EXPECT_THAT(http(port(), "/control/fault").body, HasSubstr("spec="));
  for (int i = 0; i < 64; ++i) fault("stall:after=1h");
  EXPECT_THAT(refused("stall"), HasSubstr("clear them first"));
}

TEST_F(ExchangeFaults, CanBeGivenAtTheStart) {
  ScriptedExchange exchange(easy_rules(), {"refuse:code=403,times=1", "stall:connection=1"});
  EXPECT_EQ(TestPeer(exchange.port(), "/ws").status(), 403);
  TestPeer first(exchange.port(), "/ws/btcusdt@bookTicker");
  TestPeer second(exchange.port(), "/ws/btcusdt@bookTicker");
  exchange.script->push(0, 101);
  EXPECT_EQ(second.text(), raw_event("BTCUSDT", 101));
  EXPECT_EQ(first.hear(kSilenceNs).kind, Heard::Kind::nothing);
}

TEST(ExchangeControl, IsOffWhenToldSo) {
  Options options;
  options.listen = {.host = "127.0.0.1", .port = 0};
  options.control_endpoint = false;
  const auto exchange = Exchange::start(options, std::make_unique<ScriptSource>(std::make_shared<Script>()));
  ASSERT_TRUE(exchange);
  EXPECT_EQ(http((*exchange)->port(), "/control/state").status, 404);
}

}  // namespace
}  // namespace tickcast::exchange
