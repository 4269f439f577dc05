// SPDX-License-Identifier: Apache-2.0
#include "wire/stream_name.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace tickcast::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(StreamName, ReadsTheExchangesBookTicker) {
  const StreamName name = parse_stream_name("btcusdt@bookTicker");
  EXPECT_TRUE(name.well_formed);
  EXPECT_EQ(name.text, "btcusdt@bookTicker");
  EXPECT_EQ(name.symbol, "btcusdt");
  EXPECT_EQ(name.channel, Channel::book_ticker);
  EXPECT_FALSE(name.all_symbols);
  EXPECT_FALSE(name.array);
  EXPECT_EQ(name.pace_ms, 0U);
}

TEST(StreamName, ReadsEveryChannelAndPace) {
  for (const Channel channel : {Channel::book_ticker, Channel::best_bid_ask, Channel::quote}) {
    for (const std::uint32_t pace : kPacesMs) {
      const std::string text =
          "1000sats@" + std::string(channel_name(channel)) + "@" + std::to_string(pace) + "ms";
      const StreamName name = parse_stream_name(text);
      EXPECT_EQ(name.channel, channel) << text;
      EXPECT_EQ(name.pace_ms, pace) << text;
      EXPECT_EQ(name.symbol, "1000sats");
    }
  }
}

TEST(StreamName, ReadsStreamsOfAllSymbols) {
  const StreamName plain = parse_stream_name("!bookTicker");
  EXPECT_TRUE(plain.all_symbols);
  EXPECT_EQ(plain.channel, Channel::book_ticker);
  EXPECT_EQ(plain.symbol, "");
  const StreamName array = parse_stream_name("!quote@arr@1000ms");
  EXPECT_TRUE(array.array);
  EXPECT_EQ(array.channel, Channel::quote);
  EXPECT_EQ(array.pace_ms, 1000U);
  EXPECT_EQ(parse_stream_name("!quote@250ms").pace_ms, 250U);
  EXPECT_EQ(parse_stream_name("!status").channel, Channel::status);
}

TEST(StreamName, AcknowledgesWhatItDoesNotServe) {
  for (const char* text :
       {"btcusdt@trade", "btcusdt@depth@100ms", "btcusdt@kline_1m@+08:00", "!miniTicker@arr",
        "!ticker_1h@arr", "btcusdt@bookticker", "btcusdt@bookTicker@200ms", "btcusdt@bookTicker@0100ms",
        "btcusdt@bookTicker@100", "btcusdt@bookTicker@100MS", "btcusdt@bookTicker@-1ms",
        "btcusdt@bookTicker@4294967396ms", "btcusdt@bookTicker@arr", "!quote@1000ms@arr", "btcusdt@status",
        "!status@arr", "!status@100ms"}) {
    const StreamName name = parse_stream_name(text);
    EXPECT_TRUE(name.well_formed) << text;
    EXPECT_EQ(name.channel, Channel::unknown) << text;
    EXPECT_EQ(name.pace_ms, 0U) << text;
    EXPECT_FALSE(name.array) << text;
  }
}

TEST(StreamName, KeepsUpperCaseAsWritten) {
  // The exchange's names are in lower case; upper case is well-formed and names nothing.
  EXPECT_EQ(parse_stream_name("BTCUSDT@bookTicker").symbol, "BTCUSDT");
  EXPECT_TRUE(parse_stream_name("BTCUSDT@bookTicker").well_formed);
}

TEST(StreamName, ReadsNamesBeyondAscii) {
  const StreamName name = parse_stream_name("币安人生usdt@bookTicker");
  EXPECT_TRUE(name.well_formed);
  EXPECT_EQ(name.symbol, "币安人生usdt");
}

TEST(StreamName, RefusesWhatBreaksTheGrammar) {
  for (const std::string& text :
       {std::string(), std::string("btcusdt"), std::string("@bookTicker"), std::string("btcusdt@"),
        std::string("!"), std::string("!@arr"), std::string("a@b@"), std::string("a@b@c@d"),
        std::string("btcusdt@quote@arr@100ms"), std::string("!a@b@c@d"), std::string("a b@bookTicker"),
        std::string("a\"@bookTicker"), std::string("a\\@bookTicker"), std::string("a/b@bookTicker"),
        std::string("a\n@bookTicker"), std::string("a\0@bookTicker", 13), std::string("\xff@bookTicker"),
        std::string("\xe5\xb8@bookTicker"), std::string(120, 'a') + "@bookTicker"}) {
    EXPECT_FALSE(parse_stream_name(text).well_formed) << text;
    EXPECT_EQ(parse_stream_name(text).text, text);
  }
}

RC_GTEST_PROP(StreamNameProperty, NoTextIsTooStrange, (const std::string& text)) {
  const StreamName name = parse_stream_name(text);
  RC_ASSERT(name.text == text);
  if (name.well_formed) RC_ASSERT(name.all_symbols == name.symbol.empty());
  if (name.channel != Channel::unknown) RC_ASSERT(name.well_formed);
}

RC_GTEST_PROP(StreamNameProperty, EveryKnownNameIsReadAsItsParts, ()) {
  const auto symbol = *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>('a', 'z')));
  RC_PRE(symbol.size() <= 48);
  const auto channel = *rc::gen::element(Channel::book_ticker, Channel::best_bid_ask, Channel::quote);
  const auto all = *rc::gen::arbitrary<bool>();
  const auto array = all && *rc::gen::arbitrary<bool>();
  const auto pace = *rc::gen::element<std::uint32_t>(0, 100, 250, 500, 1000, 3000);
  const std::string text = (all ? "!" : symbol + "@") + std::string(channel_name(channel)) +
                           (array ? "@arr" : "") + (pace == 0 ? "" : "@" + std::to_string(pace) + "ms");
  const StreamName name = parse_stream_name(text);
  RC_ASSERT(name.well_formed);
  RC_ASSERT(name.channel == channel);
  RC_ASSERT(name.all_symbols == all);
  RC_ASSERT(name.array == array);
  RC_ASSERT(name.pace_ms == pace);
  RC_ASSERT(name.symbol == (all ? "" : symbol));
}

TEST(StreamList, KeepsOrderAndDropsDuplicatesAndEmptyParts) {
  EXPECT_THAT(split_stream_list("b/a/b//c/a/"), ElementsAre("b", "a", "c"));
  EXPECT_THAT(split_stream_list("btcusdt@bookTicker"), ElementsAre("btcusdt@bookTicker"));
  EXPECT_THAT(split_stream_list(""), IsEmpty());
  EXPECT_THAT(split_stream_list("///"), IsEmpty());
}

}  // namespace
}  // namespace tickcast::wire
