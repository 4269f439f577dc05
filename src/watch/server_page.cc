// SPDX-License-Identifier: Apache-2.0
#include "watch/server_page.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/core.h>

#include "watch/format.h"
#include "watch/plain_lines.h"

namespace tickcast::watch {
namespace {

using metrics::Scrape;
using metrics::Series;

constexpr std::array<Column, 5> kColumns = {{
    {"METRIC", 44, false, false, 0, 80},
    {"VALUE", 14, true, true, 1},
    {"PER SECOND", 11, true, true, 2},
    {"p50", 9, true, true, 4},
    {"p99", 9, true, true, 3},
}};
constexpr std::int64_t kFlashNs = 300 * kNsPerMs;

std::optional<std::int64_t> nanoseconds(std::optional<double> seconds) {
  if (!seconds) return std::nullopt;
  return static_cast<std::int64_t>(*seconds * static_cast<double>(kNsPerSecond));
}

std::string pair_of(const metrics::Spread& spread) {
  const auto p50 = spread.quantile(0.5);
  return p50 ? age(nanoseconds(p50)) + " / " + age(nanoseconds(spread.quantile(0.99))) : kUnknown;
}

// In the unit that the metric's name ends with.
std::string in_unit(std::string_view family, double value) {
  if (family.ends_with("_seconds") && !family.starts_with("process_start")) return age(nanoseconds(value));
  if (family.ends_with("_bytes")) return bytes(value);
  return number(value);
}

// The label whose series of a one-of-several family is 1: "live" of tickcast_source_state.
std::string chosen(const Scrape& scrape, std::string_view family, std::string_view label) {
  for (const Series& series : scrape.series()) {
    if (series.family == family && series.value == 1) return std::string(series.label(label));
  }
  return "";
}

std::string role_of(const Scrape& scrape) {
  for (const Series& series : scrape.series()) {
    if (series.family == "tickcast_build_info")
      return fmt::format("{} {}", series.label("role"), series.label("version"));
  }
  return "";
}

bool ready(const Scrape& scrape) { return scrape.value("tickcast_ready").value_or(0) == 1; }

// Makes lines of what is told, and leaves out what is not.
class Lines {
 public:
  Lines(const ServerNumbers& numbers, std::int64_t wall_ns)
      : numbers_(numbers), scrape_(numbers.scrape()), wall_ns_(wall_ns) {}

  std::vector<Line> all() {
    process();
    ages();
    clients();
    endings();
    feed();
    topic();
    exchange();
    return std::move(out_);
  }

 private:
  std::optional<double> value(std::string_view family, std::string_view labels = {}) const {
    return scrape_.value(family, labels);
  }
  std::optional<double> sum(std::string_view family) const { return scrape_.sum(family); }
  std::optional<double> rate_of(std::string_view family, std::string_view labels) const {
    return numbers_.per_second(family, labels);
  }
  std::optional<double> rate_of(std::string_view family) const { return numbers_.per_second(family); }

  void add(std::string_view title, Line line) {
    if (line.empty()) return;
    line.insert(line.begin(), Span{fmt::format("{:<8}", title), Style::strong});
    out_.push_back(std::move(line));
  }
  // A count of what should not happen.
  static Span trouble(std::string_view what, double number) {
    return {fmt::format("{} {}", what, count(number)), number > 0 ? Style::warning : Style::soft};
  }

  void process() {
    Line line;
    if (const auto started = value("process_start_time_seconds"))
      line.push_back(
          {"up " + elapsed(std::max<std::int64_t>(wall_ns_ - *nanoseconds(started), kNsPerSecond))});
    if (const auto cpu = rate_of("process_cpu_seconds_total", "")) line.push_back({"cpu " + percent(*cpu)});
    if (const auto memory = value("process_resident_memory_bytes"))
      line.push_back({"memory " + bytes(*memory)});
    if (const auto open = value("process_open_fds"))
      line.push_back(
          {fmt::format("descriptors {} of {}", count(*open), count(value("process_max_fds").value_or(0)))});
    for (const Series& series : scrape_.series()) {
      if (series.family == "tickcast_loop_turn_longest_seconds")
        line.push_back({fmt::format("turn of {} {}", series.label("loop"), age(nanoseconds(series.value)))});
    }
    add("process", std::move(line));
  }

  void ages() {
    Line line;
    for (const Series& series : scrape_.series()) {
      if (series.family == "tickcast_quote_age_seconds")
        line.push_back({fmt::format("{} {}", series.label("hop"), pair_of(numbers_.spread(series)))});
    }
    add("age", std::move(line));
  }

  void clients() {
    const auto connected = value("tickcast_clients");
    if (!connected) return;
    Line line = {
        {fmt::format("{} of {}", count(*connected), count(value("tickcast_clients_max").value_or(0)))},
        {rate(rate_of("tickcast_updates_sent_total")) + " updates/s"},
        {rate(rate_of("tickcast_visits_total")) + " visits/s"},
        {bytes(rate_of("tickcast_sent_bytes_total").value_or(0)) + "/s"}};
    const double due = rate_of("tickcast_updates_due_total").value_or(0);
    const double sent = rate_of("tickcast_updates_sent_total").value_or(0);
    line.push_back({"merged " + (due > 0 ? percent(std::max(0.0, 1 - sent / due)) : kUnknown)});
    line.push_back({"serving " + percent(rate_of("tickcast_serving_seconds_total"))});
    line.push_back({count(value("tickcast_watchlists").value_or(0)) + " watchlists"});
    add("clients", std::move(line));
  }

