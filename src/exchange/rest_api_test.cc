// SPDX-License-Identifier: Apache-2.0
#include "exchange/rest_api.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange/test_peer.h"
#include "wire/rest.h"
#include "wire/test_gunzip.h"

namespace tickcast::exchange {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kNowNs = 1'700'000'000'123'456'789;  // 20 s into a minute
constexpr std::string_view kTicker =
    R"({"symbol":"BTCUSDT","bidPrice":"10.00000000","bidQty":"1.50000000","askPrice":"11.00000000","askQty":"2.00000000"})";

class RestApiTest : public testing::Test {
 protected:
  wire::HttpResponse get(std::string_view target, const wire::HttpHeaders& headers = {},
                         std::int64_t now_ns = kNowNs, std::string_view address = "127.0.0.1") {
    std::string head = fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n", target);
    for (const auto& [name, value] : headers) head += fmt::format("{}: {}\r\n", name, value);
    const auto parsed = wire::parse_request_head(head + "\r\n");
    EXPECT_EQ(parsed.status, wire::HeadStatus::complete) << target;
    return api_.answer(parsed.request, address, now_ns);
  }

  // "400 -1121 Invalid symbol."
  std::string error(std::string_view target) {
    const auto response = get(target);
    return fmt::format("{} {}", response.status, response.body);
  }

  Rules rules_;
  ScriptSource source_{std::make_shared<Script>()};
  Board board_{source_, retired_symbols()};
  RestApi api_{board_, rules_};
};

TEST_F(RestApiTest, AnswersPingAndTime) {
  EXPECT_EQ(get("/api/v3/ping").body, "{}");
  EXPECT_EQ(get("/api/v3/time").body, R"({"serverTime":1700000000123})");
  EXPECT_EQ(get("/api/v3/time", {{"x-mbx-time-unit", "MICROSECOND"}}).body,
            R"({"serverTime":1700000000123456})");
}

TEST_F(RestApiTest, TellsTheLastQuoteOfOneOfSomeAndOfAll) {
  EXPECT_EQ(get("/api/v3/ticker/bookTicker?symbol=BTCUSDT").body, kTicker);
  EXPECT_EQ(get("/api/v3/ticker/bookTicker?symbols=[\"BTCUSDT\"]").body, fmt::format("[{}]", kTicker));
  EXPECT_EQ(get("/api/v3/ticker/bookTicker?symbols=%5B%22BTCUSDT%22%5D").body, fmt::format("[{}]", kTicker));
  const auto all = wire::parse_rest_tickers(get("/api/v3/ticker/bookTicker").body);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 4 + retired_symbols().size());
  EXPECT_THAT(get("/api/v3/ticker/bookTicker?symbol=BUSDNGN").body, HasSubstr(R"("bidPrice":"0.00000000")"));
  const auto trading = wire::parse_rest_tickers(get("/api/v3/ticker/bookTicker?symbolStatus=TRADING").body);
  ASSERT_TRUE(trading);
  EXPECT_EQ(trading->size(), 3u);
  const std::string cjk = wire::percent_encode(kCjkSymbol);
  EXPECT_THAT(get("/api/v3/ticker/bookTicker?symbol=" + cjk).body, HasSubstr(std::string(kCjkSymbol)));
}

TEST_F(RestApiTest, ListsSymbolsAsAsked) {
  const auto symbols = [this](std::string_view query) {
    const auto parsed = wire::parse_exchange_info(get(fmt::format("/api/v3/exchangeInfo{}", query)).body);
    EXPECT_TRUE(parsed) << query;
    std::vector<std::string> names;
    if (parsed) {
      for (const auto& listing : *parsed) names.push_back(listing.symbol + " " + listing.status);
    }
    return names;
  };
  EXPECT_EQ(symbols("").size(), 4 + retired_symbols().size());
  EXPECT_THAT(symbols("?symbol=ETHUSDT"), testing::ElementsAre("ETHUSDT TRADING"));
  EXPECT_THAT(symbols("?symbols=[\"HALTEDUSDT\",\"BTCUSDT\"]"),
              testing::ElementsAre("HALTEDUSDT BREAK", "BTCUSDT TRADING"));
  EXPECT_EQ(symbols("?symbolStatus=TRADING").size(), 3u);
  EXPECT_EQ(symbols("?symbolStatus=HALT").size(), 0u);
  EXPECT_EQ(symbols("?permissions=SPOT").size(), 4 + retired_symbols().size());
  EXPECT_EQ(symbols("?permissions=[\"MARGIN\",\"LEVERAGED\"]").size(), 0u);
  EXPECT_THAT(get("/api/v3/exchangeInfo?symbol=BTCUSDT").body, HasSubstr("\"permissionSets\":[["));
  EXPECT_THAT(get("/api/v3/exchangeInfo?symbol=BTCUSDT&showPermissionSets=false").body,
              Not(HasSubstr("\"permissionSets\":[[")));
}

