// SPDX-License-Identifier: Apache-2.0
#include "watch/server_numbers.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "watch/order.h"

namespace tickcast::watch {
namespace {

constexpr std::string_view kPrefix = "tickcast_";

std::string name_of(const metrics::Series& series) {
  const std::string_view family = series.family;
  const std::string out(family.starts_with(kPrefix) ? family.substr(kPrefix.size()) : family);
  return series.labels.empty() ? out : out + "{" + series.labels + "}";
}

double value_of(const ServerNumbers::Row& row, ServerNumbers::Column column) {
  using Column = ServerNumbers::Column;
  constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();
  switch (column) {
    case Column::name:
      return 0;
    case Column::value:
      return row.value;
    case Column::per_second:
      return row.per_second.value_or(kNotKnown);
    case Column::p50:
      return row.p50.value_or(kNotKnown);
    case Column::p99:
      return row.p99.value_or(kNotKnown);
  }
  return kNotKnown;
}

}  // namespace

void ServerNumbers::take(metrics::Scrape scrape, std::int64_t now_ns) {
  constexpr std::string_view kStarted = "process_start_time_seconds";
  if (known() && this->scrape().value(kStarted) != scrape.value(kStarted)) {
    scrapes_.clear();
    rows_.clear();
  }
  scrapes_.push_back({now_ns, std::move(scrape)});
  // The oldest one is the last that lies outside the window, or on its edge.
  while (scrapes_.size() > 2 && (scrapes_.size() > kScrapesMax || now_ns - scrapes_[1].at_ns >= kWindowNs))
    scrapes_.pop_front();
  make_rows(now_ns);
}

std::optional<double> ServerNumbers::grown(double now, std::optional<double> before) const {
  const std::int64_t passed_ns = scrapes_.back().at_ns - scrapes_.front().at_ns;
  if (passed_ns <= 0 || !before || now < *before) return std::nullopt;
  return (now - *before) * static_cast<double>(kNsPerSecond) / static_cast<double>(passed_ns);
}

std::optional<double> ServerNumbers::per_second(std::string_view family, std::string_view labels) const {
  const auto now = scrape().value(family, labels);
  return now ? grown(*now, scrapes_.front().scrape.value(family, labels)) : std::nullopt;
}

std::optional<double> ServerNumbers::per_second(std::string_view family) const {
  const auto now = scrape().sum(family);
  return now ? grown(*now, scrapes_.front().scrape.sum(family)) : std::nullopt;
}

metrics::Spread ServerNumbers::spread(const metrics::Series& series) const {
  const metrics::Series* const before = scrapes_.front().scrape.find(series.family, series.labels);
  return before != nullptr && scrapes_.size() > 1 ? series.spread.since(before->spread) : series.spread;
}

void ServerNumbers::make_rows(std::int64_t now_ns) {
  std::unordered_map<std::string, const Row*> before;
  const std::vector<Row> old = std::exchange(rows_, {});
  for (const Row& row : old) before.emplace(row.name, &row);
  for (const metrics::Series& series : scrape().series()) {
    Row row{name_of(series), series.family, series.kind, series.value, {}, {}, {}, {}};
    if (series.kind != metrics::Kind::gauge) row.per_second = per_second(series.family, series.labels);
    if (series.kind == metrics::Kind::histogram) {
      const metrics::Spread added = spread(series);
      row.p50 = added.quantile(0.5);
      row.p99 = added.quantile(0.99);
    }
    if (const auto found = before.find(row.name); found != before.end()) {
      row.move = found->second->move;
      if (row.value != found->second->value) row.move = {row.value > found->second->value ? 1 : -1, now_ns};
    }
    rows_.push_back(std::move(row));
  }
}

std::vector<std::size_t> ServerNumbers::order(std::optional<Column> column, bool descending,
                                              std::string_view filter) const {
  const auto name = [this](std::size_t i) -> const std::string& { return rows_[i].name; };
  std::vector<std::size_t> out = matching(rows_.size(), filter, name);
  if (!column) return out;
  if (*column == Column::name) {
    sort_by_name(out, descending, name);
  } else {
    sort_by_value(out, descending, [&](std::size_t i) { return value_of(rows_[i], *column); });
  }
  return out;
}

}  // namespace tickcast::watch