  void endings() {
    if (!value("tickcast_clients")) return;
    Line line = {{"came " + count(sum("tickcast_handshakes_total").value_or(0))},
                 {"went " + count(sum("tickcast_disconnects_total").value_or(0))},
                 trouble("refused", sum("tickcast_refusals_total").value_or(0)),
                 trouble("evicted", sum("tickcast_evictions_total").value_or(0)),
                 {rate(rate_of("tickcast_full_sockets_total")) + " full sockets/s", Style::soft}};
    add("", std::move(line));
  }

  void feed() {
    Line line;
    if (const std::string state = chosen(scrape_, "tickcast_source_state", "state"); !state.empty())
      line.push_back({state, state == "live" ? Style::good : Style::bad});
    if (const auto quoted = value("tickcast_book_symbols", R"(state="quoted")"))
      line.push_back({count(*quoted) + " symbols quoted"});
    if (const auto admitted = rate_of("tickcast_book_admitted_total"))
      line.push_back({rate(admitted) + " admitted/s"});
    if (const auto open = sum("tickcast_feed_connections"))
      line.push_back({fmt::format("{} connections, {} streams", count(*open),
                                  count(sum("tickcast_feed_streams").value_or(0)))});
    if (const auto refused = sum("tickcast_feed_refused_total"))
      line.push_back(trouble("unreadable", *refused));
    if (const auto replaced = sum("tickcast_feed_replacements_total"))
      line.push_back(trouble("replaced", *replaced));
    add("source", std::move(line));
    for (const Series& series : scrape_.series()) {
      if (series.family != "tickcast_feed_frames_total") continue;
      const auto of_leg = [&](std::string_view family) { return rate(rate_of(family, series.labels)); };
      const auto silent = value("tickcast_source_age_seconds", series.labels);
      add(fmt::format("  leg {}", series.label("leg")),
          {{std::string(series.label("source")), Style::soft},
           {of_leg("tickcast_feed_frames_total") + " frames/s"},
           {of_leg("tickcast_feed_admitted_total") + " first/s"},
           {of_leg("tickcast_feed_duplicates_total") + " second/s"},
           {"last " + (silent ? age(nanoseconds(silent)) : kUnknown) + " ago",
            silent.value_or(9) > 5 ? Style::bad : Style::plain}});
    }
  }

  void topic() {
    Line line;
    if (const auto delivered = rate_of("tickcast_kafka_produced_total", R"(outcome="delivered")")) {
      const bool taking = value("tickcast_kafka_taking").value_or(0) == 1;
      line = {{taking ? "taking" : "takes nothing", taking ? Style::good : Style::bad},
              {rate(delivered) + " written/s"},
              {fmt::format("{} on their way", count(sum("tickcast_kafka_queue_records").value_or(0)))},
              {rate(rate_of("tickcast_kafka_merged_total")) + " merged/s"},
              trouble("outages", value("tickcast_kafka_outages_total").value_or(0))};
    }
    if (const Series* const acknowledged = scrape_.find("tickcast_kafka_produce_seconds"))
      line.push_back({"acknowledged in " + pair_of(numbers_.spread(*acknowledged))});
    add("topic", std::move(line));
    line.clear();
    if (const auto records = rate_of("tickcast_kafka_records_total")) {
      line = {
          {rate(records) + " read/s"},
          {"lag " + count(value("tickcast_kafka_lag_records").value_or(0))},
          {"first " + rate(rate_of("tickcast_kafka_record_outcomes_total", R"(outcome="admitted")")) + "/s"},
          trouble("troubles", value("tickcast_kafka_troubles_total").value_or(0))};
    }
    if (const Series* const fetched = scrape_.find("tickcast_kafka_fetch_seconds"))
      line.push_back({"fetched in " + pair_of(numbers_.spread(*fetched))});
    add("topic", std::move(line));
  }

  void exchange() {
    const auto events = rate_of("tickcast_exchange_events_total");
    if (!events) return;
    add("exchange", {{rate(events) + " events/s"},
                     {rate(rate_of("tickcast_exchange_frames_sent_total")) + " frames/s"},
                     {count(value("tickcast_exchange_connections").value_or(0)) + " connections"}});
  }

