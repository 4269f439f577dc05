// SPDX-License-Identifier: Apache-2.0
#include "watch/market_page.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "watch/format.h"

namespace tickcast::watch {
namespace {

using TableColumn = QuoteTable::Column;

constexpr std::array<Column, 10> kColumns = {{
    {"SYMBOL", 14, false, false, 0},
    {"BID QTY", 13, true, true, 7},
    {"BID", 14, true, true, 1},
    {"ASK", 14, true, true, 2},
    {"ASK QTY", 13, true, true, 8},
    {"BP", 6, true, false, 4},
    {"UPD/S", 7, true, true, 3},
    {"AGE p50", 8, true, true, 6},
    {"p99", 8, true, true, 9},
    {"LAST", 6, true, true, 5},
}};

// How long a move is shown: bright at first, then by its colour alone.
constexpr std::int64_t kFlashNs = 200 * kNsPerMs;
constexpr std::int64_t kAfterglowNs = 700 * kNsPerMs;

std::string for_time(std::int64_t ns) { return " for " + elapsed(std::max(ns, kNsPerSecond)); }

Style moved(const Move& move, std::int64_t now_ns) {
  const std::int64_t ago_ns = now_ns - move.at_ns;
  if (move.direction == 0 || ago_ns > kAfterglowNs) return Style::plain;
  const bool rose = move.direction > 0;
  if (ago_ns < kFlashNs) return rose ? Style::rose_now : Style::fell_now;
  return rose ? Style::rose : Style::fell;
}

// How long ago the quote was made.
std::optional<std::int64_t> since_change(const QuoteRow& row, const MarketPicture& picture) {
  if (row.quote.admitted_ns == 0) return picture.now_ns - row.changed_ns;
  if (!picture.numbers.clock_offset_ns) return std::nullopt;
  return std::max<std::int64_t>(0,
                                picture.wall_ns + *picture.numbers.clock_offset_ns - row.quote.admitted_ns);
}

Span cell(const QuoteRow& row, TableColumn column, const MarketPicture& picture) {
  const bool current = row.current && picture.trust.current() && !picture.paused_ns;
  const Style calm = current ? Style::plain : Style::soft;
  const market::Quote& quote = row.quote;
  if (column == TableColumn::symbol) return {row.symbol, current ? Style::strong : Style::soft};
  if (!row.known) return {column == TableColumn::bid ? "no quote yet" : "", Style::soft};
  switch (column) {
    case TableColumn::symbol:
      break;
    case TableColumn::bid_size:
      return {decimal(quote.bid_quantity, row.bid_size_digits), Style::soft};
    case TableColumn::bid:
      return {decimal(quote.bid_price, row.price_digits), current ? moved(row.bid, picture.now_ns) : calm};
    case TableColumn::ask:
      return {decimal(quote.ask_price, row.price_digits), current ? moved(row.ask, picture.now_ns) : calm};
    case TableColumn::ask_size:
      return {decimal(quote.ask_quantity, row.ask_size_digits), Style::soft};
    case TableColumn::spread:
      return {basis_points(spread_bp(quote.bid_price, quote.ask_price)), calm};
    case TableColumn::rate:
      return {rate(row.updates_per_s), calm};
    case TableColumn::age_p50:
      return {age(row.ages.p50_ns), calm};
    case TableColumn::age_p99:
      return {age(row.ages.p99_ns), calm};
    case TableColumn::changed:
      return {elapsed(since_change(row, picture)), current ? Style::soft : Style::warning};
  }
  return {};
}

std::string pair_of(const Ages& ages) {
  if (!ages.p50_ns) return kUnknown;
  return age(ages.p50_ns) + " / " + age(ages.p99_ns);
}

std::vector<Line> number_lines(const MarketPicture& picture, const Marks& marks) {
  const MarketNumbers& numbers = picture.numbers;
  const auto hop = [&](std::string_view from, std::string_view to, const Ages& ages) {
    return Span{fmt::format("{}{}{} {}", from, marks.arrow, to, pair_of(ages)), Style::plain};
  };
  std::vector<Line> lines = {
      {{picture.follows, Style::strong},
       {rate(numbers.updates_per_s) + " updates/s"},
       {rate(numbers.events_per_s) + " events/s"},
       {bytes(numbers.bytes_per_s) + "/s"}},
      {{"age p50 / p99", Style::strong},
       {pair_of(numbers.age), picture.trust.late() ? Style::bad : Style::plain},
       {numbers.clock_offset_ns ? "clocks within " + age(numbers.clock_uncertainty_ns)
                                : "clocks not compared yet",
        Style::soft}},
      {hop("taken in", "sent", numbers.sent), hop("sent", "received", numbers.received),
       hop("received", "drawn", numbers.drawn)},
  };
  if (picture.trust.plain_exchange)
    lines[1] = {{"this server tells no times: ages are not known", Style::warning}};
  if (!picture.trust.trouble.empty() && picture.trust.link != Link::open)
    lines[0] = {{picture.trust.trouble, Style::bad}};
  return lines;
}

Heading heading_of_status(const market::SourceStatus& status, std::int64_t wall_ns) {
  using market::SourceState;
  const std::string origin =
      status.origin == market::Origin::live ? "" : " " + std::string(market::name(status.origin));
  const std::int64_t since_ns = wall_ns - status.since_ms * kNsPerMs;
  const std::string lasts = status.since_ms != 0 ? for_time(since_ns) : "";
  switch (status.state) {
    case SourceState::live:
      return {"", "LIVE" + origin, Style::good};
    case SourceState::stale:
      return {"", "STALE" + lasts + origin, Style::bad};
    case SourceState::down:
      return {"", "EXCHANGE DOWN" + lasts + origin, Style::bad};
    case SourceState::connecting:
      return {"", "CONNECTING to the exchange" + origin, Style::warning};
  }
  return {};
}

}  // namespace

std::span<const Column> market_columns() { return kColumns; }

Heading market_heading(const MarketPicture& picture) {
  const Trust& trust = picture.trust;
  Heading out;
  switch (trust.link) {
    case Link::connecting:
      out = {"", "CONNECTING", Style::warning};
      if (!trust.trouble.empty())
        out = {"", "OFFLINE" + for_time(picture.now_ns - trust.link_since_ns) + ", connecting", Style::bad};
      break;
    case Link::waiting: {
      const std::int64_t wait_ns = trust.retry_ns - picture.now_ns;
      out = {"",
             fmt::format("OFFLINE{}, retry in {} s", for_time(picture.now_ns - trust.link_since_ns),
                         std::max<std::int64_t>(1, (wait_ns + kNsPerSecond - 1) / kNsPerSecond)),
             Style::bad};
      break;
    }
    case Link::silent:
      out = {"", "SILENT" + for_time(picture.now_ns - trust.link_since_ns), Style::bad};
      break;
    case Link::open:
      if (trust.plain_exchange) {
        out = {"", "OPEN", Style::good};
      } else if (!trust.status) {
        out = {"", "CONNECTING", Style::warning};
      } else {
        out = heading_of_status(*trust.status, picture.wall_ns);
        if (trust.late()) out = {"", "LATE by " + age(trust.age_p50_ns), Style::bad};
      }
      break;
  }
  if (picture.paused_ns && out.style == Style::good)
    out = {"", "PAUSED" + for_time(*picture.paused_ns), Style::warning};
  out.what = "tickcast watch " + picture.url;
  return out;
}

void draw_market(Screen& screen, const View& view, const Marks& marks, const MarketPicture& picture) {
  Frame frame(screen, view, marks);
  frame.draw_heading(market_heading(picture));
  frame.draw_numbers(number_lines(picture, marks));
  if (view.help()) {
    frame.draw_help(
        {"", "Ages are from when the quote was taken in at the source; median and 99th percentile of 10 s.",
         "UPD/S counts the exchange's updates, those merged on the way too. Grey is not current."});
  } else {
    frame.draw_table(picture.order.size(), [&](std::size_t row, std::size_t column) {
      return cell(picture.table.rows()[picture.order[row]], static_cast<TableColumn>(column), picture);
    });
  }
  frame.draw_keys(picture.order.size(), picture.table.rows().size());
}

}  // namespace tickcast::watch
