// SPDX-License-Identifier: Apache-2.0
#include "metrics/exposition.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/check.h"
#include "metrics/families.h"

namespace tickcast::metrics {
namespace {

// A label's value: a backslash, a quote and a line break are escaped.
std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string_view("\\n") : std::string_view(&c, 1);
  }
  return out;
}

std::string text_of(Labels labels, std::string_view further = {}) {
  std::string out;
  for (const auto& [name, value] : labels)
    out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : ",", name, escaped(value));
  if (!further.empty()) out += fmt::format("{}{}", out.empty() ? "" : ",", further);
  return out.empty() ? out : "{" + out + "}";
}

double seconds(std::uint64_t ns) { return static_cast<double>(ns) / static_cast<double>(kNsPerSecond); }

}  // namespace

Exposition::Exposition() : lines_(families().size()) {}

std::string& Exposition::lines_of(std::string_view family) {
  const auto found = std::ranges::find(families(), family, &Family::name);
  CHECK(found != families().end(), "a metric was exposed that metrics/families.cc does not declare");
  return lines_[static_cast<std::size_t>(found - families().begin())];
}

void Exposition::add(std::string_view family, Labels labels, std::uint64_t value) {
  lines_of(family) += fmt::format("{}{} {}\n", family, text_of(labels), value);
}

void Exposition::add_number(std::string_view family, Labels labels, double value) {
  lines_of(family) += fmt::format("{}{} {}\n", family, text_of(labels), value);
}

void Exposition::add(std::string_view family, Labels labels, const Histogram::Reading& reading) {
  std::string& lines = lines_of(family);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
    count += reading.buckets[i];
    const std::string bound =
        i < Histogram::kBoundsNs.size()
            ? fmt::format("{}", seconds(static_cast<std::uint64_t>(Histogram::kBoundsNs[i])))
            : "+Inf";
    lines += fmt::format("{}_bucket{} {}\n", family, text_of(labels, "le=\"" + bound + "\""), count);
  }
  lines += fmt::format("{}_sum{} {}\n", family, text_of(labels), seconds(reading.sum_ns));
  lines += fmt::format("{}_count{} {}\n", family, text_of(labels), count);
}

std::string Exposition::text() const {
  std::string out;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const Family& family = families()[i];
    if (lines_[i].empty()) continue;
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n{}", family.name, family.help, family.name,
                       name(family.kind), lines_[i]);
  }
  return out;
}

}  // namespace tickcast::metrics
