// SPDX-License-Identifier: Apache-2.0
#include "wire/rest.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/recorded_data.h"

namespace tickcast::wire {
namespace {

using market::Decimal;
using market::Listing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Listing listing(std::string symbol, std::string base, std::string quote) {
  Listing out;
  out.symbol = std::move(symbol);
  out.base_asset = std::move(base);
  out.quote_asset = std::move(quote);
  return out;
}

bool same(const Listing& a, const Listing& b) {
  return a.symbol == b.symbol && a.status == b.status && a.base_asset == b.base_asset &&
         a.quote_asset == b.quote_asset && a.tick_size == b.tick_size && a.step_size == b.step_size;
}

TEST(ExchangeInfo, IsReadBackAsWritten) {
  Listing btc = listing("BTCUSDT", "BTC", "USDT");
  btc.tick_size = "0.01000000";
  btc.step_size = "0.00001000";
  Listing halted = listing("币安人生USDT", "币安人生", "USDT");
  halted.status = "BREAK";
  const auto read = parse_exchange_info(exchange_info({btc, halted}, 1725817008719));
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_TRUE(same((*read)[0], btc));
  EXPECT_TRUE(same((*read)[1], halted));
}

TEST(ExchangeInfo, HasWhatClientsReadFirst) {
  const std::string info = exchange_info({listing("BTCUSDT", "BTC", "USDT")}, 1725817008719);
  EXPECT_THAT(
      info,
      ::testing::StartsWith(
          R"({"timezone":"UTC","serverTime":1725817008719,"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT")"));
  EXPECT_THAT(
      info,
      HasSubstr(
          R"("symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","baseAssetPrecision":8,"quoteAsset":"USDT")"));
  EXPECT_THAT(
      info,
      HasSubstr(
          R"("filters":[{"filterType":"PRICE_FILTER","minPrice":"0.00000001","maxPrice":"922327.00000000","tickSize":"0.00000001"})"));
  EXPECT_THAT(info, HasSubstr(R"("permissions":[],"permissionSets":[["SPOT"]])"));
  EXPECT_THAT(exchange_info({listing("BTCUSDT", "BTC", "USDT")}, 1, false),
              HasSubstr(R"("permissionSets":[],)"));
  EXPECT_THAT(exchange_info({}, 1), ::testing::EndsWith(R"("symbols":[]})"));
}

TEST(ExchangeInfo, LeavesOutWhatIsGone) {
  Listing gone = listing("LUNAUSDT", "LUNA", "USDT");
  gone.status = market::kGone;
  const auto read = parse_exchange_info(exchange_info({gone, listing("BTCUSDT", "BTC", "USDT")}, 1));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ(read->front().symbol, "BTCUSDT");
}

TEST(ExchangeInfo, SplitsSymbolsKnownByNameAlone) {
  const auto read =
      parse_exchange_info(exchange_info({listing("1000SATSFDUSD", "", ""), listing("ETHBTC", "", ""),
                                         listing("USDT", "", ""), listing("XYZ", "", "")},
                                        1));
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)[0].base_asset, "1000SATS");
  EXPECT_EQ((*read)[0].quote_asset, "FDUSD");
  EXPECT_EQ((*read)[1].base_asset, "ETH");
  EXPECT_EQ((*read)[2].base_asset, "USDT");
  EXPECT_EQ((*read)[3].base_asset, "XYZ");
}

TEST(ExchangeInfo, IgnoresUnknownKeysAndUnusableSymbols) {
  const auto read = parse_exchange_info(
      R"({"new":{"x":[1]},"symbols":[{"symbol":"A","status":"TRADING","n":1,"filters":[{"tickSize":"0.1","filterType":"PRICE_FILTER"},)"
      R"({"filterType":"MARKET_LOT_SIZE","stepSize":"7"},{"filterType":"LOT_SIZE","stepSize":"0.5"},5,{"filterType":3}]},)"
      R"({"symbol":5,"status":"TRADING"},{"symbol":"B"},{"symbol":"","status":"TRADING"},{"symbol":"C\"","status":"TRADING"},)"
      R"({"symbol":"D E","status":"TRADING"},7,null,{"symbol":"F","status":"HALT","filters":{},"baseAsset":null},)"
      R"({"symbol":"G","status":"TRADING","filters":[{"filterType":"PRICE_FILTER","tickSize":"-1"}]}]})");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 3U);
  EXPECT_EQ((*read)[0].tick_size, "0.1");
  EXPECT_EQ((*read)[0].step_size, "0.5");
  EXPECT_EQ((*read)[1].status, "HALT");
  EXPECT_EQ((*read)[2].tick_size, "0.00000001");
}

TEST(ExchangeInfo, IsAnErrorWhenItIsNone) {
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"symbols":5})", R"({"symbols":[)", R"({"symbols":[]}x)"}) {
    const auto read = parse_exchange_info(body);
    ASSERT_FALSE(read) << body;
    EXPECT_THAT(read.error().message, HasSubstr("exchangeInfo"));
  }
  const auto refused = parse_exchange_info(R"({"code":-1003,"msg":"Too many requests."})");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("-1003: Too many requests."));
}

