// SPDX-License-Identifier: Apache-2.0
#include "exchange/faults.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tickcast::exchange {
namespace {

using testing::HasSubstr;

Fault parsed(std::string_view text) {
  const auto fault = parse_fault(text);
  EXPECT_TRUE(fault) << text << ": " << (fault ? "" : fault.error().message);
  return fault ? *fault : Fault{};
}

std::string error_of(std::string_view text) {
  const auto fault = parse_fault(text);
  return fault ? fmt::format("{} was taken", text) : fault.error().message;
}

TEST(Faults, AreANameAndSettings) {
  const Fault fault = parsed("stall:connection=2,after=5s,for=10s");
  EXPECT_EQ(fault.kind, FaultKind::stall);
  EXPECT_EQ(fault.text, "stall:connection=2,after=5s,for=10s");
  EXPECT_EQ(fault.connection.kind, ConnectionChoice::Kind::number);
  EXPECT_EQ(fault.connection.number, 2u);
  EXPECT_EQ(fault.after_ns, 5 * kNsPerSecond);
  EXPECT_EQ(fault.for_ns, 10 * kNsPerSecond);
}

TEST(Faults, EachHaveDefaults) {
  for (const auto name : fault_names()) {
    const bool needs_symbol = name == "status" || name == "list" || name == "delist" || name == "empty";
    const Fault fault = parsed(needs_symbol ? fmt::format("{}:symbol=BTCUSDT", name) : std::string(name));
    EXPECT_EQ(fault_name(fault.kind), name);
    EXPECT_EQ(fault.connection.kind, ConnectionChoice::Kind::all);
  }
  EXPECT_EQ(parsed("huge").bytes, 16u * 1024 * 1024);
  EXPECT_EQ(parsed("huge").times, 1u);
  EXPECT_EQ(parsed("close").close_code, 1008);
  EXPECT_EQ(parsed("close").reason, "Too many requests");
  EXPECT_EQ(parsed("refuse").http_status, 451);
}

TEST(Faults, TakeTimesWithUnits) {
  EXPECT_EQ(parsed("stall:after=250ms").after_ns, 250 * kNsPerMs);
  EXPECT_EQ(parsed("stall:after=90us").after_ns, 90 * kNsPerUs);
  EXPECT_EQ(parsed("stall:for=2m").for_ns, 120 * kNsPerSecond);
  EXPECT_EQ(parsed("lifetime:age=24h").age_ns, 24 * 3600 * kNsPerSecond);
}

TEST(Faults, TakeSettingsOfTheirKindAlone) {
  EXPECT_EQ(parsed("refuse:code=429,retry_after=7,on=handshake").retry_after_s, 7);
  EXPECT_EQ(parsed("close:code=1001,reason=").close_code, 1001);
  EXPECT_EQ(parsed("close:reason=Pong timeout").reason, "Pong timeout");
  EXPECT_EQ(parsed("empty:symbol=BTCUSDT,side=ask").side, BookSide::ask);
  EXPECT_EQ(parsed("list:symbol=龙虾USDT,follow=BTCUSDT").symbol, "龙虾USDT");
  EXPECT_EQ(parsed("drop:connection=next").connection.kind, ConnectionChoice::Kind::next);
}

TEST(Faults, NameWhatIsWrongAndListWhatIsRight) {
  EXPECT_THAT(error_of("stal:connection=2"),
              testing::AllOf(HasSubstr("\"stal\" is not a fault"), HasSubstr("stall, ack-only")));
  EXPECT_THAT(error_of(""), HasSubstr("\"\" is not a fault"));
  EXPECT_THAT(error_of("stall:conection=2"),
              testing::AllOf(HasSubstr("\"conection\" is not a setting of stall"),
                             HasSubstr("connection, after, for")));
  EXPECT_THAT(error_of("stall:connection=0"),
              HasSubstr("connection: \"0\" is not right; it is all, next or a number from 1"));
  EXPECT_THAT(error_of("stall:after=5"), HasSubstr("after: \"5\" is not right; it is a time such as 500ms"));
  EXPECT_THAT(error_of("stall:after=99999999999h"), HasSubstr("after:"));
  EXPECT_THAT(error_of("stall:for=0s"), HasSubstr("for:"));
  EXPECT_THAT(error_of("stall:"), HasSubstr("\"\" has no value"));
  EXPECT_THAT(error_of("stall:after"), HasSubstr("\"after\" has no value"));
  EXPECT_THAT(error_of("close:code=1006"), HasSubstr("code:"));
  EXPECT_THAT(error_of("refuse:code=200"), HasSubstr("code:"));
  EXPECT_THAT(error_of("delist"), HasSubstr("delist needs symbol="));
  EXPECT_THAT(error_of("delist:symbol=btcusdt"), HasSubstr("upper case"));
  EXPECT_THAT(error_of("status:symbol=BTCUSDT,status=TRADING"),
              HasSubstr("BREAK, HALT, END_OF_DAY or CANCEL_ONLY"));
  EXPECT_THAT(error_of("huge:bytes=99999999999"), HasSubstr("bytes:"));
  EXPECT_THAT(error_of(std::string(2000, 'x')), HasSubstr("too long"));
}

TEST(Faults, AreAllInTheReference) {
  const std::string help = fault_help();
  for (const auto name : fault_names()) EXPECT_THAT(help, HasSubstr(fmt::format("\n{}\n", name)));
  EXPECT_TRUE(check_fault("stall"));
  EXPECT_FALSE(check_fault("stall:x=1"));
}

}  // namespace
}  // namespace tickcast::exchange
