// SPDX-License-Identifier: Apache-2.0
#include "plan/measurement.h"

#include <gtest/gtest.h>

namespace tickcast::plan {
namespace {

Measurement sample() {
  Measurement out;
  out.machine = "2 cores, \"quoted\"";
  out.cores = 2;
  out.few_clients = 250;
  out.few_send_ns = 4'123.5;
  out.few_byte_ns = 0.125;
  out.many_clients = 7'500;
  out.many_send_ns = 6'500;
  out.tls_bytes = 17'000;
  return out;
}

std::string file_of(const Measurement& measurement) {
  return "{\"answer\":{\"cores\":1},\"measurement\":" + measurement_json(measurement) + "}";
}

TEST(Measurement, IsReadBackFromThePlanThatItWasWrittenIn) {
  const Measurement read = parse_measurement(file_of(sample())).value();
  EXPECT_EQ(read.machine, sample().machine);
  EXPECT_EQ(read.few_send_ns, 4'123.5);
  EXPECT_EQ(read.few_byte_ns, 0.125);
  EXPECT_EQ(measurement_json(read), measurement_json(sample()));
}

TEST(Measurement, ThatIsNoneIsRefusedByWhatIsMissing) {
  EXPECT_NE(parse_measurement("no json").error().message.find("--json"), std::string::npos);
  EXPECT_NE(parse_measurement("{}").error().message.find("--json"), std::string::npos);
  EXPECT_NE(parse_measurement(R"({"measurement":{"cores":2}})").error().message.find("few_clients"),
            std::string::npos);
  Measurement impossible = sample();
  impossible.few_send_ns = -1;
  EXPECT_NE(parse_measurement(file_of(impossible)).error().message.find("few_send_ns"), std::string::npos);
}

TEST(Measurement, OfAFileThatIsNotThereNamesIt) {
  EXPECT_NE(read_measurement("/nonexistent/box.json").error().message.find("/nonexistent/box.json"),
            std::string::npos);
}

}  // namespace
}  // namespace tickcast::plan
