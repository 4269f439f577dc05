// SPDX-License-Identifier: Apache-2.0
//
// Book tickers, shape by shape. Properties of both ways to read them: ticker_property_test.cc; recordings:
// ticker_recorded_test.cc.
#include "wire/ticker.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tickcast::wire {
namespace {

using market::Decimal;

constexpr std::string_view kRaw =
    R"({"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"})";

std::string combined(std::string_view raw, std::string_view stream = "bnbusdt@bookTicker") {
  return fmt::format(R"({{"stream":"{}","data":{}}})", stream, raw);
}

// A raw ticker with one of its parts replaced.
std::string with(std::string_view part, std::string_view replacement) {
  std::string out(kRaw);
  const std::size_t at = out.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return out.replace(at, part.size(), replacement);
}

void expect_example(const Ticker& ticker) {
  EXPECT_EQ(ticker.symbol, "BNBUSDT");
  EXPECT_EQ(ticker.quote.update_id, 400900217);
  EXPECT_EQ(ticker.quote.bid_price, (Decimal{2535190000, -8}));
  EXPECT_EQ(ticker.quote.bid_quantity, (Decimal{3121000000, -8}));
  EXPECT_EQ(ticker.quote.ask_price, (Decimal{2536520000, -8}));
  EXPECT_EQ(ticker.quote.ask_quantity, (Decimal{4066000000, -8}));
}

FrameKind kind_of(std::string_view frame) {
  FrameReader reader;
  const FrameKind kind = reader.read(frame);
  EXPECT_EQ(reader.read_with_simdjson(frame), kind) << frame;
  return kind;
}

TEST(ScanTicker, ReadsTheRawShape) {
  Ticker ticker;
  ASSERT_TRUE(scan_ticker(kRaw, ticker));
  expect_example(ticker);
}

TEST(ScanTicker, ReadsTheCombinedShape) {
  const std::string frame = combined(kRaw);
  Ticker ticker;
  ASSERT_TRUE(scan_ticker(frame, ticker));
  expect_example(ticker);
}

TEST(ScanTicker, PointsIntoTheFrame) {
  Ticker ticker;
  ASSERT_TRUE(scan_ticker(kRaw, ticker));
  EXPECT_EQ(ticker.symbol.data(), kRaw.data() + kRaw.find("BNBUSDT"));
}

TEST(ScanTicker, ReadsANameThatIsNotAscii) {
  const std::string raw = with("BNBUSDT", "币安人生USDT");
  Ticker ticker;
  ASSERT_TRUE(scan_ticker(raw, ticker));
  EXPECT_EQ(ticker.symbol, "币安人生USDT");
  const std::string frame = R"({"stream":"币安人生usdt@bookTicker","data":)" + raw + "}";
  ASSERT_TRUE(scan_ticker(frame, ticker));
  EXPECT_EQ(ticker.symbol, "币安人生USDT");
  EXPECT_EQ(kind_of(frame), FrameKind::ticker);
}

TEST(ScanTicker, KeepsDecimalsToTheLetter) {
  for (const char* text :
       {"0.00000000", "0.00000001", "9999999.99999999", "99999999.99999999", "12345678901.12345678", "5",
        "61836.10", "0.1", "1.000000000000000000", "9223372036854775807", "92233720368.54775807"}) {
    Ticker ticker;
    for (const char* part : {"25.35190000", "31.21000000", "25.36520000", "40.66000000"}) {
      ASSERT_TRUE(scan_ticker(with(part, text), ticker)) << text;
      ASSERT_TRUE(scan_ticker(combined(with(part, text)), ticker)) << text;
    }
    EXPECT_EQ(ticker.quote.ask_quantity.text(), text);
  }
}

TEST(ScanTicker, LeavesEveryOtherShapeToTheGeneralPath) {
  Ticker ticker;
  const std::vector<std::string> others = {
      "",
      "{",
      std::string(kRaw) + " ",
      " " + std::string(kRaw),
      std::string(kRaw) + "}",
      combined(kRaw) + "}",
      with("{\"u\"", "{ \"u\""),
      with("400900217", "0"),
      with("400900217", "0400900217"),
      with("400900217", "-400900217"),
      with("400900217", "4e8"),
      with("400900217", "9223372036854775807"),
      with("BNBUSDT", ""),
      with("BNBUSDT", "BNB\\u0055SDT"),
      with("BNBUSDT", "\xe5\xb8USDT"),
      with("BNBUSDT", "BNB\nUSDT"),
      with("BNBUSDT", std::string(49, 'X')),
      with("25.35190000", "025.35190000"),
      with("25.35190000", "-25.35190000"),
      with("25.35190000", ".35190000"),
      with("25.35190000", "25."),
      with("25.35190000", "25.35.190000"),
      with("25.35190000", "9223372036854775808"),
      with("25.35190000", "0.0000000000000000001"),
      with("\"b\"", "\"c\""),
  };
  for (const auto& frame : others) EXPECT_FALSE(scan_ticker(frame, ticker)) << frame;
}

TEST(ScanTicker, IsFalseForEveryPrefixOfATicker) {
  // Each in memory of its own size, so that the address sanitizer sees a look past the end.
  for (const std::string& whole : {std::string(kRaw), combined(kRaw)}) {
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
      const std::vector<char> prefix(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes));
      Ticker ticker;
      EXPECT_FALSE(scan_ticker({prefix.data(), prefix.size()}, ticker)) << bytes;
      EXPECT_EQ(kind_of({prefix.data(), prefix.size()}), FrameKind::malformed) << bytes;
    }
  }
}

