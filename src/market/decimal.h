// SPDX-License-Identifier: Apache-2.0
//
// Decimal: a price or a quantity, exact from end to end. Text round-trips to the letter: "25.35190000" stays
// "25.35190000". No floating point touches one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tickcast::market {

struct Decimal {
  std::int64_t mantissa = 0;  // never negative
  std::int8_t exponent = 0;   // -kFractionDigitsMax..0: minus the number of digits after the point

  static constexpr int kFractionDigitsMax = 18;
  static constexpr std::size_t kTextBytesMax = 20;  // 19 digits and a point

  // digits ['.' digits]: no sign, no exponent, no space, no leading zero but the one before the point.
  // Nothing when the text has another form, or does not fit exactly.
  static std::optional<Decimal> parse(std::string_view text);

  // Writes the text to `out` (room for kTextBytesMax) and returns its end.
  char* write(char* out) const;
  std::string text() const;

  bool is_zero() const { return mantissa == 0; }

  // The same text, not merely the same number: 1.0 and 1.00 differ.
  friend bool operator==(const Decimal&, const Decimal&) = default;
};

}  // namespace tickcast::market
