// SPDX-License-Identifier: Apache-2.0
#include "market/decimal.h"

#include <limits>

#include "base/digits.h"

namespace tickcast::market {

std::optional<Decimal> Decimal::parse(std::string_view text) {
  if (text.empty() || text.size() > kTextBytesMax) return std::nullopt;
  std::uint64_t mantissa = 0;
  std::size_t digits = 0;
  std::size_t point = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = static_cast<unsigned>(text[i]) - '0';
    if (digit <= 9) {
      mantissa =
          mantissa * 10 + digit;  // at most 20 digits of which 19 can be: checked below before it can wrap
      if (++digits > 19) return std::nullopt;
    } else if (text[i] == '.' && point == text.size()) {
      point = i;
    } else {
      return std::nullopt;
    }
  }
  if (point == 0 || point + 1 == text.size()) return std::nullopt;  // ".5", "5."
  if (text[0] == '0' && point > 1) return std::nullopt;             // "007"
  if (mantissa > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  const std::size_t fraction = point == text.size() ? 0 : text.size() - point - 1;
  if (fraction > kFractionDigitsMax) return std::nullopt;
  Decimal out;
  out.mantissa = static_cast<std::int64_t>(mantissa);
  out.exponent = static_cast<std::int8_t>(-static_cast<int>(fraction));
  return out;
}

char* Decimal::write(char* out) const {
  // The form that Binance Spot sends: at most eight digits, a point, eight digits.
  if (exponent == -8 && static_cast<std::uint64_t>(mantissa) < kTenTo8 * kTenTo8) {
    const auto eight_places = static_cast<std::uint64_t>(mantissa);
    out = detail::write_short_number(out, eight_places / kTenTo8);
    *out++ = '.';
    return write_eight_digits(out, eight_places % kTenTo8);
  }
  char digits[kTextBytesMax];
  char* const end = digits + sizeof digits;
  char* begin = end;
  auto rest = static_cast<std::uint64_t>(mantissa);
  int fraction = -exponent;
  if (fraction > 0) {
    while (fraction-- > 0) {
      *--begin = static_cast<char>('0' + rest % 10);
      rest /= 10;
    }
    *--begin = '.';
  }
  do {
    *--begin = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  while (begin != end) *out++ = *begin++;
  return out;
}

std::string Decimal::text() const {
  char buffer[kTextBytesMax];
  return {buffer, write(buffer)};
}

}  // namespace tickcast::market
