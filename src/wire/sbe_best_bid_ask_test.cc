// SPDX-License-Identifier: Apache-2.0
//
// The end-to-end tests have the same message read by a decoder that sbe-tool generates.
#include "wire/sbe_best_bid_ask.h"

#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tickcast::wire {
namespace {

using market::Decimal;

std::optional<std::string> written(std::string_view symbol, const market::Quote& quote) {
  char buffer[kBestBidAskBytesMax];
  char* const end = write_best_bid_ask(buffer, symbol, quote);
  return end == nullptr ? std::nullopt : std::optional(std::string(buffer, end));
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

std::int64_t number_at(const std::string& message, std::size_t offset) {
  std::int64_t value;
  std::memcpy(&value, &message[offset], sizeof value);
  return value;
}
int exponent_at(const std::string& message, std::size_t offset) {
  return static_cast<signed char>(message[offset]);
}

TEST(SbeBestBidAsk, IsWrittenToTheByte) {
  market::Quote quote;
  quote.update_id = 50'093'421'613;
  quote.bid_price = *Decimal::parse("61685.99");
  quote.bid_quantity = *Decimal::parse("1.25869");
  quote.ask_price = *Decimal::parse("61686.00");
  quote.ask_quantity = *Decimal::parse("2.44816");
  quote.event_ns = 1'723'161'601'272'341'999;
  quote.admitted_ns = 1;
  EXPECT_EQ(hex(*written("BTCUSDT", quote)),
            "3200112701000000"
            "156a22d3341f0600"
            "2df4cca90b000000"
            "fefb"
            "17205e0000000000"
            "adeb010000000000"
            "18205e0000000000"
            "50bc030000000000"
            "0742544355534454");
}

TEST(SbeBestBidAsk, WithoutTheExchangesTimeItHasThatOfTakingIn) {
  market::Quote quote;
  quote.admitted_ns = 1'732'320'000'123'456'789;
  EXPECT_EQ(number_at(*written("A", quote), 8), 1'732'320'000'123'456);
}

TEST(SbeBestBidAsk, BidAndAskGetTheExponentOfTheFiner) {
  market::Quote quote;
  quote.bid_price = *Decimal::parse("1.5");
  quote.ask_price = *Decimal::parse("1.75000000");
  quote.bid_quantity = *Decimal::parse("0.001");
  quote.ask_quantity = *Decimal::parse("7");
  const std::string message = *written("A", quote);
  EXPECT_EQ(exponent_at(message, 24), -8);
  EXPECT_EQ(number_at(message, 26), 150'000'000);
  EXPECT_EQ(number_at(message, 42), 175'000'000);
  EXPECT_EQ(exponent_at(message, 25), -3);
  EXPECT_EQ(number_at(message, 34), 1);
  EXPECT_EQ(number_at(message, 50), 7000);
}

TEST(SbeBestBidAsk, WhereThatDoesNotFitTrailingZerosGiveWayAndElseThereIsNoMessage) {
  market::Quote quote;
  quote.bid_price = *Decimal::parse("900000000000000000");
  quote.ask_price = *Decimal::parse("0.50000000");
  const std::string message = *written("A", quote);
  EXPECT_EQ(exponent_at(message, 24), -1);
  EXPECT_EQ(number_at(message, 26), 9'000'000'000'000'000'000);
  EXPECT_EQ(number_at(message, 42), 5);
  quote.ask_price = *Decimal::parse("0.05");
  EXPECT_FALSE(written("A", quote));
  quote.bid_price = {};
  EXPECT_TRUE(written("A", quote)) << "a side without orders fits any exponent";
}

RC_GTEST_PROP(SbeBestBidAsk, EveryPairOfDecimalsIsExactOrHasNoMessage, ()) {
  const auto some_decimal = [] {
    const auto bits = *rc::gen::inRange(0, 63);
    return Decimal{*rc::gen::arbitrary<std::int64_t>() & ((std::int64_t{1} << bits) - 1),
                   static_cast<std::int8_t>(-*rc::gen::inRange(0, Decimal::kFractionDigitsMax + 1))};
  };
  market::Quote quote;
  quote.bid_price = some_decimal();
  quote.ask_price = some_decimal();
  // Equal numbers are equal without their trailing zeros.
  const auto stripped = [](std::int64_t mantissa, int exponent) {
    for (; mantissa != 0 && mantissa % 10 == 0; ++exponent) mantissa /= 10;
    return std::pair(mantissa, mantissa == 0 ? 0 : exponent);
  };
  const auto same = [&](const Decimal& decimal, std::int64_t mantissa, int exponent) {
    return stripped(decimal.mantissa, decimal.exponent) == stripped(mantissa, exponent);
  };
  const auto message = written("A", quote);
  if (!message) {
    RC_ASSERT(quote.bid_price.exponent != quote.ask_price.exponent);
    return;
  }
  const int exponent = exponent_at(*message, 24);
  RC_ASSERT(same(quote.bid_price, number_at(*message, 26), exponent));
  RC_ASSERT(same(quote.ask_price, number_at(*message, 42), exponent));
}

}  // namespace
}  // namespace tickcast::wire
