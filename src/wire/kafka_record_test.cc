// SPDX-License-Identifier: Apache-2.0
#include "wire/kafka_record.h"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace tickcast::wire {
namespace {

using market::Decimal;
using market::Quote;

constexpr std::string_view kExample =
    R"({"bid":"25.35190000","bids":"31.21000000","ask":"25.36520000","asks":"40.66000000",)"
    R"("producerTime":1732320000123.456,"u":400900217})";

Quote example() {
  Quote quote;
  quote.update_id = 400900217;
  quote.bid_price = {2'535'190'000, -8};
  quote.bid_quantity = {3'121'000'000, -8};
  quote.ask_price = {2'536'520'000, -8};
  quote.ask_quantity = {4'066'000'000, -8};
  quote.admitted_ns = 1'732'320'000'123'456'000;
  return quote;
}

std::string written(const Quote& quote) {
  char out[kRecordBytesMax];
  return {out, write_record(out, quote)};
}

void expect_example(const Quote& quote) {
  EXPECT_TRUE(quote.same_values(example()));
  EXPECT_EQ(quote.update_id, example().update_id);
  EXPECT_EQ(quote.admitted_ns, example().admitted_ns);
}

TEST(KafkaRecord, IsWrittenToTheLetterOfItsContract) { EXPECT_EQ(written(example()), kExample); }

TEST(KafkaRecord, IsReadByTheFastPathAndByTheGeneralOneAlike) {
  Quote scanned;
  ASSERT_TRUE(scan_record(kExample, scanned));
  expect_example(scanned);
  RecordReader reader;
  ASSERT_EQ(reader.read_with_simdjson(kExample), RecordKind::quote);
  expect_example(reader.quote());
}

TEST(KafkaRecord, LeavesOutAnIdThatNobodyTold) {
  Quote quote = example();
  quote.update_id = market::kNoUpdateId;
  EXPECT_EQ(written(quote).find("\"u\""), std::string::npos);
  RecordReader reader;
  ASSERT_EQ(reader.read(written(quote)), RecordKind::quote);
  EXPECT_EQ(reader.quote().update_id, market::kNoUpdateId);
}

TEST(KafkaRecord, OfOtherProducersIsRead) {
  RecordReader reader;
  const std::string four =
      R"("bid":"25.35190000","bids":"31.21000000","ask":"25.36520000","asks":"40.66000000")";
  // The seed of all producers: four members and nothing else.
  ASSERT_EQ(reader.read("{" + four + "}"), RecordKind::quote);
  EXPECT_TRUE(reader.quote().same_values(example()));
  EXPECT_EQ(reader.quote().admitted_ns, 0);
  // A producerTime of Date.now(), another order, spaces, members of their own.
  ASSERT_EQ(reader.read("{ \"producerTime\" : 1732320000123 , \"venue\" : {\"id\":[1,2]} , " + four + " }"),
            RecordKind::quote);
  EXPECT_EQ(reader.quote().admitted_ns, 1'732'320'000'123'000'000);
  ASSERT_EQ(reader.read("{" + four + R"(,"u":null,"producerTime":null})"), RecordKind::quote);
  EXPECT_EQ(reader.quote().update_id, market::kNoUpdateId);
  // Times finer than ours are cut, not refused.
  ASSERT_EQ(reader.read("{" + four + R"(,"producerTime":1732320000123.4567891})"), RecordKind::quote);
  EXPECT_EQ(reader.quote().admitted_ns, 1'732'320'000'123'456'789);
}

TEST(KafkaRecord, IsUnreadableWhenAnyOfTheFourIsMissingOrNoDecimal) {
  RecordReader reader;
  for (const std::string_view value :
       {R"()", R"(null)", R"([])", R"({})", R"("text")", R"({"bid":"1","bids":"1","ask":"1"})",
        R"({"bid":1,"bids":"1","ask":"1","asks":"1"})", R"({"bid":null,"bids":"1","ask":"1","asks":"1"})",
        R"({"bid":"-1","bids":"1","ask":"1","asks":"1"})", R"({"bid":"1","bids":"1","ask":"1","asks":"1")",
        R"({"bid":"1","bids":"1","ask":"1","asks":"1"}x)", "\xff\xfe"}) {
    EXPECT_EQ(reader.read(value), RecordKind::unreadable) << value;
  }
}

TEST(KafkaRecord, IsRefusedWhenANumberDoesNotFitExactly) {
  RecordReader reader;
  EXPECT_EQ(reader.read(R"({"bid":"12345678901234567890","bids":"1","ask":"1","asks":"1"})"),
            RecordKind::unrepresentable);
  EXPECT_EQ(reader.read(R"({"bid":"1","bids":"1","ask":"1","asks":"1","u":99999999999999999999})"),
            RecordKind::unrepresentable);
}

rc::Gen<Quote> any_quote() {
  const auto any_decimal = rc::gen::apply(
      [](std::int64_t mantissa, int shift, int exponent) {
        return Decimal{mantissa >> shift, static_cast<std::int8_t>(-exponent)};
      },
      rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max()), rc::gen::inRange(0, 63),
      rc::gen::oneOf(rc::gen::just(8), rc::gen::inRange(0, 19)));
  return rc::gen::apply(
      [](std::int64_t id, int shift, std::int64_t us, const Decimal& a, const Decimal& b, const Decimal& c,
         const Decimal& d) {
        Quote quote;
        quote.update_id = id >> shift;
        quote.bid_price = a;
        quote.bid_quantity = b;
        quote.ask_price = c;
        quote.ask_quantity = d;
        quote.admitted_ns = us * 1'000;
        return quote;
      },
      rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max()), rc::gen::inRange(0, 63),
      rc::gen::inRange<std::int64_t>(0, 9'000'000'000'000'000), any_decimal, any_decimal, any_decimal,
      any_decimal);
}

RC_GTEST_PROP(KafkaRecordProperty, WhatIsWrittenIsReadBackByBothPaths, ()) {
  const Quote quote = *any_quote();
  const std::string value = written(quote);
  RC_ASSERT(value.size() <= kRecordBytesMax);
  RecordReader reader;
  RC_ASSERT(reader.read_with_simdjson(value) == RecordKind::quote);
  RC_ASSERT(reader.quote().same_values(quote));
  RC_ASSERT(reader.quote().update_id == quote.update_id);
  RC_ASSERT(reader.quote().admitted_ns == quote.admitted_ns);
  Quote scanned;
  if (scan_record(value, scanned)) {
    RC_ASSERT(scanned.same_values(quote));
    RC_ASSERT(scanned.update_id == quote.update_id);
    RC_ASSERT(scanned.admitted_ns == quote.admitted_ns);
  }
}

}  // namespace
}  // namespace tickcast::wire
