// SPDX-License-Identifier: Apache-2.0
//
// Values to text, for people. Prices and quantities are exact: cut to their grid, grouped, never rounded.
// What is not known is a dash.
//
// Pure. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "market/decimal.h"

namespace tickcast::watch {

inline constexpr const char* kUnknown = "-";

// Digits after the point without the zeros at the end: "25.35190000" has 4.
int fraction_digits(const market::Decimal& value);
// With so many digits after the point, and more where they are not zero: "63,061.27". Zero, which is a side
// without orders, is a dash.
std::string decimal(const market::Decimal& value, int digits);
// (ask - bid) / mid, in basis points; nothing when a side has no orders.
std::optional<double> spread_bp(const market::Decimal& bid, const market::Decimal& ask);
double approximate(const market::Decimal& value);  // to sort by, never to show

std::string basis_points(std::optional<double> bp);
std::string age(std::optional<std::int64_t> ns);      // three figures: "0.41 ms", "12.3 ms", "1.2 s"
std::string elapsed(std::optional<std::int64_t> ns);  // how long ago: "now", "5 s", "3 min", "2 h", "4 d"
std::string rate(std::optional<double> per_second);   // "0.3", "1,204"
std::string count(double number);                     // "1,400"
std::string bytes(double number);                     // "84.2 MB"
std::string percent(std::optional<double> share);     // "12 %"
std::string number(double value);  // as exact as it comes, without an exponent where it can be

}  // namespace tickcast::watch
