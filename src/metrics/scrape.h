// SPDX-License-Identifier: Apache-2.0
//
// Scrape: the text of an exposition read back: what a viewer of a running role's /metrics needs. The part of
// Prometheus' text format 0.0.4 that Exposition writes, and what others' programs of that version write
// too: lines of a kind that is not known are passed over, never a reason to refuse the rest.
//
// Pure. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/families.h"

namespace tickcast::metrics {

// How durations (or whatever is counted) spread: each bucket's upper bound, and how many lie in it alone.
struct Spread {
  std::vector<std::pair<double, double>> buckets;  // bounds grow; the last may be infinite
  double sum = 0;

  double count() const;
  // What was added since an earlier reading of the same; all of it when that has other bounds or was higher
  // (the process began anew).
  Spread since(const Spread& before) const;
  // The value that the given share of all does not exceed, interpolated in its bucket as Prometheus'
  // histogram_quantile does; of what lies past the last finite bound, that bound. Nothing when empty.
  std::optional<double> quantile(double share) const;
};

struct Series {
  std::string family;  // "tickcast_refusals_total"
  std::string labels;  // as written, without `le`: `reason="full"`; empty: none
  Kind kind = Kind::gauge;
  double value = 0;  // of a histogram: its count
  Spread spread;     // of a histogram

  // "reason" -> "full"; empty when it has no such label.
  std::string_view label(std::string_view name) const;
};

class Scrape {
 public:
  static constexpr std::size_t kSeriesMax = 20'000;  // what comes after them is passed over

  static Scrape parse(std::string_view text);

  // In the order of the text.
  const std::vector<Series>& series() const { return series_; }
  const Series* find(std::string_view family, std::string_view labels = {}) const;
  // Of the series with these labels.
  std::optional<double> value(std::string_view family, std::string_view labels = {}) const;
  // Over all label values; nothing when the family is absent.
  std::optional<double> sum(std::string_view family) const;

 private:
  void take_type(std::string_view line);
  void take_sample(std::string_view line);
  Series* at(std::string_view family, std::string_view labels, Kind kind);

  std::vector<std::pair<std::string, Kind>> types_;
  std::vector<Series> series_;
};

}  // namespace tickcast::metrics