TEST_F(RestApiTest, ListsWhatIsTrueNowThoughTheListIsKept) {
  const auto info = [this](std::int64_t now_ns) { return get("/api/v3/exchangeInfo", {}, now_ns).body; };
  const std::string first = info(kNowNs);
  EXPECT_THAT(first, HasSubstr(R"("serverTime":1700000000123,)"));
  std::string later = info(kNowNs + 1000 * kNsPerMs);
  const std::size_t time_at = later.find("1700000001123");
  ASSERT_NE(time_at, std::string::npos);
  EXPECT_EQ(later.replace(time_at, 13, "1700000000123"), first) << "nothing else changes";
  EXPECT_THAT(get("/api/v3/exchangeInfo?showPermissionSets=false").body, HasSubstr(R"("permissionSets":[])"));

  const SymbolNumber eth = *board_.find("ETHUSDT");
  board_.set_overlay(eth, {.status = "HALT"});
  EXPECT_THAT(info(kNowNs), HasSubstr(R"("symbol":"ETHUSDT","status":"HALT")"));
  board_.set_overlay(eth, {.hidden = true});
  EXPECT_THAT(info(kNowNs), Not(HasSubstr("ETHUSDT")));
  board_.set_overlay(eth, {});
  EXPECT_EQ(info(kNowNs), first);
}

TEST_F(RestApiTest, CompressesLongBodiesForWhoTakesThat) {
  const wire::HttpHeaders takes = {{"Accept-Encoding", "gzip, br"}};
  for (const std::string_view query :
       {"", "?showPermissionSets=false", "?permissions=SPOT", "?symbolStatus=TRADING"}) {
    const std::string target = fmt::format("/api/v3/exchangeInfo{}", query);
    const auto packed = get(target, takes);
    EXPECT_EQ(wire::header(packed.headers, "Content-Encoding"), "gzip");
    EXPECT_EQ(wire::header(packed.headers, "Vary"), "Accept-Encoding");
    EXPECT_EQ(wire::testing::unpacked(packed.body), get(target).body);
  }
  board_.set_overlay(*board_.find("ETHUSDT"), {.hidden = true});
  EXPECT_THAT(wire::testing::unpacked(get("/api/v3/exchangeInfo", takes).body), Not(HasSubstr("ETHUSDT")));
  EXPECT_FALSE(wire::header(get("/api/v3/exchangeInfo?symbol=BTCUSDT", takes).headers, "Content-Encoding"));
}

TEST_F(RestApiTest, RefusesInTheExchangesWords) {
  EXPECT_EQ(error("/api/v3/ticker/bookTicker?symbol=NOSUCH"),
            R"(400 {"code":-1121,"msg":"Invalid symbol."})");
  EXPECT_EQ(error("/api/v3/exchangeInfo?symbols=[\"BTCUSDT\",\"NOSUCH\"]"),
            R"(400 {"code":-1121,"msg":"Invalid symbol."})");
  EXPECT_THAT(error("/api/v3/ticker/bookTicker?symbol=btcusdt"), HasSubstr("400 {\"code\":-1100,"));
  EXPECT_THAT(error("/api/v3/ticker/bookTicker?symbols=BTCUSDT"), HasSubstr("-1100,"));
  EXPECT_THAT(error("/api/v3/ticker/bookTicker?symbol=BTCUSDT&symbol=ETHUSDT"), HasSubstr("-1101,"));
  EXPECT_THAT(error("/api/v3/ping?x=1"), HasSubstr("-1101,"));
  EXPECT_THAT(
      error("/api/v3/ticker/bookTicker?symbol=BTCUSDT&x=1"),
      HasSubstr(
          "-1104,\"msg\":\"Not all sent parameters were read; read '1' parameter(s) but was sent '2'.\""));
  EXPECT_THAT(error("/api/v3/ticker/bookTicker?symbol="),
              HasSubstr("-1105,\"msg\":\"Parameter 'symbol' was empty.\""));
  EXPECT_THAT(error("/api/v3/exchangeInfo?symbolStatus=OPEN"),
              HasSubstr("-1122,\"msg\":\"Invalid symbolStatus.\""));
  EXPECT_THAT(error("/api/v3/exchangeInfo?symbol=BTCUSDT&symbols=[\"BTCUSDT\"]"), HasSubstr("-1128,"));
  EXPECT_THAT(error("/api/v3/exchangeInfo?symbol=BTCUSDT&symbolStatus=TRADING"), HasSubstr("-1128,"));
  EXPECT_THAT(error("/api/v3/exchangeInfo?symbols=[\"BTCUSDT\",\"BTCUSDT\"]"), HasSubstr("-1151,"));
  EXPECT_THAT(error("/api/v3/ticker/bookTicker?symbol=HALTEDUSDT&symbolStatus=TRADING"), HasSubstr("-1220,"));
  EXPECT_THAT(error("/api/v3/exchangeInfo?showPermissionSets=maybe"), HasSubstr("-1100,"));
}

