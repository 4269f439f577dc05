// SPDX-License-Identifier: Apache-2.0
//
// The emitter over real sockets: what a client that speaks Binance's protocol, or ours, sees.
#include "emitter/emitter.h"

#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "emitter/lookups.h"
#include "emitter/subscriptions.h"
#include "net/background.h"
#include "net/loop.h"
#include "wire/test_gunzip.h"
#include "wire/test_inflate.h"
#include "ws/client.h"
#include "ws/test_peer.h"

namespace tickcast::emitter {
namespace {

using market::SymbolId;

constexpr std::int64_t kDeadlineNs = 20 * kNsPerSecond;

// A WebSocket client with a loop of its own in the test's thread.
class TestClient final : private ws::ClientEvents {
 public:
  TestClient(std::uint16_t port, const std::string& target) : background_(loop_) {
    ws::ClientEvents& events = *this;
    client_ = std::make_unique<ws::Client>(loop_, background_, wire::Url{"ws", "127.0.0.1", port, ""}, target,
                                           nullptr, ws::ClientOptions{}, events);
  }

  bool wait(const std::function<bool()>& until) {
    const std::int64_t deadline_ns = steady_ns() + kDeadlineNs;
    while (!until()) {
      if (steady_ns() > deadline_ns) return false;
      loop_.turn(10 * kNsPerMs);
    }
    return true;
  }
  // Whether it became open (else it failed).
  bool opened() {
    EXPECT_TRUE(wait([this] { return open_ || failure_; }));
    return open_;
  }
  // The next text; "" when the connection ends instead.
  std::string next() {
    EXPECT_TRUE(wait([this] { return !texts_.empty() || ended_; })) << "nothing came";
    if (texts_.empty()) return "";
    std::string text = std::move(texts_.front());
    texts_.pop_front();
    return text;
  }
  // The next text that has `part` in it.
  std::string next_with(std::string_view part) {
    for (std::string text = next(); !text.empty(); text = next()) {
      if (text.find(part) != std::string::npos) return text;
    }
    return "";
  }
  // Turns the loop for as long as something keeps coming, then tells whether nothing is left to read.
  bool quiet() {
    const std::int64_t until_ns = steady_ns() + 100 * kNsPerMs;
    while (steady_ns() < until_ns) loop_.turn(10 * kNsPerMs);
    return texts_.empty();
  }
  void send(std::string_view text) { client_->connection()->send(wire::Opcode::text, text); }
  ws::Connection& connection() { return *client_->connection(); }
  const std::optional<ws::DialFailure>& failure() const { return failure_; }
  const std::optional<ws::Ended>& ended() const { return ended_; }

 private:
  void on_open(ws::Connection&) override { open_ = true; }
  void on_dial_failed(const ws::DialFailure& failure) override { failure_ = failure; }
  void on_message(ws::Connection&, const wire::Message& message, std::int64_t) override {
    texts_.emplace_back(message.payload.begin(), message.payload.end());
  }
  void on_writable(ws::Connection&) override {}
  void on_ended(ws::Connection&, const ws::Ended& ended) override { ended_ = ended; }

  net::Loop loop_;
  net::Background background_;
  bool open_ = false;
  std::optional<ws::DialFailure> failure_;
  std::optional<ws::Ended> ended_;
  std::deque<std::string> texts_;
  std::unique_ptr<ws::Client> client_;
};

class EmitterTest : public testing::Test {
 protected:
  EmitterTest() {
    options_.listen = {"127.0.0.1", 0};
    options_.shards = 2;
    options_.drain_ns = 50 * kNsPerMs;
    btc_ = *symbols_.put({"BTCUSDT", "TRADING", "BTC", "USDT", "0.01000000", "0.00001000"});
    eth_ = *symbols_.put({"ETHUSDT", "TRADING", "ETH", "USDT", "0.01000000", "0.00010000"});
  }
  void start() {
    auto started = Emitter::start(options_, symbols_, book_);
    ASSERT_TRUE(started) << started.error().message;
    emitter_ = std::move(*started);
  }
  std::uint16_t port() const { return emitter_->port(); }

