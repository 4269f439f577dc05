// SPDX-License-Identifier: Apache-2.0
//
// ChangeLog: which symbol each recent change was of, and the number of each symbol's newest change. Tells
// what a list of symbols is owed since a cursor, in order of change, at the price of the shorter of the two:
// the changes since, or the list.
//
// Thread: the fan-out's. Bound: kRecent changes, 8 bytes per symbol.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "fanout/watchlist.h"
#include "market/quote.h"

namespace tickcast::fanout {

class ChangeLog {
 public:
  // At 6,000 changes a second, two thirds of a second.
  static constexpr std::size_t kRecent = 4096;

  // The number of the newest change; 0: there was none.
  std::uint64_t head() const { return head_; }
  // Of a symbol's; 0: it never changed.
  std::uint64_t newest(market::SymbolId symbol) const { return newest_[market::index(symbol)]; }

  void resize(std::size_t symbols) { newest_.resize(symbols); }

  // Returns the change's number.
  std::uint64_t note(market::SymbolId symbol) {
    recent_[++head_ % kRecent] = symbol;
    newest_[market::index(symbol)] = head_;
    return head_;
  }

  // Sets `out` to the watches of `list` that changed after `cursor`, oldest change first.
  // `contains(symbol)` says whether the list has a symbol.
  template <class Contains>
  void collect(const Watchlist& list, std::uint64_t cursor, Contains contains, std::vector<Watch>& out) {
    out.clear();
    const bool all_recent = head_ - cursor <= kRecent;
    if (!all_recent) return collect_sorted(list, cursor, out);
    if (head_ - cursor > list.size()) return collect_from_list(list, cursor, out);
    for (std::uint64_t number = cursor + 1; number <= head_; ++number) {
      const market::SymbolId symbol = recent_[number % kRecent];
      if (newest(symbol) == number && contains(symbol))
        out.push_back({symbol, list.channels_of_watched(symbol)});
    }
  }

  // The newest change after `cursor` of any watch of `list`; 0: there was none.
  template <class Contains>
  std::uint64_t newest_of(const Watchlist& list, std::uint64_t cursor, Contains contains) const {
    if (head_ - cursor > std::min(kRecent, list.size())) {
      std::uint64_t number = 0;
      for (std::size_t i = 0; i < list.size(); ++i) number = std::max(number, newest(list[i].symbol));
      return number > cursor ? number : 0;
    }
    for (std::uint64_t number = head_; number > cursor; --number) {
      if (contains(recent_[number % kRecent])) return number;
    }
    return 0;
  }

 private:
  // A bit for each change since the cursor puts them in order without comparing any.
  void collect_from_list(const Watchlist& list, std::uint64_t cursor, std::vector<Watch>& out) {
    const std::size_t words = (head_ - cursor + 63) / 64;
    std::fill_n(marks_.begin(), words, 0);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::uint64_t number = newest(list[i].symbol);
      if (number > cursor)
        marks_[(number - cursor - 1) / 64] |= std::uint64_t{1} << (number - cursor - 1) % 64;
    }
    for (std::size_t word = 0; word < words; ++word) {
      for (std::uint64_t left = marks_[word]; left != 0; left &= left - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(left));
        const market::SymbolId symbol = recent_[(cursor + 1 + word * 64 + bit) % kRecent];
        out.push_back({symbol, list.channels_of_watched(symbol)});
      }
    }
  }

  void collect_sorted(const Watchlist& list, std::uint64_t cursor, std::vector<Watch>& out) const {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (newest(list[i].symbol) > cursor) out.push_back(list[i]);
    }
    std::ranges::sort(out, {}, [this](const Watch& watch) { return newest(watch.symbol); });
  }

  std::uint64_t head_ = 0;
  std::vector<std::uint64_t> newest_;  // by symbol
  std::array<market::SymbolId, kRecent> recent_{};
  std::array<std::uint64_t, kRecent / 64> marks_{};  // scratch
};

}  // namespace tickcast::fanout
