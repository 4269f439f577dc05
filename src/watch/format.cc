// SPDX-License-Identifier: Apache-2.0
#include "watch/format.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/figures.h"

namespace tickcast::watch {
namespace {

std::string three_figures(double value, const char* unit) {
  const int places = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, places, unit);
}

}  // namespace

int fraction_digits(const market::Decimal& value) {
  int digits = -value.exponent;
  for (std::int64_t rest = value.mantissa; digits > 0 && rest % 10 == 0; rest /= 10) --digits;
  return digits;
}

std::string decimal(const market::Decimal& value, int digits) {
  if (value.is_zero()) return kUnknown;
  const std::string text = value.text();
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string fraction = point < text.size() ? text.substr(point + 1) : "";
  fraction.resize(static_cast<std::size_t>(std::max(digits, fraction_digits(value))), '0');
  const std::string whole = grouped(text.substr(0, point));
  return fraction.empty() ? whole : whole + "." + fraction;
}

double approximate(const market::Decimal& value) {
  return static_cast<double>(value.mantissa) * std::pow(10.0, value.exponent);
}

std::optional<double> spread_bp(const market::Decimal& bid, const market::Decimal& ask) {
  if (bid.is_zero() || ask.is_zero()) return std::nullopt;
  const double low = approximate(bid);
  const double high = approximate(ask);
  return (high - low) / ((high + low) / 2) * 1e4;
}

std::string basis_points(std::optional<double> bp) {
  if (!bp) return kUnknown;
  if (*bp > 0 && *bp < 0.01) return "<0.01";
  return fmt::format("{:.{}f}", *bp, *bp < 9.995 ? 2 : *bp < 99.95 ? 1 : 0);
}

std::string age(std::optional<std::int64_t> ns) {
  if (!ns) return kUnknown;
  const double ms = static_cast<double>(*ns) / static_cast<double>(kNsPerMs);
  if (ms < 999.5) return three_figures(ms, "ms");
  if (ms < 59'950) return fmt::format("{:.1f} s", ms / 1'000);
  return elapsed(ns);
}

std::string elapsed(std::optional<std::int64_t> ns) {
  if (!ns) return kUnknown;
  const std::int64_t seconds = *ns / kNsPerSecond;
  if (seconds < 1) return "now";
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3'600) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3'600) return fmt::format("{} h", seconds / 3'600);
  return fmt::format("{} d", seconds / 86'400);
}

std::string rate(std::optional<double> per_second) {
  if (!per_second) return kUnknown;
  if (*per_second < 0.05) return "0";
  return *per_second < 9.95 ? fmt::format("{:.1f}", *per_second) : count(*per_second);
}

std::string count(double value) {
  if (!(std::fabs(value) < 1e15)) return fmt::format("{:.3g}", value);
  const std::string digits = grouped(fmt::format("{:.0f}", std::fabs(value)));
  return value <= -0.5 ? "-" + digits : digits;
}

std::string bytes(double value) {
  if (value < 999.5) return fmt::format("{:.0f} B", value);
  if (value < 999.5e3) return three_figures(value / 1e3, "kB");
  return value < 999.5e6 ? three_figures(value / 1e6, "MB") : three_figures(value / 1e9, "GB");
}

std::string percent(std::optional<double> share) {
  if (!share) return kUnknown;
  const double value = *share * 100;
  return fmt::format("{:.{}f} %", value, value > 0 && value < 9.95 ? 1 : 0);
}

std::string number(double value) {
  if (value == std::floor(value)) return count(value);
  return std::fabs(value) < 1e-4 ? fmt::format("{:.3g}", value) : fmt::format("{:.4g}", value);
}

}  // namespace tickcast::watch