  static market::Quote quote(std::int64_t update_id) {
    market::Quote quote;
    quote.update_id = update_id;
    quote.bid_price = *market::Decimal::parse("61685.99000000");
    quote.bid_quantity = *market::Decimal::parse("1.25869000");
    quote.ask_price = *market::Decimal::parse("61686.00000000");
    quote.ask_quantity = *market::Decimal::parse("2.44816000");
    quote.received_ns = quote.admitted_ns = wall_ns();
    return quote;
  }
  void change(SymbolId symbol, std::int64_t update_id) {
    ASSERT_EQ(book_.admit(symbol, quote(update_id)), market::Admission::admitted);
    book_.publish();
  }

  Options options_;
  market::SymbolTable symbols_;
  market::Book book_;
  SymbolId btc_{};
  SymbolId eth_{};
  std::unique_ptr<Emitter> emitter_;  // last: its shards read the rest
};

TEST_F(EmitterTest, SendsTheLastQuoteOnSubscribingAndEveryLaterOne) {
  start();
  change(btc_, 7);
  TestClient client(port(), "/ws/btcusdt@bookTicker");
  ASSERT_TRUE(client.opened());
  EXPECT_EQ(
      client.next(),
      R"({"u":7,"s":"BTCUSDT","b":"61685.99000000","B":"1.25869000","a":"61686.00000000","A":"2.44816000"})");
  change(btc_, 9);
  EXPECT_NE(client.next().find(R"("u":9)"), std::string::npos);
}

TEST_F(EmitterTest, WrapsEventsOnTheCombinedPath) {
  start();
  change(eth_, 3);
  TestClient client(port(), "/stream?streams=ethusdt@bookTicker/ethusdt@quote");
  ASSERT_TRUE(client.opened());
  EXPECT_TRUE(client.next().starts_with(R"({"stream":"ethusdt@bookTicker","data":{"u":3,"s":"ETHUSDT",)"));
  EXPECT_TRUE(
      client.next().starts_with(R"({"stream":"ethusdt@quote","data":{"e":"quote","s":"ETHUSDT","u":3,)"));
}

TEST_F(EmitterTest, AnswersControlMessagesAsTheExchangeDoes) {
  start();
  TestClient client(port(), "/ws");
  ASSERT_TRUE(client.opened());
  client.send(R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker","nosuch@bookTicker"],"id":"a-1"})");
  EXPECT_EQ(client.next(), R"({"result":null,"id":"a-1"})");
  client.send(R"({"method":"LIST_SUBSCRIPTIONS","id":2})");
  EXPECT_EQ(client.next(), R"({"result":["btcusdt@bookTicker","nosuch@bookTicker"],"id":2})");
  client.send(R"({"method":"SET_PROPERTY","params":["combined",true],"id":3})");
  EXPECT_EQ(client.next(), R"({"result":null,"id":3})");
  client.send(R"({"method":"GET_PROPERTY","params":["combined"],"id":null})");
  EXPECT_EQ(client.next(), R"({"result":true,"id":null})");
  change(btc_, 1);
  EXPECT_TRUE(client.next().starts_with(R"({"stream":"btcusdt@bookTicker","data":)"));
  client.send(R"({"method":"UNSUBSCRIBE","params":["btcusdt@bookTicker"],"id":4})");
  EXPECT_EQ(client.next(), R"({"result":null,"id":4})");
  change(btc_, 2);
  EXPECT_TRUE(client.quiet());
  client.send("{");
  EXPECT_TRUE(client.next().starts_with(R"({"error":{"code":3,)"));
}

TEST_F(EmitterTest, ServesTheWholeMarketAsEventsAndAsArrays) {
  start();
  change(btc_, 1);
  change(eth_, 2);
  TestClient client(port(), "/stream?streams=!bookTicker/!quote@arr/ethusdt@bookTicker");
  ASSERT_TRUE(client.opened());
  EXPECT_NE(client.next_with(R"({"stream":"ethusdt@bookTicker","data":{"u":2,)"), "");
  TestClient events(port(), "/ws/!bookTicker");
  EXPECT_NE(events.next_with(R"("s":"ETHUSDT")"), "");
  const auto later = symbols_.put_name("LATERUSDT");
  change(*later, 3);
  EXPECT_NE(events.next_with(R"({"u":3,"s":"LATERUSDT")"), "");
  TestClient arrays(port(), "/ws/!bookTicker@arr");
  const std::string array = arrays.next();
  EXPECT_TRUE(array.starts_with("[{") && array.ends_with("}]"));
  for (const std::string symbol : {"BTCUSDT", "ETHUSDT", "LATERUSDT"})
    EXPECT_NE(array.find(symbol), std::string::npos);
}

// All events of arrays up to one that begins so, however they were spread over arrays.
std::string events_until(std::string_view last, const std::function<std::string()>& next) {
  std::string out;
  while (out.find(last) == std::string::npos) {
    const std::string array = next();
    if (!array.starts_with("[{") || !array.ends_with("}]")) return out + "no array: " + array;
    out += array.substr(1, array.size() - 2) + ",";
  }
  return out;
}

// Of one shard, so that both are served from the same lane in the same order.
TEST_F(EmitterTest, ArraysComeCompressedToWhoOffersThatAndSayWhatOthersAreTold) {
  options_.shards = 1;
  start();
  std::vector<SymbolId> all;
  for (int i = 0; i < 100; ++i) all.push_back(*symbols_.put_name("SYM" + std::to_string(i) + "USDT"));
  const auto change_all = [&](std::int64_t update_id) {
    for (const SymbolId symbol : all) book_.admit(symbol, quote(update_id));
    book_.publish();
  };
  change_all(1);
  TestClient looker(port(), "/ws/sym99usdt@bookTicker");
  ASSERT_NE(looker.next(), "") << "the shard knows them all";

  net::Loop loop;
  auto packed = ws::test::TestPeer::dial(loop, port());
  const std::string kTarget = "/ws/!bookTicker@arr@1000ms";
  const std::string head = packed.open(kTarget, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  EXPECT_NE(head.find("\r\nSec-WebSocket-Extensions: permessage-deflate; "), std::string::npos) << head;
  TestClient plain(port(), kTarget);
  int compressed = 0;
  const auto next_packed = [&] {
    const ws::test::Frame frame = packed.read_frame().value_or(ws::test::Frame{});
    if (frame.reserved == 0) return frame.payload;  // of few symbols, where it does not pay
    EXPECT_EQ(frame.reserved, 4) << "RSV1";
    const std::string text = wire::testing::inflated_message(frame.payload).value_or("");
    EXPECT_LT(frame.payload.size() * 2, text.size());
    ++compressed;
    return text;
  };
  EXPECT_EQ(events_until(R"({"u":1,"s":"SYM99USDT")", next_packed),
            events_until(R"({"u":1,"s":"SYM99USDT")", [&] { return plain.next(); }));
  EXPECT_GT(std::exchange(compressed, 0), 0);
  change_all(2);
  EXPECT_EQ(events_until(R"({"u":2,"s":"SYM99USDT")", next_packed),
            events_until(R"({"u":2,"s":"SYM99USDT")", [&] { return plain.next(); }));
  EXPECT_GT(compressed, 0) << "and it was inflated without the one before";
}

TEST_F(EmitterTest, PacedStreamsComeOnceAPeriodBesideTheOthers) {
  start();
  TestClient client(port(), "/ws");
  ASSERT_TRUE(client.opened());
  client.send(
      R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker","btcusdt@quote@100ms","!quote@arr@1000ms"],"id":1})");
  EXPECT_EQ(client.next(), R"({"result":null,"id":1})");
  client.send(R"({"method":"LIST_SUBSCRIPTIONS","id":2})");
  EXPECT_EQ(client.next(),
            R"({"result":["btcusdt@bookTicker","btcusdt@quote@100ms","!quote@arr@1000ms"],"id":2})");
  std::int64_t update_id = 0;
  std::size_t paced = 0;
  std::size_t unpaced = 0;
  const std::int64_t begin_ns = steady_ns();
  while (paced < 5) {
    change(btc_, ++update_id);
    const std::string text = client.next();
    ASSERT_NE(text, "");
    ++(text.starts_with(R"({"e":"quote")") ? paced : unpaced);
  }
  // Five events lie in five periods at the least; the first may come at the end of its own.
  EXPECT_GE(steady_ns() - begin_ns, 300 * kNsPerMs);
  EXPECT_GT(unpaced, paced);
  // After quiet the last one comes without another change.
  EXPECT_NE(client.next_with(R"("s":"BTCUSDT","u":)" + std::to_string(update_id)), "");
  client.send(
      R"({"method":"UNSUBSCRIBE","params":["btcusdt@quote@100ms","!quote@arr@1000ms","btcusdt@bookTicker"],"id":3})");
  EXPECT_NE(client.next_with(R"({"result":null,"id":3})"), "");
  change(btc_, ++update_id);
  EXPECT_TRUE(client.quiet());
}

TEST_F(EmitterTest, AFastestPaceHoldsForThoseWhoAreConnectedUnderTheNamesTheyAskedFor) {
  const auto set_fastest_pace = [this](std::int64_t pace_ns) {
    emitter_->set_fastest_pace(pace_ns);
    for (std::size_t i = 0; i < emitter_->shards(); ++i) {
      std::promise<void> done;
      emitter_->post(i, [&done] { done.set_value(); });
      done.get_future().wait();
    }
  };
  start();
  TestClient client(port(), "/stream?streams=btcusdt@bookTicker/btcusdt@quote@100ms");
  ASSERT_TRUE(client.opened());
  set_fastest_pace(1'000'000 * kNsPerSecond);
  change(btc_, 1);
  const std::string both = client.next() + client.next();
  EXPECT_NE(both.find(R"({"stream":"btcusdt@bookTicker","data":{"u":1,)"), std::string::npos);
  EXPECT_NE(both.find(R"({"stream":"btcusdt@quote@100ms","data":)"), std::string::npos);
  change(btc_, 2);
  EXPECT_TRUE(client.quiet()) << "both wait for the end of eleven days";
  client.send(R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
  EXPECT_EQ(client.next(), R"({"result":["btcusdt@bookTicker","btcusdt@quote@100ms"],"id":1})");
  set_fastest_pace(0);
  EXPECT_NE(client.next_with(R"({"stream":"btcusdt@bookTicker","data":{"u":2,)"), "");
}

TEST_F(EmitterTest, ASymbolThatIsListedLaterBeginsToFlow) {
  start();
  TestClient client(port(), "/ws/newusdt@bookTicker");
  ASSERT_TRUE(client.opened());
  const auto listed = symbols_.put_name("NEWUSDT");
  change(*listed, 1);
  EXPECT_NE(client.next().find(R"("s":"NEWUSDT")"), std::string::npos);
}

TEST_F(EmitterTest, RefusesMoreStreamsThanAConnectionMayHave) {
  options_.streams_per_connection_max = 2;
  start();
  TestClient in_url(port(), "/stream?streams=a@quote/b@quote/c@quote");
  EXPECT_FALSE(in_url.opened());
  EXPECT_EQ(in_url.failure()->http_status, 400);

  TestClient client(port(), "/ws/a@quote/b@quote");
  ASSERT_TRUE(client.opened());
  client.send(R"({"method":"SUBSCRIBE","params":["b@quote","btcusdt@quote"],"id":1})");
  EXPECT_TRUE(client.next().starts_with(R"({"error":{"code":2,"msg":"Too many streams)"));
  client.send(R"({"method":"LIST_SUBSCRIPTIONS","id":2})");
  EXPECT_EQ(client.next(), R"({"result":["a@quote","b@quote"],"id":2})") << "the connection stays as it was";
}

TEST_F(EmitterTest, AnyOtherPathIsNotAStream) {
  start();
  TestClient client(port(), "/stream/nonsense");
  EXPECT_FALSE(client.opened());
  EXPECT_EQ(client.failure()->http_status, 404);
}

TEST_F(EmitterTest, TellsStatusSubscribersAtOnceAndOnEveryChange) {
  const market::SourceId source = book_.add_source();
  book_.set_source(source, market::SourceState::connecting, market::Origin::simulated, 0);
  start();
  TestClient client(port(), "/stream?streams=!status");
  ASSERT_TRUE(client.opened());
  EXPECT_EQ(
      client.next(),
      R"({"stream":"!status","data":{"e":"status","state":"connecting","since":0,"symbols":"all","origin":"simulated"}})");
  book_.set_source(source, market::SourceState::live, market::Origin::simulated, 1'732'320'000'123);
  book_.publish();
  EXPECT_EQ(
      client.next(),
      R"({"stream":"!status","data":{"e":"status","state":"live","since":1732320000123,"symbols":"all","origin":"simulated"}})");
}

TEST_F(EmitterTest, WhatIsUnsubscribedLeavesTheRestAsItWas) {
  const market::SourceId source = book_.add_source();
  book_.set_source(source, market::SourceState::connecting, market::Origin::simulated, 0);
  start();
  TestClient client(port(), "/stream?streams=btcusdt@bookTicker/!status/nosuch@quote/ethusdt@quote@100ms");
  ASSERT_TRUE(client.opened());
  const auto subscribed = [&] {
    client.send(R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
    return client.next_with(R"({"result":[)");
  };
  EXPECT_EQ(subscribed(),
            R"({"result":["btcusdt@bookTicker","ethusdt@quote@100ms","!status","nosuch@quote"],"id":1})");
  client.send(R"({"method":"UNSUBSCRIBE","params":["ethusdt@quote@100ms"],"id":2})");
  EXPECT_EQ(subscribed(), R"({"result":["btcusdt@bookTicker","!status","nosuch@quote"],"id":1})");
  client.send(R"({"method":"UNSUBSCRIBE","params":["nosuch@quote"],"id":3})");
  EXPECT_EQ(subscribed(), R"({"result":["btcusdt@bookTicker","!status"],"id":1})");
  book_.set_source(source, market::SourceState::live, market::Origin::simulated, 1);
  book_.publish();
  EXPECT_NE(client.next_with(R"("state":"live")"), "");
  client.send(R"({"method":"UNSUBSCRIBE","params":["!status"],"id":4})");
  EXPECT_EQ(subscribed(), R"({"result":["btcusdt@bookTicker"],"id":1})");
  change(btc_, 1);
  EXPECT_TRUE(client.next().starts_with(R"({"stream":"btcusdt@bookTicker","data":{"u":1,)"));
}

TEST_F(EmitterTest, AClientThatStopsReadingCostsOthersNothingAndSeesTheNewestWhenItReturns) {
  options_.shards = 1;
  options_.send_buffer_bytes = 4096;
  start();
  TestClient stalled(port(), "/ws/btcusdt@bookTicker");
  TestClient reading(port(), "/ws/btcusdt@bookTicker");
  ASSERT_TRUE(stalled.opened());
  ASSERT_TRUE(reading.opened());
  stalled.connection().pause_reading(true);
  // Enough to fill the socket's buffers many times over, were it all sent.
  constexpr std::int64_t kLast = 50'000;
  for (std::int64_t u = 1; u <= kLast; ++u) {
    change(btc_, u);
    if (u % 5000 == 0) {
      EXPECT_NE(reading.next_with(R"({"u":)" + std::to_string(u) + ","), "");
    }
  }
  stalled.connection().pause_reading(false);
  std::int64_t events = 1;
  while (stalled.next().find(R"({"u":)" + std::to_string(kLast) + ",") == std::string::npos)
    ASSERT_LT(++events, kLast);
}

TEST_F(EmitterTest, SaysGoodbyeWhenItStops) {
  start();
  TestClient client(port(), "/ws/btcusdt@quote");
  ASSERT_TRUE(client.opened());
  client.send(R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
  client.next();
  std::thread stopping([this] { emitter_.reset(); });
  EXPECT_TRUE(client.next().starts_with(R"({"e":"serverShutdown","E":)"));
  EXPECT_TRUE(client.wait([&] { return client.ended().has_value(); }));
  EXPECT_EQ(client.ended()->code, wire::CloseCode::service_restart);
  stopping.join();
}

TEST_F(EmitterTest, NamesTheTakenPort) {
  start();
  options_.listen.port = port();
  const auto second = Emitter::start(options_, symbols_, book_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(std::to_string(port())), std::string::npos);
}

class LookupsTest : public EmitterTest {
 protected:
  wire::HttpResponse get(const std::string& target, const std::string& header = "") {
    const auto parsed =
        wire::parse_request_head("GET " + target + " HTTP/1.1\r\nHost: x\r\n" + header + "\r\n");
    EXPECT_EQ(parsed.status, wire::HeadStatus::complete);
    return lookups_.answer(parsed.request).value_or(wire::HttpResponse{404, {}, ""});
  }
  Lookups lookups_{symbols_, book_};
};

TEST_F(LookupsTest, AnswerWhatClientsAskFirst) {
  EXPECT_EQ(get("/api/v3/ping").body, "{}");
  EXPECT_TRUE(get("/api/v3/time").body.starts_with(R"({"serverTime":)"));
  EXPECT_NE(get("/api/v3/exchangeInfo").body.find(R"("symbol":"ETHUSDT")"), std::string::npos);
  EXPECT_EQ(get("/api/v3/nonsense").status, 404);
}

TEST_F(LookupsTest, ExchangeInfoFollowsTheListings) {
  get("/api/v3/exchangeInfo");
  symbols_.put_name("NEWUSDT");
  symbols_.set_status(eth_, market::kGone);
  const std::string body = get("/api/v3/exchangeInfo").body;
  EXPECT_NE(body.find("NEWUSDT"), std::string::npos);
  EXPECT_EQ(body.find("GONE"), std::string::npos);
  EXPECT_EQ(get("/api/v3/exchangeInfo?symbolStatus=TRADING").body.find("ETHUSDT"), std::string::npos);
}

TEST_F(LookupsTest, AreCompressedForWhoTakesThat) {
  for (int i = 0; i < 100; ++i) change(*symbols_.put_name("SYM" + std::to_string(i) + "USDT"), 1);
  const std::string kTakes = "Accept-Encoding: gzip\r\n";
  for (const std::string target : {"/api/v3/exchangeInfo", "/api/v3/ticker/bookTicker"}) {
    const auto plain = get(target);
    const auto packed = get(target, kTakes);
    EXPECT_EQ(wire::header(packed.headers, "Content-Encoding"), "gzip") << target;
    EXPECT_FALSE(wire::header(plain.headers, "Content-Encoding")) << target;
    for (const auto& response : {plain, packed})
      EXPECT_EQ(wire::header(response.headers, "Vary"), "Accept-Encoding") << target;
    EXPECT_LT(packed.body.size() * 4, plain.body.size());
    const auto but_time = [](const std::string& body) {
      return body.substr(std::min<std::size_t>(body.size(), 60));
    };
    EXPECT_EQ(but_time(wire::testing::unpacked(packed.body)), but_time(plain.body));
  }
  symbols_.put_name("NEWUSDT");
  EXPECT_NE(wire::testing::unpacked(get("/api/v3/exchangeInfo", kTakes).body).find("NEWUSDT"),
            std::string::npos);
  EXPECT_FALSE(wire::header(get("/api/v3/ping", kTakes).headers, "Content-Encoding"));
}

TEST_F(LookupsTest, RefuseInTheExchangesWords) {
  change(btc_, 5);
  const auto refused = [this](const std::string& target, std::string_view code) {
    const auto response = get(target);
    return response.status == 400 && response.body.find(code) != std::string::npos;
  };
  EXPECT_TRUE(refused("/api/v3/ticker/bookTicker?symbol=btcusdt", "-1100,"));
  EXPECT_TRUE(refused("/api/v3/ticker/bookTicker?symbol=BTCUSDT&x=1", "-1104,"));
  EXPECT_TRUE(refused("/api/v3/exchangeInfo?symbol=BTCUSDT&symbols=[%22BTCUSDT%22]", "-1128,"));
  EXPECT_TRUE(refused("/api/v3/exchangeInfo?symbols=[%22BTCUSDT%22,%22BTCUSDT%22]", "-1151,"));
  EXPECT_TRUE(refused("/api/v3/ticker/bookTicker?symbol=BTCUSDT&symbolStatus=HALT", "-1220,"));
  EXPECT_TRUE(refused("/api/v3/ticker/bookTicker?symbol=ETHUSDT", "-1121,")) << "it has no quote yet";
}

TEST_F(LookupsTest, BookTickerTellsOneSomeOrAll) {
  EXPECT_EQ(get("/api/v3/ticker/bookTicker").body, "[]");
  change(btc_, 5);
  const std::string btc =
      R"({"symbol":"BTCUSDT","bidPrice":"61685.99000000","bidQty":"1.25869000","askPrice":"61686.00000000","askQty":"2.44816000"})";
  EXPECT_EQ(get("/api/v3/ticker/bookTicker?symbol=BTCUSDT").body, btc);
  EXPECT_EQ(get("/api/v3/ticker/bookTicker?symbols=%5B%22BTCUSDT%22%5D").body, "[" + btc + "]");
  EXPECT_EQ(get("/api/v3/ticker/bookTicker").body, "[" + btc + "]");
  EXPECT_EQ(get("/api/v3/ticker/bookTicker?symbol=NOSUCH").body, R"({"code":-1121,"msg":"Invalid symbol."})");
  EXPECT_EQ(get("/api/v3/ticker/bookTicker?symbol=NOSUCH").status, 400);
}

}  // namespace
}  // namespace tickcast::emitter
