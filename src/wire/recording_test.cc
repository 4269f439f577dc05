// SPDX-License-Identifier: Apache-2.0
#include "wire/recording.h"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace tickcast::wire {
namespace {

TEST(RecordingLine, ReadsOurOwnForm) {
  const auto frame = parse_recording_line(R"(1723161254087891268 {"u":1})");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->received_ns, 1723161254087891268);
  EXPECT_EQ(frame->venue, 'S');
  EXPECT_EQ(frame->frame, R"({"u":1})");
}

TEST(RecordingLine, ReadsMergedVenues) {
  for (const char venue : {'S', 'U', 'C'}) {
    const std::string line = std::string("1723161254024619568 ") + venue + R"( {"u":1})";
    const auto frame = parse_recording_line(line);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->venue, venue);
    EXPECT_EQ(frame->frame, R"({"u":1})");
  }
}

TEST(RecordingLine, ReadsSecondsWithAFraction) {
  const auto time_of = [](std::string_view line) { return parse_recording_line(line).value().received_ns; };
  EXPECT_EQ(time_of("1633998512.0633569: {}"), 1633998512063356900);
  EXPECT_EQ(time_of("1633998512.5: {}"), 1633998512500000000);
  EXPECT_EQ(time_of("1633998512: {}"), 1633998512000000000);
  EXPECT_EQ(time_of("1633998512.1234567899: {}"), 1633998512123456789);
}

TEST(RecordingLine, IgnoresTheLineBreak) {
  EXPECT_EQ(parse_recording_line("5 {}\r\n")->frame, "{}");
  EXPECT_EQ(parse_recording_line("5 {}\n")->frame, "{}");
}

TEST(RecordingLine, IsNothingForOtherText) {
  for (const char* line :
       {"", "\n", " ", "5", "5 ", "5 S ", "wss://stream.binance.com:9443/stream?streams=a@b -> 5", "-5 {}",
        "x {}", "99999999999999999999 {}", "9223372036854775807: {}", "5.: {}", "5.5 {}", "5:{}", "5, {}"}) {
    EXPECT_FALSE(parse_recording_line(line)) << line;
  }
}

TEST(RecordingLine, TakesAnUnknownVenueForPartOfTheFrame) {
  EXPECT_EQ(parse_recording_line("5 X {}")->frame, "X {}");
  EXPECT_EQ(parse_recording_line("5 S {}")->frame, "{}");
}

TEST(RecordingLine, IsWrittenOnOneLine) {
  std::string out = "before\n";
  append_recording_line(out, 5, "{\n\"u\":1\r\n}");
  EXPECT_EQ(out, "before\n5 { \"u\":1  }\n");
}

RC_GTEST_PROP(RecordingProperty, WhatIsWrittenIsReadBack, (const std::string& tail)) {
  const auto ns = *rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max());
  const std::string frame = "{" + tail;
  RC_PRE(frame.find_first_of("\r\n") == std::string::npos);
  std::string line;
  append_recording_line(line, ns, frame);
  const auto read = parse_recording_line(line);
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->received_ns == ns);
  RC_ASSERT(read->frame == frame);
}

}  // namespace
}  // namespace tickcast::wire
