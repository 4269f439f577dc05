// SPDX-License-Identifier: Apache-2.0
//
// Decimals: what is read is written to the letter; what is refused breaks a rule that a plain reading of the
// text finds too.
#include "market/decimal.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"

namespace {

// The rules once more, by way of 128-bit arithmetic.
bool is_decimal(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  const auto digits = [](std::string_view part) {
    return part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (whole.empty() || (point != std::string_view::npos && fraction.empty()) || !digits(whole) ||
      !digits(fraction))
    return false;
  if (whole.size() > 1 && whole[0] == '0') return false;
  if (whole.size() + fraction.size() > 19 || fraction.size() > 18) return false;
  __extension__ unsigned __int128 mantissa = 0;
  for (const char c : std::string(whole) + std::string(fraction))
    mantissa = mantissa * 10 + static_cast<unsigned>(c - '0');
  return mantissa <= 9223372036854775807U;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tickcast::market::Decimal;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto decimal = Decimal::parse(text);
  CHECK(decimal.has_value() == is_decimal(text), "the text was read, or refused, against the rules");
  if (decimal) CHECK(decimal->text() == text, "the text changed");
  return 0;
}
