// SPDX-License-Identifier: Apache-2.0
#include "load/histogram.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace tickcast::load {
namespace {

std::unique_ptr<Histogram> histogram_of(const std::vector<std::int64_t>& values) {
  auto histogram = std::make_unique<Histogram>();
  for (const std::int64_t value : values) histogram->record(value);
  return histogram;
}

// Of every size alike: as many between 1 and 2 as between 2^40 and 2^41.
std::vector<std::int64_t> values_of_every_size(std::size_t count) {
  std::mt19937_64 random(7);
  std::vector<std::int64_t> values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(static_cast<std::int64_t>(random() >> (22 + random() % 42)));
  return values;
}

TEST(Histogram, ReadsEveryPercentileWithinAStepOfTheExactOne) {
  auto values = values_of_every_size(20'000);
  const auto histogram = histogram_of(values);
  std::ranges::sort(values);
  for (const double percent : {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
    const std::int64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
    EXPECT_GE(histogram->at_percent(percent), exact) << percent;
    EXPECT_LE(histogram->at_percent(percent), exact + exact / 128) << percent;
  }
  EXPECT_EQ(histogram->at_percent(100), values.back());
}

TEST(Histogram, OfTwoPartsIsTheHistogramOfAll) {
  const auto values = values_of_every_size(2'000);
  const auto all = histogram_of(values);
  const auto first = histogram_of({values.begin(), values.begin() + 700});
  first->add(*histogram_of({values.begin() + 700, values.end()}));
  EXPECT_EQ(first->count(), all->count());
  EXPECT_EQ(first->largest(), all->largest());
  for (double percent = 0; percent <= 100; percent += 0.5)
    EXPECT_EQ(first->at_percent(percent), all->at_percent(percent));
}

TEST(Histogram, CountsWhatIsOutOfItsRangeAtTheEndsOfIt) {
  const auto histogram = histogram_of({-5, Histogram::kValueMax + 1'000});
  EXPECT_EQ(histogram->at_percent(50), 0);
  EXPECT_EQ(histogram->at_percent(100), Histogram::kValueMax);
  EXPECT_EQ(histogram->largest(), Histogram::kValueMax + 1'000) << "exact all the same";
}

TEST(Histogram, OfNothingIsZero) { EXPECT_EQ(histogram_of({})->at_percent(99), 0); }

}  // namespace
}  // namespace tickcast::load
