// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/exposition.h"
#include "metrics/families.h"

namespace tickcast::metrics {
namespace {

using testing::HasSubstr;

TEST(Histogram, ADurationOnABoundCountsBelowIt) {
  Histogram histogram;
  histogram.add(Histogram::kBoundsNs[2]);
  histogram.add(Histogram::kBoundsNs[2] + 1);
  histogram.add(-5);
  histogram.add(3'600 * kNsPerSecond);
  const Histogram::Reading reading = histogram.read();
  EXPECT_EQ(reading.buckets[0], 1u) << "a negative duration is none";
  EXPECT_EQ(reading.buckets[2], 1u);
  EXPECT_EQ(reading.buckets[3], 1u);
  EXPECT_EQ(reading.buckets.back(), 1u);
  EXPECT_EQ(reading.sum_ns,
            static_cast<std::uint64_t>(2 * Histogram::kBoundsNs[2] + 1 + 3'600 * kNsPerSecond));
}

TEST(Histogram, ReadingsOfSeveralWritersAreSummed) {
  Histogram a;
  Histogram b;
  a.add(1);
  b.add(1);
  b.add(kNsPerSecond);
  Histogram::Reading sum = a.read();
  sum += b.read();
  EXPECT_EQ(sum.buckets[0], 2u);
  EXPECT_EQ(sum.sum_ns, static_cast<std::uint64_t>(kNsPerSecond + 2));
}

TEST(Exposition, AFamilyIsOneBlockWhateverTheOrderOfAdding) {
  Exposition out;
  out.add("tickcast_refusals_total", {{"reason", "full"}}, 3);
  out.add("tickcast_clients", 7);
  out.add("tickcast_refusals_total", {{"reason", "address"}}, 4);
  const std::string text = out.text();
  EXPECT_THAT(text, HasSubstr("# TYPE tickcast_clients gauge\ntickcast_clients 7\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE tickcast_refusals_total counter\n"
                              "tickcast_refusals_total{reason=\"full\"} 3\n"
                              "tickcast_refusals_total{reason=\"address\"} 4\n"));
  EXPECT_LT(text.find("tickcast_clients 7"), text.find("tickcast_refusals_total{")) << "as declared";
}

TEST(Exposition, BucketsOfAHistogramAreCumulativeAndInSeconds) {
  Histogram histogram;
  histogram.add(60 * kNsPerUs);
  histogram.add(20 * kNsPerSecond);
  Exposition out;
  out.add("tickcast_quote_age_seconds", {{"hop", "written"}}, histogram.read());
  const std::string text = out.text();
  EXPECT_THAT(text, HasSubstr("tickcast_quote_age_seconds_bucket{hop=\"written\",le=\"5e-05\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("tickcast_quote_age_seconds_bucket{hop=\"written\",le=\"0.0001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tickcast_quote_age_seconds_bucket{hop=\"written\",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("tickcast_quote_age_seconds_sum{hop=\"written\"} 20.00006\n"));
  EXPECT_THAT(text, HasSubstr("tickcast_quote_age_seconds_count{hop=\"written\"} 2\n"));
}

TEST(Exposition, ALabelsValueIsEscaped) {
  Exposition out;
  out.add("tickcast_build_info", {{"version", "a\"b\\c\nd"}, {"role", "serve"}}, 1);
  EXPECT_THAT(out.text(), HasSubstr(R"(version="a\"b\\c\nd",role="serve"})"));
}

TEST(ExpositionDeathTest, AnUndeclaredMetricIsABug) {
  Exposition out;
  EXPECT_DEATH(out.add("tickcast_no_such_thing", 1), "does not declare");
}

TEST(Families, AreNamedOnceAndByPrometheusRules) {
  std::set<std::string_view> names;
  for (const Family& family : families()) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name << " is declared twice";
    EXPECT_TRUE(family.name.starts_with("tickcast_") || family.name.starts_with("process_")) << family.name;
    EXPECT_EQ(family.kind == Kind::counter, family.name.ends_with("_total")) << family.name;
    EXPECT_TRUE(family.help.ends_with(".")) << family.name << " is explained in sentences";
  }
}

}  // namespace
}  // namespace tickcast::metrics
