// SPDX-License-Identifier: Apache-2.0
//
// Every metric there is: its name, kind, labels and meaning, declared once. What is exposed, and the page
// docs/reference/metrics.md, come from this list.
//
// Names follow Prometheus' rules: one prefix, base units (seconds, bytes), `_total` behind counters. A label
// has a few values that are known beforehand; never a client, an address or a symbol.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tickcast::metrics {

enum class Kind : std::uint8_t { counter, gauge, histogram };

struct Family {
  std::string_view name;
  Kind kind;
  std::string_view labels;  // "source, leg"; empty: none
  std::string_view help;    // one sentence, also for those who do not know the code
};

std::string_view name(Kind kind);
std::span<const Family> families();

// docs/reference/metrics.md, whole.
std::string reference_page();

}  // namespace tickcast::metrics
