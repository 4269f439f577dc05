// SPDX-License-Identifier: Apache-2.0
#include "metrics/scrape.h"

#include <gtest/gtest.h>

#include "metrics/exposition.h"

namespace tickcast::metrics {
namespace {

TEST(Scrape, ReadsBackWhatAnExpositionWrites) {
  Histogram histogram;
  for (int i = 0; i < 10; ++i) histogram.add(60 * kNsPerUs);
  histogram.add(20 * kNsPerSecond);
  Exposition out;
  out.add("tickcast_clients", 7);
  out.add("tickcast_refusals_total", {{"reason", "full"}}, 3);
  out.add("tickcast_refusals_total", {{"reason", "a \"}\" \\ b"}}, 4);
  out.add_number("tickcast_source_age_seconds", {{"source", "exchange"}, {"leg", "A"}}, 0.25);
  out.add("tickcast_quote_age_seconds", {{"hop", "written"}}, histogram.read());
  out.add("tickcast_kafka_fetch_seconds", {}, histogram.read());
  const Scrape scrape = Scrape::parse(out.text());

  EXPECT_EQ(scrape.value("tickcast_clients"), 7);
  EXPECT_EQ(scrape.value("tickcast_refusals_total", R"(reason="full")"), 3);
  EXPECT_EQ(scrape.sum("tickcast_refusals_total"), 7);
  const Series* const age = scrape.find("tickcast_source_age_seconds", R"(source="exchange",leg="A")");
  ASSERT_NE(age, nullptr);
  EXPECT_EQ(age->value, 0.25);
  EXPECT_EQ(age->label("source"), "exchange");
  EXPECT_EQ(age->label("leg"), "A");
  EXPECT_EQ(age->label("eg"), "");
  for (const auto& [family, labels] : {std::pair{"tickcast_quote_age_seconds", R"(hop="written")"},
                                       std::pair{"tickcast_kafka_fetch_seconds", ""}}) {
    const Series* const series = scrape.find(family, labels);
    ASSERT_NE(series, nullptr) << family;
    EXPECT_EQ(series->kind, Kind::histogram);
    EXPECT_EQ(series->value, 11);
    EXPECT_EQ(series->spread.count(), 11);
    ASSERT_EQ(series->spread.buckets.size(), Histogram::kBuckets);
    EXPECT_EQ(series->spread.buckets[1].first, 0.0001);
    EXPECT_EQ(series->spread.buckets[1].second, 10);
  }
  EXPECT_EQ(scrape.series().size(), 6u);
}

TEST(Scrape, KnowsCountersFromGauges) {
  const Scrape scrape = Scrape::parse("# TYPE a counter\na 1\n# TYPE b gauge\nb 2\nc 3\n");
  EXPECT_EQ(scrape.find("a")->kind, Kind::counter);
  EXPECT_EQ(scrape.find("b")->kind, Kind::gauge);
  EXPECT_EQ(scrape.find("c")->kind, Kind::gauge);
  EXPECT_FALSE(scrape.value("d"));
  EXPECT_FALSE(scrape.sum("d"));
}

TEST(Scrape, PassesOverWhatItCannotRead) {
  const Scrape scrape = Scrape::parse(
      "<html>\na{b=\"c\n{x=\"y\"} 1\nonly_a_name\nd word\n\n# nothing\r\ne 5\r\nf{g=\"h\"} 6 1732320000123");
  ASSERT_EQ(scrape.series().size(), 2u);
  EXPECT_EQ(scrape.value("e"), 5);
  EXPECT_EQ(scrape.value("f", R"(g="h")"), 6);
}

TEST(Scrape, TakesNoMoreSeriesThanItsBound) {
  std::string text;
  for (std::size_t i = 0; i <= Scrape::kSeriesMax; ++i) text += "a{i=\"" + std::to_string(i) + "\"} 1\n";
  EXPECT_EQ(Scrape::parse(text).series().size(), Scrape::kSeriesMax);
}

TEST(Spread, AQuantileIsInterpolatedInItsBucket) {
  const Spread spread{{{1, 0}, {2, 50}, {4, 50}, {std::numeric_limits<double>::infinity(), 0}}, 0};
  EXPECT_DOUBLE_EQ(*spread.quantile(0.25), 1.5);
  EXPECT_DOUBLE_EQ(*spread.quantile(0.5), 2);
  EXPECT_DOUBLE_EQ(*spread.quantile(0.99), 3.96);
  EXPECT_FALSE((Spread{{{1, 0}}, 0}.quantile(0.5)));
  const Spread beyond{{{1, 0}, {std::numeric_limits<double>::infinity(), 3}}, 0};
  EXPECT_DOUBLE_EQ(*beyond.quantile(0.5), 1) << "what lies past the last bound is told as that bound";
}

TEST(Spread, SinceAnEarlierReadingIsWhatWasAdded) {
  const Spread before{{{1, 5}, {2, 1}}, 7};
  const Spread now{{{1, 6}, {2, 4}}, 14};
  const Spread added = now.since(before);
  EXPECT_EQ(added.count(), 4);
  EXPECT_EQ(added.sum, 7);
  EXPECT_EQ(before.since(now).count(), 6) << "a process that began anew counts from nothing";
  EXPECT_EQ(now.since(Spread{}).count(), 10);
}

}  // namespace
}  // namespace tickcast::metrics