TEST(FrameReader, ReadsTickersOfAnyKeyOrderWithSpacesAndUnknownKeys) {
  const std::vector<std::string> frames = {
      std::string(kRaw),
      combined(kRaw),
      R"({"A":"40.66000000","a":"25.36520000","B":"31.21000000","b":"25.35190000","s":"BNBUSDT","u":400900217})",
      R"( { "u" : 400900217 , "s" : "BNBUSDT" , "b" : "25.35190000", "B":"31.21000000" ,"a":"25.36520000","A":"40.66000000" } )",
      with("{", R"({"e":"bookTicker","E":1568014460893,"T":1568014460891,)"),
      with("{",
           R"({"x":[1,{"u":2}],"y":{"s":"NO"},"z":null,"huge":1e999,"long":123456789012345678901234567890,)"),
      with("BNBUSDT", R"(\u0042NB\u0055SDT)"),
      with("\"u\"", R"("\u0075")"),
      with("25.35190000", R"(25\u002e35190000)"),
      R"({"data":)" + std::string(kRaw) + R"(,"stream":"bnbusdt@bookTicker"})",
  };
  for (const auto& frame : frames) {
    FrameReader reader;
    ASSERT_EQ(reader.read(frame), FrameKind::ticker) << frame;
    expect_example(reader.ticker());
    ASSERT_EQ(reader.read_with_simdjson(frame), FrameKind::ticker) << frame;
    expect_example(reader.ticker());
  }
}

TEST(FrameReader, ReadsFuturesTickersWithTheirOwnDecimals) {
  FrameReader reader;
  ASSERT_EQ(
      reader.read(
          R"({"stream":"ethusd_perp@bookTicker","data":{"u":1007198631825,"e":"bookTicker","s":"ETHUSD_PERP",)"
          R"("ps":"ETHUSD","b":"2682.17","B":"159","a":"2682.18","A":"3794","T":1723161257450,"E":1723161257457}})"),
      FrameKind::ticker);
  EXPECT_EQ(reader.ticker().symbol, "ETHUSD_PERP");
  EXPECT_EQ(reader.ticker().quote.bid_price.text(), "2682.17");
  EXPECT_EQ(reader.ticker().quote.ask_quantity.text(), "3794");
}

TEST(FrameReader, ReadsNamesBeyondAscii) {
  const std::string frame = with("BNBUSDT", "币安人生USDT");
  FrameReader reader;
  ASSERT_EQ(reader.read(frame), FrameKind::ticker);
  EXPECT_EQ(reader.ticker().symbol, "币安人生USDT");
  ASSERT_EQ(reader.read_with_simdjson(frame), FrameKind::ticker);
  EXPECT_EQ(reader.ticker().symbol, "币安人生USDT");
}

