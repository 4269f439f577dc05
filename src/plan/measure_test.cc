// SPDX-License-Identifier: Apache-2.0
#include "plan/measure.h"

#include <gtest/gtest.h>

namespace tickcast::plan {
namespace {

TEST(Fit, OfPointsOnALineIsTheLine) {
  const Sample samples[] = {{100, 4'020}, {1'000, 4'200}, {10'000, 6'000}};
  const SendCost line = fit(samples);
  EXPECT_NEAR(line.base_ns, 4'000, 1e-6);
  EXPECT_NEAR(line.byte_ns, 0.2, 1e-9);
}

TEST(Fit, IsOffByTheSameShareAtBothEnds) {
  const Sample samples[] = {{100, 1'000}, {100, 2'000}, {100'000, 100'000}};
  const SendCost line = fit(samples);
  EXPECT_LT(line.base_ns, 1'500) << "the smaller of two costs weighs more";
  EXPECT_NEAR(line.base_ns + line.byte_ns * 100'000, 100'000, 1'000);
}

TEST(Fit, NeverSaysThatMoreBytesCostLess) {
  const Sample samples[] = {{100, 5'000}, {10'000, 4'000}};
  EXPECT_EQ(fit(samples).byte_ns, 0);
}

// Figures of a shared machine say nothing here; that they are all there does, and that larger sends cost
// more.
TEST(Measure, FindsACostForEverythingThatAServerDoes) {
  const auto measured = measure({.few = 60, .many = 300, .rounds = 8, .many_rounds = 3, .updates = 50});
  ASSERT_TRUE(measured) << measured.error().message;
  EXPECT_GE(measured->cores, 1);
  EXPECT_GE(measured->few_clients, 50);
  EXPECT_GE(measured->many_clients, 50) << "fewer than asked for only where connecting takes too long";
  EXPECT_GT(measured->few_send_ns, 0);
  EXPECT_GT(measured->many_send_ns, 0);
  EXPECT_GT(measured->tls_connect_ns, measured->connect_ns);
  EXPECT_GT(measured->connect_ns, 0);
  EXPECT_GT(measured->follow_ns, 0);
  EXPECT_GT(measured->ingest_ns, 0);
  EXPECT_GT(measured->tls_bytes, measured->client_bytes);
  EXPECT_TRUE(parse_measurement("{\"measurement\":" + measurement_json(*measured) + "}"));
}

}  // namespace
}  // namespace tickcast::plan
