// SPDX-License-Identifier: Apache-2.0
//
// ServerNumbers: what a running role tells of itself in its /metrics, from scrape to scrape: values, how fast
// counters grow, how durations spread. Knows no metric by name.
//
// Pure: the time is passed in. Thread: the owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "metrics/scrape.h"
#include "watch/quote_table.h"

namespace tickcast::watch {

class ServerNumbers {
 public:
  static constexpr std::int64_t kWindowNs = 10 * kNsPerSecond;  // over which rates and percentiles are
  static constexpr std::size_t kScrapesMax = 16;                // that are kept for it

  enum class Column : std::uint8_t { name, value, per_second, p50, p99 };

  struct Row {
    std::string name;  // without "tickcast_": `quote_age_seconds{hop="written"}`
    std::string family;
    metrics::Kind kind = metrics::Kind::gauge;
    double value = 0;
    std::optional<double> per_second;  // of counters and histograms
    std::optional<double> p50;         // of histograms
    std::optional<double> p99;
    Move move;
  };

  // A process that began anew (its counters are lower) is one that was not known before.
  void take(metrics::Scrape scrape, std::int64_t now_ns);

  bool known() const { return !scrapes_.empty(); }
  // The newest. REQUIRES: known().
  const metrics::Scrape& scrape() const { return scrapes_.back().scrape; }
  std::int64_t taken_ns() const { return scrapes_.back().at_ns; }
  const std::vector<Row>& rows() const { return rows_; }

  // Of one series, or over all label values of its family. Nothing: not told, or seen once only.
  std::optional<double> per_second(std::string_view family, std::string_view labels) const;
  std::optional<double> per_second(std::string_view family) const;
  // What was added in the window.
  metrics::Spread spread(const metrics::Series& series) const;

  // Rows whose name has every word of the filter, in order; what is not known comes last.
  std::vector<std::size_t> order(std::optional<Column> column, bool descending,
                                 std::string_view filter) const;

 private:
  struct Taken {
    std::int64_t at_ns;
    metrics::Scrape scrape;
  };

  std::optional<double> grown(double now, std::optional<double> before) const;
  void make_rows(std::int64_t now_ns);

  std::deque<Taken> scrapes_;  // oldest first
  std::vector<Row> rows_;
};

}  // namespace tickcast::watch
