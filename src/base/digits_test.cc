// SPDX-License-Identifier: Apache-2.0
#include "base/digits.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace tickcast {
namespace {

std::string written(std::uint64_t number) {
  char out[kNumberRoom];
  return {out, write_number(out, number)};
}

TEST(Digits, WritesNumbersOfEveryLength) {
  std::uint64_t power = 1;
  for (int digits = 1; digits <= 20; ++digits, power *= 10) {
    for (const std::uint64_t number : {power - 1, power, power + 1, power * 7 / 3, power / 2 * 9}) {
      ASSERT_EQ(written(number), std::to_string(number));
    }
  }
  EXPECT_EQ(written(18446744073709551615U), "18446744073709551615");
}

TEST(Digits, WritesEveryFourDigits) {
  // Eight digits are two numbers of four, each on its way alone.
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    char out[8];
    const std::string four = std::to_string(10'000 + i).substr(1);
    ASSERT_EQ(std::string(out, write_eight_digits(out, i)), "0000" + four);
    ASSERT_EQ(std::string(out, write_eight_digits(out, i * 10'000 + 9'999 - i)),
              four + std::to_string(19'999 - i).substr(1));
  }
}

TEST(Digits, WritesRandomNumbers) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t number = random() >> (random() % 64);
    ASSERT_EQ(written(number), std::to_string(number));
  }
}

TEST(Digits, CountsLeadingDigitsBeforeAnyByte) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 8; ++at) {
      std::string text = "90909090";
      text[at] = static_cast<char>(byte);
      const std::size_t expected = byte >= '0' && byte <= '9' ? 8 : at;
      ASSERT_EQ(leading_digits(digit_values(text.data())), expected) << byte << " at " << at;
    }
  }
  EXPECT_EQ(leading_digits(digit_values("1.\xff\xff\xff\xff\xff\xff")), 1U);
}

TEST(Digits, ReadsNumbersOfEveryLength) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t number = random() % kTenTo8 >> (random() % 27);
    const std::string text = std::to_string(number);
    const std::string padded = text + "\xff:/\",. x";
    const std::uint64_t values = digit_values(padded.data());
    ASSERT_EQ(leading_digits(values), text.size()) << text;
    ASSERT_EQ(digits_number(values, text.size()), number);
  }
}

}  // namespace
}  // namespace tickcast
