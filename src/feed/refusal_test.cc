// SPDX-License-Identifier: Apache-2.0
#include "feed/refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"

namespace tickcast::feed {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Refusal, SaysWhatToDoAboutABlockedCountry) {
  const Refusal refusal = explain_refusal(Service::streams, "stream.example", 451, std::nullopt);
  EXPECT_THAT(refusal.message, AllOf(HasSubstr("stream.example"), HasSubstr("451"), HasSubstr("country"),
                                     HasSubstr("--exchange-rest"), HasSubstr("--exchange-streams")));
  EXPECT_TRUE(refusal.everyone);
}

TEST(Refusal, WaitsAsLongAsTheExchangeAsks) {
  for (const int status : {418, 429}) {
    const Refusal refusal = explain_refusal(Service::rest, "api.example", status, "77");
    EXPECT_EQ(refusal.wait_ns, 77 * kNsPerSecond);
    EXPECT_TRUE(refusal.everyone);
    EXPECT_THAT(refusal.message, AllOf(HasSubstr("77 s"), HasSubstr(std::to_string(status))));
  }
}

TEST(Refusal, WaitsByItselfWhenRetryAfterIsMissingOrNonsense) {
  EXPECT_EQ(explain_refusal(Service::rest, "h", 418, std::nullopt).wait_ns, 120 * kNsPerSecond);
  EXPECT_EQ(explain_refusal(Service::rest, "h", 418, "-5").wait_ns, 120 * kNsPerSecond);
  EXPECT_EQ(explain_refusal(Service::rest, "h", 418, "Fri, 31 Dec 2027 23:59:59 GMT").wait_ns,
            120 * kNsPerSecond);
  EXPECT_EQ(explain_refusal(Service::rest, "h", 418, "99999999999999999999999").wait_ns,
            kRetryAfterMaxS * kNsPerSecond);
  EXPECT_GT(explain_refusal(Service::rest, "h", 429, std::nullopt).wait_ns, 0);
}

TEST(Refusal, TriesAgainSoonAfterAFaultOfTheExchange) {
  for (const int status : {500, 502, 503, 504}) {
    const Refusal refusal = explain_refusal(Service::streams, "h", status, std::nullopt);
    EXPECT_EQ(refusal.wait_ns, 0);
    EXPECT_FALSE(refusal.everyone);
  }
}

TEST(Refusal, NamesTheOptionForAWrongAddress) {
  EXPECT_THAT(explain_refusal(Service::rest, "h", 404, std::nullopt).message, HasSubstr("--exchange-rest"));
  EXPECT_THAT(explain_refusal(Service::streams, "h", 404, std::nullopt).message,
              HasSubstr("--exchange-streams"));
  EXPECT_THAT(explain_refusal(Service::streams, "h", 302, std::nullopt).message, HasSubstr("elsewhere"));
  EXPECT_THAT(explain_refusal(Service::streams, "h", 200, std::nullopt).message, HasSubstr("200"));
}

}  // namespace
}  // namespace tickcast::feed
