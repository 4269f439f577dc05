// SPDX-License-Identifier: Apache-2.0
//
// Order: which rows of a table a filter lets through, and sorted how: one rule for every table. Pure.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "market/symbol_table.h"

namespace tickcast::watch {

// Whether each word is in the name, whatever their case (of ASCII letters).
inline bool has_words(std::string_view name, std::string_view words) {
  const std::string in = market::to_upper_ascii(name);
  const std::string wanted = market::to_upper_ascii(words);
  for (std::size_t at = 0; at < wanted.size();) {
    const std::size_t end = std::min(wanted.find(' ', at), wanted.size());
    if (in.find(wanted.substr(at, end - at)) == std::string::npos) return false;
    at = end + 1;
  }
  return true;
}

// The rows, 0 to `count`, whose name has the filter's words.
template <class Name>
std::vector<std::size_t> matching(std::size_t count, std::string_view filter, const Name& name) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < count; ++i) {
    if (filter.empty() || has_words(name(i), filter)) out.push_back(i);
  }
  return out;
}

template <class Name>
void sort_by_name(std::vector<std::size_t>& rows, bool descending, const Name& name) {
  std::ranges::stable_sort(
      rows, [&](std::size_t a, std::size_t b) { return descending ? name(b) < name(a) : name(a) < name(b); });
}

// NaN, what is not known, comes last either way; equals keep their order.
template <class Value>
void sort_by_value(std::vector<std::size_t>& rows, bool descending, const Value& value) {
  std::size_t end = 0;
  for (const std::size_t row : rows) end = std::max(end, row + 1);
  std::vector<double> keys(end);
  for (const std::size_t row : rows) keys[row] = value(row);
  std::ranges::stable_sort(rows, [&](std::size_t a, std::size_t b) {
    if (std::isnan(keys[a]) || std::isnan(keys[b])) return !std::isnan(keys[a]) && std::isnan(keys[b]);
    return descending ? keys[a] > keys[b] : keys[a] < keys[b];
  });
}

}  // namespace tickcast::watch