TEST(FrameReader, AcceptsOneSidedAndEmptyBooks) {
  EXPECT_EQ(
      kind_of(R"({"u":1,"s":"X","b":"0.00000000","B":"0.00000000","a":"25.36520000","A":"40.66000000"})"),
      FrameKind::ticker);
  EXPECT_EQ(kind_of(R"({"u":1,"s":"X","b":"0.00000000","B":"0.00000000","a":"0.00000000","A":"0.00000000"})"),
            FrameKind::ticker);
}

TEST(FrameReader, TakesTheLastOfAKeyThatComesTwice) {
  FrameReader reader;
  ASSERT_EQ(reader.read(with("{", R"({"u":7,"b":null,)")), FrameKind::ticker);
  expect_example(reader.ticker());
  EXPECT_EQ(kind_of(with("}", R"(,"b":null})")), FrameKind::malformed);
}

TEST(FrameReader, CallsATickerWithAMissingOrMistypedFieldMalformed) {
  for (const char* part : {R"("u":400900217,)", R"("s":"BNBUSDT",)", R"("b":"25.35190000",)",
                           R"("B":"31.21000000",)", R"("a":"25.36520000",)", R"(,"A":"40.66000000")"}) {
    EXPECT_EQ(kind_of(with(part, "")), FrameKind::malformed) << part;
    EXPECT_EQ(kind_of(combined(with(part, ""))), FrameKind::malformed) << part;
  }
  for (const char* id : {"0", "-1", "1.0", "1e3", "\"400900217\"", "null", "[]", "{}", "true"}) {
    EXPECT_EQ(kind_of(with("400900217", id)), FrameKind::malformed) << id;
  }
  for (const char* symbol : {"\"\"", "1", "null", "[\"BNBUSDT\"]"}) {
    EXPECT_EQ(kind_of(with("\"BNBUSDT\"", symbol)), FrameKind::malformed) << symbol;
  }
  for (const char* price : {"25.35190000", "\"\"", "\"-1\"", "\"+1\"", "\"1e5\"", "\".5\"", "\"5.\"",
                            "\"05\"", "\" 5\"", "\"NaN\"", "null", "\"1,5\"", "\"1.2.3\""}) {
    EXPECT_EQ(kind_of(with("\"25.35190000\"", price)), FrameKind::malformed) << price;
  }
  EXPECT_EQ(kind_of(R"({"stream":"bnbusdt@bookTicker","data":{}})"), FrameKind::malformed);
  EXPECT_EQ(kind_of(R"({"e":"bookTicker"})"), FrameKind::malformed);
}

TEST(FrameReader, NeverRoundsWhatDoesNotFit) {
  for (const char* text : {"9223372036854775808", "92233720368.54775808", "0.0000000000000000001",
                           "12345678901234567890.5", "100000000000000000000000000000000000000000"}) {
    EXPECT_EQ(kind_of(with("25.35190000", text)), FrameKind::unrepresentable) << text;
    EXPECT_EQ(kind_of(combined(with("40.66000000", text))), FrameKind::unrepresentable) << text;
  }
  EXPECT_EQ(kind_of(with("400900217", "9223372036854775808")), FrameKind::unrepresentable);
  EXPECT_EQ(kind_of(with("400900217", "99999999999999999999999999")), FrameKind::unrepresentable);
  FrameReader reader;
  ASSERT_EQ(reader.read(with("400900217", "9223372036854775807")), FrameKind::ticker);
  EXPECT_EQ(reader.ticker().quote.update_id, 9223372036854775807);
}

