// SPDX-License-Identifier: Apache-2.0
//
// QuoteTable: what a viewer knows of each symbol: its last quote, how that moved, how often it changes, how
// old its quotes are when they come. And whether it is current: a quote counts as that only once the
// connection at hand has confirmed it.
//
// Pure: the time is passed in (`now_ns`: the steady clock; others are wall clocks). Thread: the owner's.
// A copy is a picture of the moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "market/quote.h"
#include "market/symbol_table.h"
#include "watch/gauges.h"
#include "wire/ticker.h"

namespace tickcast::watch {

// A price's last change.
struct Move {
  int direction = 0;  // 1: it rose, -1: it fell
  std::int64_t at_ns = 0;
};

struct QuoteRow {
  // The age percentiles of a symbol are those of so many of its quotes at most, the newest in ten seconds.
  static constexpr std::size_t kAgesMax = 128;

  explicit QuoteRow(std::string name) : symbol(std::move(name)) {}

  std::string symbol;
  bool known = false;    // there is a quote
  bool current = false;  // the connection at hand has confirmed it
  market::Quote quote;
  Move bid;
  Move ask;
  int price_digits = 0;  // as many as were needed so far: a column of prices stands still
  int bid_size_digits = 0;
  int ask_size_digits = 0;
  std::int64_t changed_ns = 0;  // when the last event came, steady

  // As of the last sample().
  std::optional<double> updates_per_s;
  Ages ages;

  Percentiles age{kAgesMax};  // of its quotes when they came, by two clocks
  std::uint64_t updates = 0;  // of the exchange, those merged on the way included
  std::uint64_t sampled = 0;  // of these: before the last sample
};

class QuoteTable {
 public:
  static constexpr std::size_t kRowsMax = market::SymbolTable::kSymbolsMax;  // further symbols are counted

  enum class Column : std::uint8_t {
    symbol,
    bid_size,
    bid,
    ask,
    ask_size,
    spread,
    rate,
    age_p50,
    age_p99,
    changed,
  };

  // Rows of symbols that are followed, before any quote has come, in this order.
  void list(const std::vector<std::string>& symbols);
  enum class Taken : std::uint8_t {
    update,
    first,    // of a symbol since distrust(): may have been made long ago, so it is no update and has no age
    no_room,  // for another symbol
  };
  Taken take(const wire::ServedEvent& event, std::int64_t received_ns, std::int64_t now_ns);
  // The connection has gone: nothing is confirmed any more.
  void distrust();
  // Once a second: rates, and ages by a clock offset (nothing: not known).
  void sample(std::int64_t now_ns, std::optional<std::int64_t> offset_ns);

  const std::vector<QuoteRow>& rows() const { return rows_; }
  std::size_t known() const { return known_; }
  std::uint64_t refused() const { return refused_; }  // symbols there was no room for: events of theirs

  // Which rows, in which order. Each word of the filter must be in the symbol, in any case. By no column: as
  // they were listed. What is not known comes last either way, and equals keep their order.
  std::vector<std::size_t> order(std::optional<Column> column, bool descending,
                                 std::string_view filter) const;

 private:
  QuoteRow* row(std::string_view symbol);

  std::vector<QuoteRow> rows_;
  std::unordered_map<std::string, std::size_t> places_;
  std::size_t known_ = 0;
  std::uint64_t refused_ = 0;
  std::int64_t sampled_ns_ = 0;
};

}  // namespace tickcast::watch
