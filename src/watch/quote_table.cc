// SPDX-License-Identifier: Apache-2.0
#include "watch/quote_table.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "watch/format.h"
#include "watch/order.h"

namespace tickcast::watch {
namespace {

constexpr double kRateWeight = 0.3;  // of the newest second in a symbol's rate
constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

double or_not_known(std::optional<double> value) { return value.value_or(kNotKnown); }
double or_not_known(std::optional<std::int64_t> value) {
  return value ? static_cast<double>(*value) : kNotKnown;
}
double or_not_known(const market::Decimal& value) { return value.is_zero() ? kNotKnown : approximate(value); }

void note_move(Move& move, const market::Decimal& before, const market::Decimal& now, std::int64_t now_ns) {
  const double from = approximate(before);
  const double to = approximate(now);
  if (from != to) move = {to > from ? 1 : -1, now_ns};
}

double value_of(const QuoteRow& row, QuoteTable::Column column) {
  using Column = QuoteTable::Column;
  if (!row.known) return kNotKnown;
  switch (column) {
    case Column::symbol:
      return 0;
    case Column::bid_size:
      return or_not_known(row.quote.bid_quantity);
    case Column::bid:
      return or_not_known(row.quote.bid_price);
    case Column::ask:
      return or_not_known(row.quote.ask_price);
    case Column::ask_size:
      return or_not_known(row.quote.ask_quantity);
    case Column::spread:
      return or_not_known(spread_bp(row.quote.bid_price, row.quote.ask_price));
    case Column::rate:
      return or_not_known(row.updates_per_s);
    case Column::age_p50:
      return or_not_known(row.ages.p50_ns);
    case Column::age_p99:
      return or_not_known(row.ages.p99_ns);
    case Column::changed:
      return static_cast<double>(row.quote.admitted_ns != 0 ? row.quote.admitted_ns : row.changed_ns);
  }
  return kNotKnown;
}

}  // namespace

void QuoteTable::list(const std::vector<std::string>& symbols) {
  for (const std::string& symbol : symbols) row(symbol);
}

QuoteRow* QuoteTable::row(std::string_view symbol) {
  const auto found = places_.find(std::string(symbol));
  if (found != places_.end()) return &rows_[found->second];
  if (rows_.size() == kRowsMax) return nullptr;
  places_.emplace(symbol, rows_.size());
  return &rows_.emplace_back(std::string(symbol));
}

QuoteTable::Taken QuoteTable::take(const wire::ServedEvent& event, std::int64_t received_ns,
                                   std::int64_t now_ns) {
  QuoteRow* const row = this->row(event.ticker.symbol);
  if (row == nullptr) {
    ++refused_;
    return Taken::no_room;
  }
  const bool is_update = row->current;
  const market::Quote& quote = event.ticker.quote;
  if (is_update) {
    row->updates += std::max<std::uint64_t>(event.merged_updates, 1);
    if (quote.admitted_ns != 0) row->age.add(now_ns, received_ns - quote.admitted_ns);
    note_move(row->bid, row->quote.bid_price, quote.bid_price, now_ns);
    note_move(row->ask, row->quote.ask_price, quote.ask_price, now_ns);
  } else {
    row->bid = row->ask = {};
  }
  known_ += row->known ? 0 : 1;
  row->known = row->current = true;
  row->quote = quote;
  row->changed_ns = now_ns;
  row->price_digits =
      std::max({row->price_digits, fraction_digits(quote.bid_price), fraction_digits(quote.ask_price)});
  row->bid_size_digits = std::max(row->bid_size_digits, fraction_digits(quote.bid_quantity));
  row->ask_size_digits = std::max(row->ask_size_digits, fraction_digits(quote.ask_quantity));
  return is_update ? Taken::update : Taken::first;
}

void QuoteTable::distrust() {
  for (QuoteRow& row : rows_) {
    row.current = false;
    row.updates_per_s.reset();
    row.sampled = row.updates;
    row.ages = {};
    row.age.clear();
  }
}

void QuoteTable::sample(std::int64_t now_ns, std::optional<std::int64_t> offset_ns) {
  const std::int64_t passed_ns = now_ns - std::exchange(sampled_ns_, now_ns);
  if (passed_ns <= 0 || passed_ns == now_ns) return;  // the first one: from here on is counted
  const double seconds = static_cast<double>(passed_ns) / static_cast<double>(kNsPerSecond);
  for (QuoteRow& row : rows_) {
    if (!row.current) continue;
    row.ages = row.age.ages(now_ns, offset_ns);
    const double newest =
        static_cast<double>(row.updates - std::exchange(row.sampled, row.updates)) / seconds;
    row.updates_per_s =
        row.updates_per_s ? *row.updates_per_s + (newest - *row.updates_per_s) * kRateWeight : newest;
  }
}

std::vector<std::size_t> QuoteTable::order(std::optional<Column> column, bool descending,
                                           std::string_view filter) const {
  const auto name = [this](std::size_t i) -> const std::string& { return rows_[i].symbol; };
  std::vector<std::size_t> out = matching(rows_.size(), filter, name);
  if (!column) return out;
  if (*column == Column::symbol) {
    sort_by_name(out, descending, name);
  } else {
    sort_by_value(out, descending, [&](std::size_t i) { return value_of(rows_[i], *column); });
  }
  return out;
}

}  // namespace tickcast::watch
