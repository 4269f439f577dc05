// SPDX-License-Identifier: Apache-2.0
#include "watch/server_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/exposition.h"

namespace tickcast::watch {
namespace {

using testing::HasSubstr;
using testing::Not;
using Column = ServerNumbers::Column;

constexpr std::int64_t kNow = 1'000 * kNsPerSecond;
constexpr std::int64_t kWall = 1'732'320'000 * kNsPerSecond;

// What a role that serves clients tells after it has run for so many seconds.
metrics::Scrape scrape(int seconds, double started = 1'732'310'000) {
  const auto n = static_cast<std::uint64_t>(seconds);
  metrics::Histogram histogram;
  for (int i = 0; i < seconds * 10; ++i) histogram.add(300 * kNsPerUs);
  metrics::Exposition out;
  out.add("tickcast_build_info", {{"version", "0.1.0"}, {"role", "serve"}}, 1);
  out.add("tickcast_ready", 1);
  out.add("tickcast_source_state", {{"state", "stale"}}, 0);
  out.add("tickcast_source_state", {{"state", "live"}}, 1);
  out.add_number("tickcast_source_age_seconds", {{"source", "exchange"}, {"leg", "A"}}, 0.002);
  out.add("tickcast_feed_frames_total", {{"source", "exchange"}, {"leg", "A"}}, 3'000 * n);
  out.add("tickcast_feed_admitted_total", {{"source", "exchange"}, {"leg", "A"}}, 1'500 * n);
  out.add("tickcast_quote_age_seconds", {{"hop", "written"}}, histogram.read());
  out.add("tickcast_clients", 1'000);
  out.add("tickcast_clients_max", 100'000);
  out.add("tickcast_updates_due_total", 50'000 * n);
  out.add("tickcast_updates_sent_total", 40'000 * n);
  out.add("tickcast_visits_total", 8'000 * n);
  out.add("tickcast_sent_bytes_total", 6'000'000 * n);
  out.add("tickcast_refusals_total", {{"reason", "full"}}, 3);
  out.add_number("tickcast_loop_turn_longest_seconds", {{"loop", "ingest"}}, 0.0012);
  out.add("process_resident_memory_bytes", 84'200'000);
  out.add_number("process_start_time_seconds", {}, started);
  return metrics::Scrape::parse(out.text());
}

std::string all(const std::vector<Line>& lines) {
  std::string out;
  for (const Line& line : lines) {
    for (const Span& span : line) out += span.text + "  ";
    out += "\n";
  }
  return out;
}

struct ServerPage : testing::Test {
  ServerPage() {
    numbers.take(scrape(10), kNow);
    numbers.take(scrape(11), kNow + kNsPerSecond);
  }
  ServerPicture picture(std::span<const std::size_t> order = {}) const {
    return {numbers, order,     "http://host:1/metrics", trouble,
            kNow,    paused_ns, kNow + 6 * kNsPerSecond, kWall};
  }
  ServerNumbers numbers;
  std::string trouble;
  std::optional<std::int64_t> paused_ns;
};

TEST_F(ServerPage, TellsWhatIsLookedForFirst) {
  const std::string text = all(server_lines(picture(), Marks(false)));
  EXPECT_THAT(text, HasSubstr("up 2 h"));
  EXPECT_THAT(text, HasSubstr("memory 84.2 MB"));
  EXPECT_THAT(text, HasSubstr("turn of ingest 1.20 ms"));
  EXPECT_THAT(text, HasSubstr("written 0.38 ms / 0.50 ms")) << "interpolated in a bucket of 0.25 to 0.5 ms";
  EXPECT_THAT(text, HasSubstr("1,000 of 100,000  40,000 updates/s  8,000 visits/s  6.00 MB/s  merged 20 %"));
  EXPECT_THAT(text, HasSubstr("refused 3"));
  EXPECT_THAT(text, HasSubstr("live"));
  EXPECT_THAT(text, HasSubstr("leg A   exchange  3,000 frames/s  1,500 first/s"));
  EXPECT_THAT(text, HasSubstr("last 2.00 ms ago"));
  EXPECT_THAT(text, Not(HasSubstr("topic"))) << "it has none";
}

TEST_F(ServerPage, TheHeadingNamesTheRoleAndWhetherItIsReady) {
  EXPECT_EQ(server_heading(picture()).state, "serve 0.1.0 READY");
  trouble = "host:1 takes no connection";
  EXPECT_EQ(server_heading(picture()).state, "NO ANSWER for 6 s");
  EXPECT_EQ(server_heading(picture()).style, Style::bad);
  trouble.clear();
  paused_ns = 3 * kNsPerSecond;
  EXPECT_EQ(server_heading(picture()).state, "PAUSED for 3 s");
}

TEST_F(ServerPage, OldNumbersAreGrey) {
  trouble = "host:1 takes no connection";
  const std::vector<Line> lines = server_lines(picture(), Marks(false));
  EXPECT_EQ(lines.front().front().text, trouble);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    for (const Span& span : lines[i]) EXPECT_EQ(span.style, Style::soft) << span.text;
  }
}

TEST_F(ServerPage, EverySeriesIsARow) {
  const std::vector<std::size_t> order = numbers.order(Column::per_second, true, "");
  EXPECT_EQ(order.size(), numbers.rows().size());
  EXPECT_EQ(numbers.rows()[order.front()].name, "sent_bytes_total");
  EXPECT_EQ(numbers.rows()[order.front()].per_second, 6e6);
  const std::vector<std::size_t> ages = numbers.order(Column::name, false, "age written");
  ASSERT_EQ(ages.size(), 1u);
  const ServerNumbers::Row& age = numbers.rows()[ages.front()];
  EXPECT_EQ(age.name, R"(quote_age_seconds{hop="written"})");
  EXPECT_EQ(age.per_second, 10);
  EXPECT_NEAR(*age.p50, 0.000375, 1e-9);
  EXPECT_EQ(age.move.direction, 1);
}

TEST_F(ServerPage, AProcessThatBeganAnewHasNoRatesAtFirst) {
  numbers.take(scrape(1, 1'732'320'000), kNow + 2 * kNsPerSecond);
  EXPECT_FALSE(numbers.per_second("tickcast_visits_total"));
  numbers.take(scrape(2, 1'732'320'000), kNow + 3 * kNsPerSecond);
  EXPECT_EQ(numbers.per_second("tickcast_visits_total"), 8'000);
}

TEST_F(ServerPage, RatesAreOverTenSeconds) {
  for (int i = 2; i <= 40; ++i) numbers.take(scrape(10 + i), kNow + i * kNsPerSecond);
  EXPECT_EQ(numbers.per_second("tickcast_visits_total"), 8'000);
  numbers.take(scrape(50), kNow + 45 * kNsPerSecond);
  EXPECT_LT(*numbers.per_second("tickcast_visits_total"), 8'000);
  EXPECT_GT(*numbers.per_second("tickcast_visits_total"), 3'000);
}

TEST_F(ServerPage, NamesAreWholeWhereThereIsRoom) {
  const std::vector<std::size_t> order = numbers.order(std::nullopt, false, "");
  View view(server_columns(), std::nullopt);
  for (const int columns : {59, 80, 160}) {
    Screen screen({40, columns});
    draw_server(screen, view, Marks(true), picture(order));
    std::string text;
    for (int row = 0; row < 40; ++row) text += screen.text(row) + "\n";
    const std::string whole = R"(source_age_seconds{source="exchange",leg="A"} )";
    EXPECT_EQ(text.find(whole) != std::string::npos, columns > 59) << columns;
  }
}

TEST_F(ServerPage, FitsAnyTerminal) {
  const std::vector<std::size_t> order = numbers.order(std::nullopt, false, "");
  View view(server_columns(), std::nullopt);
  for (int rows = 1; rows <= 40; ++rows) {
    for (const int columns : {1, 5, 20, 40, 80, 200}) {
      Screen screen({rows, columns});
      draw_server(screen, view, Marks(true), picture(order));
      if (rows >= 3 && columns >= 40) {
        bool has_row = false;
        for (int row = 0; row < rows; ++row)
          has_row |= screen.text(row).find("build_info") != std::string::npos;
        EXPECT_TRUE(has_row) << rows << "x" << columns;
      }
    }
  }
}

TEST_F(ServerPage, ASummaryIsOneLine) {
  EXPECT_EQ(
      server_summary(numbers, kWall),
      "2024-11-23T00:00:00.000Z serve 0.1.0 ready source=live clients=1000 updates/s=40000 visits/s=8000 "
      "bytes/s=6000000 written_p50_ms=0.375 written_p99_ms=0.497 memory=84200000");
}

}  // namespace
}  // namespace tickcast::watch