  const ServerNumbers& numbers_;
  const Scrape& scrape_;
  const std::int64_t wall_ns_;
  std::vector<Line> out_;
};

bool current(const ServerPicture& picture) { return picture.trouble.empty() && !picture.paused_ns; }

Span cell(const ServerNumbers::Row& row, ServerNumbers::Column column, const ServerPicture& picture) {
  using TableColumn = ServerNumbers::Column;
  const Style calm = current(picture) ? Style::plain : Style::soft;
  const bool flashes =
      current(picture) && picture.now_ns - row.move.at_ns < kFlashNs && row.move.direction != 0;
  const bool timed = row.kind == metrics::Kind::histogram && row.family.ends_with("_seconds");
  const auto quantile = [&](std::optional<double> value) {
    return !value ? std::string() : timed ? age(nanoseconds(value)) : number(*value);
  };
  switch (column) {
    case TableColumn::name:
      return {row.name, calm};
    case TableColumn::value:
      return {row.kind == metrics::Kind::histogram ? count(row.value) : in_unit(row.family, row.value),
              !flashes                 ? calm
              : row.move.direction > 0 ? Style::rose
                                       : Style::fell};
    case TableColumn::per_second:
      return {row.kind == metrics::Kind::gauge ? "" : rate(row.per_second), calm};
    case TableColumn::p50:
      return {quantile(row.p50), calm};
    case TableColumn::p99:
      return {quantile(row.p99), calm};
  }
  return {};
}

}  // namespace

std::span<const Column> server_columns() { return kColumns; }

Heading server_heading(const ServerPicture& picture) {
  Heading out{"tickcast watch --admin " + picture.url, "CONNECTING", Style::warning};
  if (picture.numbers.known()) {
    const Scrape& scrape = picture.numbers.scrape();
    const bool is_ready = ready(scrape);
    out.state = role_of(scrape) + (is_ready ? " READY" : " NOT READY");
    out.style = is_ready ? Style::good : Style::bad;
  }
  if (!picture.trouble.empty()) {
    out.state = "NO ANSWER for " + elapsed(std::max(picture.now_ns - picture.trouble_since_ns, kNsPerSecond));
    out.style = Style::bad;
  } else if (picture.paused_ns) {
    out.state = "PAUSED for " + elapsed(std::max(*picture.paused_ns, kNsPerSecond));
    out.style = Style::warning;
  }
  return out;
}

std::vector<Line> server_lines(const ServerPicture& picture, const Marks&) {
  std::vector<Line> lines;
  if (!picture.trouble.empty()) lines.push_back({{picture.trouble, Style::bad}});
  if (!picture.numbers.known()) return lines;
  for (Line& line : Lines(picture.numbers, picture.wall_ns).all()) lines.push_back(std::move(line));
  if (current(picture)) return lines;
  for (std::size_t i = picture.trouble.empty() ? 0 : 1; i < lines.size(); ++i) {
    for (Span& span : lines[i]) span.style = Style::soft;
  }
  return lines;
}

void draw_server(Screen& screen, const View& view, const Marks& marks, const ServerPicture& picture) {
  Frame frame(screen, view, marks);
  frame.draw_heading(server_heading(picture));
  frame.draw_numbers(server_lines(picture, marks));
  if (view.help()) {
    frame.draw_help({"", "Rates and percentiles (p50 / p99) are over the last ten seconds.",
                     "docs/reference/metrics.md has what each metric means."});
  } else {
    frame.draw_table(picture.order.size(), [&](std::size_t row, std::size_t column) {
      return cell(picture.numbers.rows()[picture.order[row]], static_cast<ServerNumbers::Column>(column),
                  picture);
    });
  }
  frame.draw_keys(picture.order.size(), picture.numbers.rows().size());
}

std::string server_summary(const ServerNumbers& numbers, std::int64_t wall_ns) {
  const Scrape& scrape = numbers.scrape();
  std::string out =
      fmt::format("{} {} {}", moment(wall_ns), role_of(scrape), ready(scrape) ? "ready" : "not-ready");
  const auto put = [&out](std::string_view key, std::optional<double> value) {
    if (value) out += fmt::format(" {}={:.0f}", key, *value);
  };
  if (const std::string state = chosen(scrape, "tickcast_source_state", "state"); !state.empty())
    out += " source=" + state;
  put("admitted/s", numbers.per_second("tickcast_book_admitted_total"));
  put("clients", scrape.value("tickcast_clients"));
  put("updates/s", numbers.per_second("tickcast_updates_sent_total"));
  put("visits/s", numbers.per_second("tickcast_visits_total"));
  put("bytes/s", numbers.per_second("tickcast_sent_bytes_total"));
  put("written/s", numbers.per_second("tickcast_kafka_produced_total", R"(outcome="delivered")"));
  put("read/s", numbers.per_second("tickcast_kafka_records_total"));
  put("events/s", numbers.per_second("tickcast_exchange_events_total"));
  for (const Series& series : scrape.series()) {
    if (series.family != "tickcast_quote_age_seconds") continue;
    const metrics::Spread spread = numbers.spread(series);
    out += fmt::format(" {}_p50_ms={} {}_p99_ms={}", series.label("hop"),
                       milliseconds(nanoseconds(spread.quantile(0.5))), series.label("hop"),
                       milliseconds(nanoseconds(spread.quantile(0.99))));
  }
  put("memory", scrape.value("process_resident_memory_bytes"));
  return out;
}

}  // namespace tickcast::watch
