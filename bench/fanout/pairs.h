// SPDX-License-Identifier: Apache-2.0
//
// Pairs: one figure, measured in turn on two sides, so that its ratio holds where absolute times drift. Pure
// but for printing.
#pragma once

#include <string>
#include <vector>

namespace tickcast::bench {

double median(std::vector<double> values);  // of none: 0

struct Pairs {
  std::vector<double> first;
  std::vector<double> second;
  void add(double one, double other) {
    first.push_back(one);
    second.push_back(other);
  }
  // Medians of both, and of second / first with the least and the most; `goal` is of that ratio.
  void print(const std::string& what, const char* unit, const char* goal) const;
};

// The line above figures: what stands in the two columns.
void print_columns(const char* first, const char* second, int runs);

}  // namespace tickcast::bench
