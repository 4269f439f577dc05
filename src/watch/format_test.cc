// SPDX-License-Identifier: Apache-2.0
#include "watch/format.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace tickcast::watch {
namespace {

market::Decimal parse(std::string_view text) { return *market::Decimal::parse(text); }

TEST(Format, PricesAreGroupedAndNeverRounded) {
  EXPECT_EQ(decimal(parse("63061.27000000"), 2), "63,061.27");
  EXPECT_EQ(decimal(parse("63061.20000000"), 2), "63,061.20");
  EXPECT_EQ(decimal(parse("63061.27500000"), 2), "63,061.275") << "digits past the grid are kept";
  EXPECT_EQ(decimal(parse("0.00001234"), 8), "0.00001234");
  EXPECT_EQ(decimal(parse("1234567"), 0), "1,234,567");
  EXPECT_EQ(decimal(parse("5"), 2), "5.00");
  EXPECT_EQ(decimal(parse("0.00000000"), 2), "-") << "a side without orders";
  EXPECT_EQ(fraction_digits(parse("25.35190000")), 4);
  EXPECT_EQ(fraction_digits(parse("100")), 0);
  EXPECT_EQ(fraction_digits(parse("100.000")), 0);
}

TEST(Format, SpreadIsInBasisPointsOfTheMid) {
  EXPECT_EQ(basis_points(spread_bp(parse("99.5"), parse("100.5"))), "100");
  EXPECT_EQ(basis_points(spread_bp(parse("63061.27"), parse("63061.28"))), "<0.01");
  EXPECT_EQ(basis_points(spread_bp(parse("9.995"), parse("10.005"))), "10.0");
  EXPECT_EQ(basis_points(spread_bp(parse("10"), parse("10"))), "0.00");
  EXPECT_EQ(basis_points(spread_bp(parse("0"), parse("10"))), "-");
}

TEST(Format, AgesHaveThreeFigures) {
  EXPECT_EQ(age(412 * kNsPerUs), "0.41 ms");
  EXPECT_EQ(age(12'340 * kNsPerUs), "12.3 ms");
  EXPECT_EQ(age(999 * kNsPerMs), "999 ms");
  EXPECT_EQ(age(1'234 * kNsPerMs), "1.2 s");
  EXPECT_EQ(age(125 * kNsPerSecond), "2 min");
  EXPECT_EQ(age(std::nullopt), "-");
  EXPECT_EQ(elapsed(400 * kNsPerMs), "now");
  EXPECT_EQ(elapsed(3 * kNsPerSecond), "3 s");
  EXPECT_EQ(elapsed(7'300 * kNsPerSecond), "2 h");
  EXPECT_EQ(elapsed(300'000 * kNsPerSecond), "3 d");
}

TEST(Format, NumbersAreShort) {
  EXPECT_EQ(rate(0.04), "0");
  EXPECT_EQ(rate(0.34), "0.3");
  EXPECT_EQ(rate(1'204.4), "1,204");
  EXPECT_EQ(rate(std::nullopt), "-");
  EXPECT_EQ(count(1'048'576), "1,048,576");
  EXPECT_EQ(count(-1'000), "-1,000");
  EXPECT_EQ(bytes(84'200'000), "84.2 MB");
  EXPECT_EQ(bytes(512), "512 B");
  EXPECT_EQ(bytes(2.5e9), "2.50 GB");
  EXPECT_EQ(percent(0.123), "12 %");
  EXPECT_EQ(percent(0.0123), "1.2 %");
  EXPECT_EQ(percent(0.0), "0 %");
  EXPECT_EQ(number(7), "7");
  EXPECT_EQ(number(0.25), "0.25");
}

}  // namespace
}  // namespace tickcast::watch
