// SPDX-License-Identifier: Apache-2.0
//
// Records the numbers on its standard input in a Histogram and prints what it reads back at the percents in
// its arguments: for a test that compares it with another implementation.
#include <cstdlib>
#include <iostream>
#include <memory>

#include "load/histogram.h"

int main(int argc, char** argv) {
  const auto histogram = std::make_unique<tickcast::load::Histogram>();
  for (std::int64_t value = 0; std::cin >> value;) histogram->record(value);
  for (int i = 1; i < argc; ++i) std::cout << histogram->at_percent(std::atof(argv[i])) << '\n';
  return 0;
}