void expect_dump(const char* name, std::size_t symbols, std::size_t trading) {
  const auto path = testing::recorded_data(name);
  if (!path) GTEST_SKIP() << "no REST dumps here: set TICKCAST_SHARED_DATA to where they are";
  const auto read = parse_exchange_info(testing::gunzip(*path));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->size(), symbols);
  EXPECT_EQ(std::ranges::count(*read, market::kTrading, &Listing::status),
            static_cast<std::ptrdiff_t>(trading));
  for (const Listing& each : *read) {
    EXPECT_FALSE(each.base_asset.empty());
    EXPECT_FALSE(each.quote_asset.empty());
    EXPECT_TRUE(Decimal::parse(each.tick_size) && Decimal::parse(each.step_size));
  }
  const auto again = parse_exchange_info(exchange_info(*read, 1));
  ASSERT_TRUE(again);
  ASSERT_EQ(again->size(), read->size());
  for (std::size_t i = 0; i < read->size(); ++i)
    EXPECT_TRUE(same((*again)[i], (*read)[i])) << (*read)[i].symbol;
}

TEST(RecordedExchangeInfo, Of2018IsReadWhole) {
  expect_dump("rest/exchangeInfo_spot_20180802_384.json.gz", 384, 380);
}
TEST(RecordedExchangeInfo, Of2021IsReadWhole) {
  expect_dump("rest/exchangeInfo_spot_20211012_1695.json.gz", 1695, 1262);
}
TEST(RecordedExchangeInfo, Of2024IsReadWhole) {
  expect_dump("rest/exchangeInfo_spot_20240908_TRADING_1248.json.gz", 1248, 1248);
}

TEST(RestTickers, AreReadBackAsWritten) {
  market::Quote quote;
  quote.bid_price = {400000000, -8};
  quote.bid_quantity = {43100000000, -8};
  quote.ask_price = {400000200, -8};
  quote.ask_quantity = {9, 0};
  const std::string row = rest_ticker("LTCBTC", quote);
  EXPECT_EQ(
      row,
      R"({"symbol":"LTCBTC","bidPrice":"4.00000000","bidQty":"431.00000000","askPrice":"4.00000200","askQty":"9"})");
  for (const std::string& body : {row, "[" + row + "]"}) {
    const auto read = parse_rest_tickers(body);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 1U);
    EXPECT_EQ(read->front().symbol, "LTCBTC");
    EXPECT_TRUE(read->front().quote.same_values(quote));
    EXPECT_EQ(read->front().quote.update_id, market::kNoUpdateId);
  }
}

TEST(RestTickers, LeaveOutRowsThatDoNotFit) {
  const auto read = parse_rest_tickers(
      R"([{"symbol":"A","bidPrice":"1","bidQty":"1","askPrice":"1","askQty":"1","x":{}},)"
      R"({"symbol":"B","bidPrice":"0.0000000000000000001","bidQty":"1","askPrice":"1","askQty":"1"},)"
      R"({"symbol":"C","bidPrice":1,"bidQty":"1","askPrice":"1","askQty":"1"},{"symbol":"D"},5,[],)"
      R"({"symbol":"E","bidPrice":"0.00000000","bidQty":"0.00000000","askPrice":"2","askQty":"1"}])");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[1].symbol, "E");
}

TEST(RestTickers, AreAnErrorWhenTheyAreNone) {
  EXPECT_FALSE(parse_rest_tickers(""));
  EXPECT_FALSE(parse_rest_tickers("[{]"));
  EXPECT_FALSE(parse_rest_tickers("<html>"));
  const auto refused = parse_rest_tickers(R"({"code":-1121,"msg":"Invalid symbol."})");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("-1121: Invalid symbol."));
}

TEST(RecordedTickers24h, HaveRowsAsTheSourceListCounts) {
  const auto path = testing::recorded_data("rest/ticker24hr_spot_20240105_2429.json.gz");
  if (!path) GTEST_SKIP() << "no REST dumps here: set TICKCAST_SHARED_DATA to where they are";
  const auto read = parse_rest_tickers(testing::gunzip(*path));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->size(), 2429U);
}

TEST(RestReplies, HaveTheExchangesShapes) {
  EXPECT_EQ(server_time(1499827319559), R"({"serverTime":1499827319559})");
  EXPECT_EQ(rest_error(-1121, "Invalid symbol."), R"({"code":-1121,"msg":"Invalid symbol."})");
}

TEST(SymbolsParameter, IsAListOfNames) {
  EXPECT_THAT(parse_symbols_parameter(R"(["BTCUSDT","BNBBTC"])").value(), ElementsAre("BTCUSDT", "BNBBTC"));
  EXPECT_THAT(parse_symbols_parameter(R"([ "币安人生USDT" ])").value(), ElementsAre("币安人生USDT"));
  for (const char* bad : {"", "[]", "BTCUSDT", "\"BTCUSDT\"", "[5]", "[\"\"]", "[\"A B\"]", "[\"A\"",
                          "[\"A\",]", "{\"A\":1}", "[[\"A\"]]"}) {
    EXPECT_FALSE(parse_symbols_parameter(bad)) << bad;
  }
}

}  // namespace
}  // namespace tickcast::wire
