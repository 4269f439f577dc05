// SPDX-License-Identifier: Apache-2.0
#include "pairs.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>

#include <fmt/core.h>

namespace tickcast::bench {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

void Pairs::print(const std::string& what, const char* unit, const char* goal) const {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < first.size(); ++i) ratios.push_back(second[i] / first[i]);
  fmt::print("{:<66} {:>9.3f} {:>9.3f} {:<6} {:>5.2f} ({:.2f} to {:.2f})  goal {}\n", what, median(first),
             median(second), unit, median(ratios), *std::ranges::min_element(ratios),
             *std::ranges::max_element(ratios), goal);
  std::fflush(stdout);
}

void print_columns(const char* first, const char* second, int runs) {
  fmt::print("{:<66} {:>9} {:>9} {:<6} ratio (of {} runs)\n", "", first, second, "", runs);
  std::fflush(stdout);
}

}  // namespace tickcast::bench
