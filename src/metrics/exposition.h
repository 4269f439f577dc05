// SPDX-License-Identifier: Apache-2.0
//
// Exposition: collects the values of one scrape and writes them as Prometheus' text exposition format
// (version 0.0.4). Own code because it is shorter than the glue to a library would be: our counters are no
// library's, and all there is to the format is below.
//
// Thread: the scraper's. Every family must be declared (families.h): one that is not is a bug.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/histogram.h"

namespace tickcast::metrics {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class Exposition {
 public:
  Exposition();

  void add(std::string_view family, Labels labels, std::uint64_t value);
  void add(std::string_view family, std::uint64_t value) { add(family, {}, value); }
  // In seconds where the value is a duration.
  void add_number(std::string_view family, Labels labels, double value);
  void add(std::string_view family, Labels labels, const Histogram::Reading& reading);

  // Families in the order of their declaration; those without a value are left out.
  std::string text() const;

 private:
  std::string& lines_of(std::string_view family);

  std::vector<std::string> lines_;  // by family
};

}  // namespace tickcast::metrics
