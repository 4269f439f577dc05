// SPDX-License-Identifier: Apache-2.0
#include "market/decimal.h"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace tickcast::market {
namespace {

constexpr std::int64_t kMost = 9223372036854775807;

TEST(Decimal, IsZeroByDefault) {
  EXPECT_TRUE(Decimal().is_zero());
  EXPECT_EQ(Decimal().text(), "0");
}

TEST(Decimal, KeepsTextToTheLetter) {
  for (const char* text : {"0", "1", "10", "0.0", "0.00000000", "25.35190000", "1.0", "1.00", "0.00000001",
                           "61836.10", "9223372036854775807", "92233720368.54775807", "9.223372036854775807",
                           "1.000000000000000000", "0.000000000000000001", "12345678901.12345678"}) {
    const auto decimal = Decimal::parse(text);
    ASSERT_TRUE(decimal) << text;
    EXPECT_EQ(decimal->text(), text);
  }
}

TEST(Decimal, ReadsMantissaAndExponent) {
  EXPECT_EQ(Decimal::parse("25.35190000"), (Decimal{2535190000, -8}));
  EXPECT_EQ(Decimal::parse("25"), (Decimal{25, 0}));
  EXPECT_EQ(Decimal::parse("0.000"), (Decimal{0, -3}));
}

TEST(Decimal, TellsTextsApartThatAreTheSameNumber) {
  EXPECT_FALSE(Decimal::parse("1.0") == Decimal::parse("1.00"));
  EXPECT_TRUE(Decimal::parse("0.00")->is_zero());
}

TEST(Decimal, RefusesOtherForms) {
  for (const char* text : {"", ".", ".5", "5.", "-1", "+1", "1e5", "1E5", " 1", "1 ", "007", "00.1", "1.2.3",
                           "1,5", "0x1", "NaN", "Infinity", "1.5f", "\xd9\xa1"}) {
    EXPECT_FALSE(Decimal::parse(text)) << text;
  }
  EXPECT_FALSE(Decimal::parse(std::string_view("1\0", 2)));
}

TEST(Decimal, RefusesWhatDoesNotFitExactly) {
  for (const char* text : {"9223372036854775808", "92233720368.54775808", "9.223372036854775808",
                           "10000000000000000000", "99999999999999999999", "0.0000000000000000001",
                           "1.0000000000000000000", "18446744073709551617", "00000000000000000000000001"}) {
    EXPECT_FALSE(Decimal::parse(text)) << text;
  }
}

TEST(Decimal, WritesEightPlacesOfEveryWidth) {
  std::int64_t power = 1;
  for (int digits = 1; digits <= 18; ++digits, power *= 10) {
    for (const std::int64_t mantissa : {power - 1, power, power + 1, power * 9}) {
      const std::string digits_text = std::to_string(mantissa);
      const std::string padded =
          std::string(digits_text.size() < 9 ? 9 - digits_text.size() : 0, '0') + digits_text;
      const std::string expected =
          padded.substr(0, padded.size() - 8) + "." + padded.substr(padded.size() - 8);
      EXPECT_EQ((Decimal{mantissa, -8}.text()), expected);
    }
  }
}

TEST(Decimal, WritesTheWidestInItsRoom) {
  for (int fraction = 0; fraction <= Decimal::kFractionDigitsMax; ++fraction) {
    const Decimal widest{kMost, static_cast<std::int8_t>(-fraction)};
    EXPECT_LE(widest.text().size(), Decimal::kTextBytesMax);
    EXPECT_EQ(Decimal::parse(widest.text()), widest);
  }
}

RC_GTEST_PROP(DecimalProperty, EveryValueIsReadBackFromItsText, ()) {
  const auto shift = *rc::gen::inRange(0, 63);
  const Decimal decimal{
      *rc::gen::inRange<std::int64_t>(0, kMost) >> shift,
      static_cast<std::int8_t>(-*rc::gen::oneOf(rc::gen::just(8), rc::gen::inRange(0, 19)))};
  const std::string text = decimal.text();
  RC_ASSERT(text.size() <= Decimal::kTextBytesMax);
  RC_ASSERT(Decimal::parse(text) == decimal);
}

RC_GTEST_PROP(DecimalProperty, EveryTextThatIsReadIsWrittenTheSame, ()) {
  const auto digit = [] { return rc::gen::inRange<char>('0', '9' + 1); };
  const auto whole = *rc::gen::container<std::string>(digit());
  const auto fraction = *rc::gen::container<std::string>(digit());
  const std::string text = fraction.empty() ? whole : whole + "." + fraction;
  const auto decimal = Decimal::parse(text);
  const bool well_formed = !whole.empty() && (whole[0] != '0' || whole.size() == 1);
  if (decimal) {
    RC_ASSERT(well_formed);
    RC_ASSERT(decimal->text() == text);
  } else {
    RC_ASSERT(!well_formed || whole.size() + fraction.size() >= 19);
  }
}

}  // namespace
}  // namespace tickcast::market