TEST_F(RestApiTest, Says404WithABodyOnlyForBrowsers) {
  EXPECT_EQ(error("/api/v3/nosuch"), "404 ");
  EXPECT_EQ(error("/api/v1/ping"), "404 ");
  EXPECT_THAT(get("/", {{"Accept", "text/html,*/*"}}).body, HasSubstr("<html>"));
}

TEST_F(RestApiTest, CountsTheWeightOfEachRequest) {
  const auto used = [](const wire::HttpResponse& response) {
    EXPECT_EQ(wire::header(response.headers, "X-MBX-USED-WEIGHT"),
              wire::header(response.headers, "X-MBX-USED-WEIGHT-1M"));
    return std::string(wire::header(response.headers, "X-MBX-USED-WEIGHT-1M").value_or("none"));
  };
  EXPECT_EQ(used(get("/api/v3/ping")), "1");
  EXPECT_EQ(used(get("/api/v3/time")), "2");
  EXPECT_EQ(used(get("/api/v3/exchangeInfo")), "22");
  EXPECT_EQ(used(get("/api/v3/ticker/bookTicker?symbol=BTCUSDT")), "24");
  EXPECT_EQ(used(get("/api/v3/ticker/bookTicker")), "28");
  EXPECT_EQ(used(get("/api/v3/ticker/bookTicker?symbol=NOSUCH")), "30") << "errors cost as much";
  EXPECT_EQ(used(get("/api/v3/ping", {}, kNowNs, "10.0.0.1")), "1") << "each address has its own";
  EXPECT_EQ(used(get("/api/v3/ping", {}, kNowNs + 60 * kNsPerSecond)), "1") << "and a new one each minute";
}

TEST_F(RestApiTest, Says429OverTheBudgetAnd418ToWhoGoesOn) {
  rules_.weight_per_minute_max = 50;
  rules_.refusals_before_ban = 3;
  rules_.ban_ns = 120 * kNsPerSecond;
  RestApi strict(board_, rules_);
  const auto ask = [&strict](std::int64_t now_ns) {
    const auto parsed = wire::parse_request_head("GET /api/v3/exchangeInfo HTTP/1.1\r\nHost: x\r\n\r\n");
    return strict.answer(parsed.request, "127.0.0.1", now_ns);
  };
  EXPECT_EQ(ask(kNowNs).status, 200);
  EXPECT_EQ(ask(kNowNs).status, 200);
  for (int i = 0; i < 3; ++i) {
    const auto over = ask(kNowNs);
    EXPECT_EQ(over.status, 429);
    EXPECT_EQ(wire::header(over.headers, "Retry-After"), "40");
    EXPECT_THAT(over.body, HasSubstr("\"code\":-1003"));
    EXPECT_THAT(over.body, HasSubstr("current limit is 50 request weight per 1 MINUTE"));
  }
  const auto banned = ask(kNowNs);
  EXPECT_EQ(banned.status, 418);
  EXPECT_EQ(wire::header(banned.headers, "Retry-After"), "120");
  EXPECT_THAT(banned.body, HasSubstr("IP banned until 1700000120123"));
  const auto still = ask(kNowNs + 100 * kNsPerSecond);
  EXPECT_EQ(still.status, 418) << "a new minute does not lift a ban";
  EXPECT_EQ(wire::header(still.headers, "Retry-After"), "20");
  EXPECT_EQ(ask(kNowNs + 121 * kNsPerSecond).status, 200);
}

TEST_F(RestApiTest, IsServedOverTheSamePortAsStreams) {
  ScriptedExchange exchange;
  const auto response = http(exchange.port(), "/api/v3/ticker/bookTicker?symbol=BTCUSDT");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, kTicker);
  EXPECT_EQ(wire::header(response.headers, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(wire::header(response.headers, "Content-Type"), "application/json;charset=UTF-8");
  EXPECT_EQ(http(exchange.port(), "/api/v3/ping", "POST").status, 405);
  exchange.script->push(0, 101, "10.50000000");
  EXPECT_TRUE(eventually([&exchange] {
    const auto now = http(exchange.port(), "/api/v3/ticker/bookTicker?symbol=BTCUSDT").body;
    return now.find("10.50000000") != std::string::npos;
  }));
}

}  // namespace
}  // namespace tickcast::exchange