TEST(FrameReader, RefusesWhatIsNotJson) {
  for (const char* frame : {"",
                            " ",
                            "hello",
                            "{",
                            "}",
                            "{}}",
                            "[1,]",
                            "{\"a\":1,}",
                            "{\"a\" 1}",
                            "{a:1}",
                            "{\"a\":01}",
                            "{\"a\":1.}",
                            "{\"a\":+1}",
                            "{\"a\":nul}",
                            "{\"a\":truex}",
                            "{\"a\":\"\\x\"}",
                            "{\"a\":\"\\ud800\"}",
                            "{\"a\":1}{}",
                            "{\"a\":1} x",
                            "{\"a\":\"\n\"}",
                            "{\"a\":\"\xff\"}",
                            "{\"a\":\"\xed\xa0\x80\"}",
                            "{\"a\":[}]}",
                            "5",
                            "null"}) {
    EXPECT_EQ(kind_of(frame), FrameKind::malformed) << frame;
  }
  EXPECT_EQ(kind_of(with("BNBUSDT", "BNB\xc3USDT")), FrameKind::malformed);
  EXPECT_EQ(kind_of(std::string(100'000, '[')), FrameKind::malformed);
  EXPECT_EQ(kind_of(std::string(70, '[') + std::string(70, ']')), FrameKind::malformed);
}

TEST(FrameReader, KnowsWhatItDoesNotKnow) {
  for (
      const char* frame :
      {"{}", "[]", "[{\"e\":\"24hrTicker\"}]", R"({"lastUpdateId":1,"bids":[],"asks":[]})",
       R"({"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[["1","2"]],"a":[]})",
       R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":3,"p":"1","q":"2","T":3,"m":true,"M":true}})",
       R"({"stream":"!miniTicker@arr","data":[{"e":"24hrMiniTicker"}]})", R"({"e":5,"u":1})",
       R"({"stream":"x"})", R"({"e":"bookticker","u":1})", R"({"id":5})"}) {
    EXPECT_EQ(kind_of(frame), FrameKind::other) << frame;
  }
}

TEST(FrameReader, SeesTheServersShutdownRawAndWrapped) {
  EXPECT_EQ(kind_of(server_shutdown_event(1770123456789'000'000, false)), FrameKind::server_shutdown);
  EXPECT_EQ(kind_of(server_shutdown_event(1770123456789'000'000, true)), FrameKind::server_shutdown);
}

TEST(FrameReader, ReadsAcknowledgementsAndLists) {
  FrameReader reader;
  for (const char* frame : {R"({"result":null,"id":7})", R"({"id":7,"result":["btcusdt@bookTicker"]})",
                            R"({"result":true,"id":7})"}) {
    ASSERT_EQ(reader.read(frame), FrameKind::reply) << frame;
    EXPECT_EQ(reader.reply().id, 7);
    EXPECT_FALSE(reader.reply().is_error);
    EXPECT_EQ(reader.reply().error_code, 0);
    EXPECT_EQ(reader.reply().error_message, "");
  }
  ASSERT_EQ(reader.read(R"({"result":null,"id":"a-b"})"), FrameKind::reply);
  EXPECT_EQ(reader.reply().id, std::nullopt);
}

TEST(FrameReader, ReadsErrorsOfBothShapes) {
  FrameReader reader;
  for (const char* frame : {R"({"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":-7})",
                            R"({"code":2,"msg":"Invalid request: invalid stream","id":-7})"}) {
    ASSERT_EQ(reader.read(frame), FrameKind::reply) << frame;
    EXPECT_TRUE(reader.reply().is_error);
    EXPECT_EQ(reader.reply().id, -7);
    EXPECT_EQ(reader.reply().error_code, 2);
    EXPECT_EQ(reader.reply().error_message, "Invalid request: invalid stream");
  }
  ASSERT_EQ(reader.read(R"({"error":{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}})"),
            FrameKind::reply);
  EXPECT_TRUE(reader.reply().is_error);
  EXPECT_EQ(reader.reply().id, std::nullopt);
  ASSERT_EQ(reader.read(R"({"code":0,"msg":"Unknown property","id":"x"})"), FrameKind::reply);
  EXPECT_TRUE(reader.reply().is_error);
}

TEST(FrameReader, BoundsTheTextOfAnErrorBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "币";
  FrameReader reader;
  ASSERT_EQ(reader.read(R"({"error":{"code":2,"msg":")" + text + R"("},"id":1})"), FrameKind::reply);
  EXPECT_EQ(reader.reply().error_message, text.substr(0, 510));
}

TEST(FrameReader, SurvivesFramesOfSixteenMebibytes) {
  const std::size_t most = 16 * 1024 * 1024;
  FrameReader reader;
  std::string frame = R"({"e":"new","x":")";
  frame += std::string(most - frame.size() - 2, 'x') + "\"}";
  EXPECT_EQ(reader.read(frame), FrameKind::other);
  EXPECT_EQ(reader.read(frame + " "), FrameKind::malformed);
  ASSERT_EQ(reader.read(with("{\"u\"", "{ \"u\"")), FrameKind::ticker);
  expect_example(reader.ticker());
}

TEST(Writers, WriteTheExchangesShapes) {
  Ticker ticker;
  ASSERT_TRUE(scan_ticker(kRaw, ticker));
  char out[kBookTickerBytesMax];
  EXPECT_EQ(
      std::string_view(out, static_cast<std::size_t>(write_book_ticker(out, "BNBUSDT", ticker.quote) - out)),
      kRaw);
  char prefix[kCombinedPrefixBytesMax];
  EXPECT_EQ(std::string_view(prefix, static_cast<std::size_t>(
                                         write_combined_prefix(prefix, "bnbusdt", "bookTicker") - prefix)),
            R"({"stream":"bnbusdt@bookTicker","data":)");
}

TEST(Writers, WriteTheQuoteEvent) {
  Ticker ticker;
  ASSERT_TRUE(scan_ticker(kRaw, ticker));
  ticker.quote.admitted_ns = 1732320000123'456'999;
  char out[kQuoteEventBytesMax];
  const auto written = [&out](char* end) { return std::string(out, end); };
  EXPECT_EQ(
      written(write_quote_event(out, "BNBUSDT", ticker.quote, 1732320000123'789'000, 3)),
      R"({"e":"quote","s":"BNBUSDT","u":400900217,"bid":"25.35190000","bids":"31.21000000","ask":"25.36520000",)"
      R"("asks":"40.66000000","producerTime":1732320000123.456,"emitterTime":1732320000123.789,"n":3})");
  EXPECT_EQ(written(write_quote_event(out, "BNBUSDT", ticker.quote, 1732320000123'789'000, 0)).find("\"n\""),
            std::string::npos);
}

TEST(Writers, StayWithinTheirRoom) {
  market::Quote widest;
  widest.update_id = 9223372036854775807;
  const Decimal decimal{9223372036854775807, -18};
  widest.bid_price = widest.bid_quantity = widest.ask_price = widest.ask_quantity = decimal;
  widest.admitted_ns = 9223372036854775807;
  const std::string symbol(48, 'X');
  std::string out(1024, '\0');
  EXPECT_LE(write_book_ticker(out.data(), symbol, widest) - out.data(),
            static_cast<std::ptrdiff_t>(kBookTickerBytesMax));
  EXPECT_LE(write_quote_event(out.data(), symbol, widest, widest.admitted_ns, ~std::uint64_t{0}) - out.data(),
            static_cast<std::ptrdiff_t>(kQuoteEventBytesMax));
  EXPECT_LE(write_combined_prefix(out.data(), symbol, "bestBidAsk@3000ms") - out.data(),
            static_cast<std::ptrdiff_t>(kCombinedPrefixBytesMax));
}

TEST(Writers, WriteMillisecondsWithThreeDigits) {
  const auto text = [](std::int64_t ns) {
    char out[32];
    return std::string(out, write_epoch_ms(out, ns));
  };
  EXPECT_EQ(text(0), "0.000");
  EXPECT_EQ(text(1'005'000), "1.005");
  EXPECT_EQ(text(1732320000123'050'000), "1732320000123.050");
  EXPECT_EQ(text(-5), "0.000");
}

TEST(Writers, WriteTheShutdownEvent) {
  EXPECT_EQ(server_shutdown_event(1770123456789'999'999, false),
            R"({"e":"serverShutdown","E":1770123456789})");
  EXPECT_EQ(server_shutdown_event(1770123456789'999'999, true),
            R"({"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}})");
}

}  // namespace
}  // namespace tickcast::wire
