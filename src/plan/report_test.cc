// SPDX-License-Identifier: Apache-2.0
#include "plan/report.h"

#include <gtest/gtest.h>

namespace tickcast::plan {
namespace {

Plan sample() {
  Plan plan;
  plan.demand = {.users = 1'000'000,
                 .symbols = 1,
                 .updates_per_s = 100,
                 .updates_per_flush = 1,
                 .channel = wire::Channel::book_ticker};
  plan.measurement.machine = "a machine";
  plan.measurement.few_clients = 250;
  plan.measurement.many_clients = 7'500;
  plan.measurement.few_send_ns = plan.measurement.many_send_ns = 10'000;
  plan.measurement.cores = 2;
  plan.measured = "from box.json";
  plan.answer = answer(plan.demand, plan.node, plan.measurement).value();
  return plan;
}

TEST(Report, ShowsEachFormulaWithItsNumbers) {
  const std::string text = plan_text(sample());
  for (const char* line : {"from box.json (a machine", "1,000,000 users of 1@bookTicker",
                           "1 symbol x 100 updates/s / 1 that come together = 100 sends/s",
                           "1,000,000 users x 100 = 100,000,000", "100,000,000/s x 10 us = 1,000",
                           "17 nodes give each user 6.80 sends/s"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST(Report, ForProgramsHoldsTheMeasurementThatAnotherPlanReads) {
  const std::string json = plan_json(sample());
  EXPECT_EQ(parse_measurement(json).value().few_send_ns, 10'000);
  EXPECT_NE(json.find("\"nodes_by_users\":17"), std::string::npos) << json;
}

}  // namespace
}  // namespace tickcast::plan
