// SPDX-License-Identifier: Apache-2.0
#include "metrics/scrape.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace tickcast::metrics {
namespace {

// Up to the first of `marks`, which is left in the text.
std::string_view take_until(std::string_view& text, std::string_view marks) {
  const std::size_t end = std::min(text.find_first_of(marks), text.size());
  const std::string_view out = text.substr(0, end);
  text.remove_prefix(end);
  return out;
}

void skip_spaces(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

std::optional<double> number(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  const std::string copy(text);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != '\0') return std::nullopt;
  return value;
}

// The end of the labels that begin behind '{': the '}' that is in no string. npos: there is none.
std::size_t end_of_labels(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '}' && !quoted) {
      return i;
    }
  }
  return std::string_view::npos;
}

// The place of `name="` in labels as written, at the start of one; npos: it is not there.
std::size_t place_of(std::string_view labels, std::string_view name) {
  const std::string start = std::string(name) + "=\"";
  for (std::size_t at = labels.find(start); at != std::string_view::npos; at = labels.find(start, at + 1)) {
    if (at == 0 || labels[at - 1] == ',') return at;
  }
  return std::string_view::npos;
}

std::string_view value_of(std::string_view labels, std::string_view name) {
  const std::size_t at = place_of(labels, name);
  if (at == std::string_view::npos) return {};
  labels.remove_prefix(at + name.size() + 2);
  return labels.substr(0, labels.find('"'));
}

// Labels as written, less the one of a bucket's bound.
std::string without_bound(std::string_view labels) {
  const std::size_t at = place_of(labels, "le");
  if (at == std::string_view::npos) return std::string(labels);
  const std::size_t end = std::min(labels.find('"', at + 4), labels.size() - 1) + 1;
  std::string out(labels.substr(0, at));
  const std::string_view rest = labels.substr(end);
  if (!out.empty() && (rest.empty() || rest.front() == ',')) out.pop_back();
  return out + std::string(out.empty() && rest.starts_with(",") ? rest.substr(1) : rest);
}

}  // namespace

double Spread::count() const {
  double sum_of_all = 0;
  for (const auto& [bound, count] : buckets) sum_of_all += count;
  return sum_of_all;
}

Spread Spread::since(const Spread& before) const {
  const auto grew = [](const auto& now, const auto& then) {
    return now.first == then.first && now.second >= then.second;
  };
  if (!std::equal(buckets.begin(), buckets.end(), before.buckets.begin(), before.buckets.end(), grew))
    return *this;
  Spread out = *this;
  for (std::size_t i = 0; i < buckets.size(); ++i) out.buckets[i].second -= before.buckets[i].second;
  out.sum -= before.sum;
  return out;
}

std::optional<double> Spread::quantile(double share) const {
  const double rank = share * count();
  double below = 0;
  double lower = 0;
  for (const auto& [bound, in_it] : buckets) {
    if (in_it > 0 && below + in_it >= rank)
      return std::isinf(bound) ? lower : lower + (bound - lower) * (rank - below) / in_it;
    below += in_it;
    if (!std::isinf(bound)) lower = bound;
  }
  return std::nullopt;
}

std::string_view Series::label(std::string_view name) const { return value_of(labels, name); }

Scrape Scrape::parse(std::string_view text) {
  Scrape out;
  while (!text.empty()) {
    std::string_view line = take_until(text, "\n");
    if (!text.empty()) text.remove_prefix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("# TYPE ")) {
      out.take_type(line.substr(7));
    } else if (!line.empty() && line.front() != '#') {
      out.take_sample(line);
    }
  }
  // Buckets are written cumulated.
  for (Series& series : out.series_) {
    double below = 0;
    for (auto& [bound, count] : series.spread.buckets) count -= std::exchange(below, count);
  }
  return out;
}

void Scrape::take_type(std::string_view line) {
  const std::string_view name = take_until(line, " ");
  skip_spaces(line);
  const Kind kind = line == "counter" ? Kind::counter : line == "histogram" ? Kind::histogram : Kind::gauge;
  types_.emplace_back(name, kind);
}

void Scrape::take_sample(std::string_view line) {
  std::string_view name = take_until(line, "{ \t");
  std::string_view labels;
  if (line.starts_with('{')) {
    const std::size_t end = end_of_labels(line.substr(1));
    if (end == std::string_view::npos) return;
    labels = line.substr(1, end);
    line.remove_prefix(end + 2);
  }
  skip_spaces(line);
  const auto value = number(take_until(line, " \t"));
  if (!value || name.empty()) return;

  const auto type_of = [this](std::string_view family) -> const Kind* {
    const auto found = std::ranges::find(types_, family, &std::pair<std::string, Kind>::first);
    return found == types_.end() ? nullptr : &found->second;
  };
  for (const std::string_view part : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(part)) continue;
    const std::string_view family = name.substr(0, name.size() - part.size());
    const Kind* const kind = type_of(family);
    if (kind == nullptr || *kind != Kind::histogram) continue;
    Series* const series = at(family, without_bound(labels), Kind::histogram);
    if (series == nullptr) return;
    if (part == "_sum") series->spread.sum = *value;
    if (part == "_count") series->value = *value;
    if (part != "_bucket") return;
    if (const auto bound = number(value_of(labels, "le")))
      series->spread.buckets.emplace_back(*bound, *value);
    return;
  }
  const Kind* const kind = type_of(name);
  if (Series* const series = at(name, labels, kind == nullptr ? Kind::gauge : *kind)) series->value = *value;
}

// Lines of one series of a histogram follow each other.
Series* Scrape::at(std::string_view family, std::string_view labels, Kind kind) {
  if (!series_.empty() && series_.back().family == family && series_.back().labels == labels)
    return &series_.back();
  if (series_.size() == kSeriesMax) return nullptr;
  series_.push_back({std::string(family), std::string(labels), kind, 0, {}});
  return &series_.back();
}

const Series* Scrape::find(std::string_view family, std::string_view labels) const {
  const auto found = std::ranges::find_if(
      series_, [&](const Series& series) { return series.family == family && series.labels == labels; });
  return found == series_.end() ? nullptr : &*found;
}

std::optional<double> Scrape::value(std::string_view family, std::string_view labels) const {
  const Series* const series = find(family, labels);
  if (series == nullptr) return std::nullopt;
  return series->value;
}

std::optional<double> Scrape::sum(std::string_view family) const {
  std::optional<double> out;
  for (const Series& series : series_) {
    if (series.family == family) out = out.value_or(0) + series.value;
  }
  return out;
}

}  // namespace tickcast::metrics
