// SPDX-License-Identifier: Apache-2.0
#include "wire/deflate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wire/test_inflate.h"

namespace tickcast::wire {
namespace {

using testing::inflated_message;
using Outcome = Inflater::Outcome;
using namespace std::string_view_literals;

std::string_view text_of(std::span<const char> bytes) { return {bytes.data(), bytes.size()}; }

RC_GTEST_PROP(Deflate, AnyMessageInPartsIsReadBackByZlibAndByUs, (const std::vector<std::string>& texts)) {
  Deflater deflater;
  Inflater inflater;
  const std::vector<std::string_view> parts(texts.begin(), texts.end());
  std::string whole;
  for (const std::string& text : texts) whole += text;
  const std::string payload(deflater.deflate(parts));
  RC_ASSERT(inflated_message(payload) == whole);
  RC_ASSERT(inflater.inflate(payload, whole.size()) == Outcome::whole);
  RC_ASSERT(text_of(inflater.bytes()) == whole);
  if (!whole.empty()) RC_ASSERT(inflater.inflate(payload, whole.size() - 1) == Outcome::too_big);
}

TEST(Deflate, MessagesDoNotDependOnThoseBefore) {
  Deflater deflater;
  const std::string text(10'000, 'a');
  const std::string_view parts[] = {text};
  const std::string first(deflater.deflate(parts));
  EXPECT_EQ(deflater.deflate(parts), first);
  EXPECT_LT(first.size(), 100u);
}

// Section 7.2.3.
TEST(Deflate, TheExamplesOfTheRfcAreRead) {
  Inflater inflater;
  const auto read = [&](std::string_view payload) {
    return inflater.inflate(payload, 100) == Outcome::whole ? std::string(text_of(inflater.bytes())) : "?";
  };
  EXPECT_EQ(read("\xf2\x48\xcd\xc9\xc9\x07\x00"sv), "Hello") << "one compressed block";
  EXPECT_EQ(read("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"sv), "Hello")
      << "a block that is not compressed";
  EXPECT_EQ(read("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv), "Hello") << "a final block, and an empty one";
  EXPECT_EQ(read("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"sv), "Hello") << "two blocks";
  EXPECT_EQ(read("\x00"sv), "") << "an empty message (section 7.2.3.6)";
  EXPECT_EQ(read("\xf3\x48\xcd\xc9\xc9\x07\x00"sv), "Hello") << "a final block alone, as some senders end";
}

TEST(Deflate, WhatIsNoCompressedMessageIsRefused) {
  Inflater inflater;
  EXPECT_EQ(inflater.inflate("\xff\xff\xff"sv, 100), Outcome::bad) << "a block type that there is not";
  EXPECT_EQ(inflater.inflate("\xf2\x48\xcd"sv, 100), Outcome::bad) << "torn";
  EXPECT_EQ(inflater.inflate(""sv, 100), Outcome::bad) << "an empty message is an empty block";
  // Context of the message before, which is not taken over (section 7.2.3.2).
  EXPECT_EQ(inflater.inflate("\xf2\x48\xcd\xc9\xc9\x07\x00"sv, 100), Outcome::whole);
  EXPECT_EQ(inflater.inflate("\xf2\x00\x11\x00\x00"sv, 100), Outcome::bad);
  EXPECT_EQ(inflater.inflate("\xf2\x48\xcd\xc9\xc9\x07\x00"sv, 100), Outcome::whole) << "one by one";
}

TEST(Deflate, AFewBytesThatWouldBecomeManyAreCutAtTheLimit) {
  Deflater deflater;
  const std::string text(64 * 1024 * 1024, '\0');
  const std::string_view parts[] = {text};
  const std::string payload(deflater.deflate(parts));
  EXPECT_LT(payload.size(), 1024u * 1024);
  Inflater inflater;
  EXPECT_EQ(inflater.inflate(payload, 64 * 1024), Outcome::too_big);
  EXPECT_EQ(inflater.inflate(payload, text.size()), Outcome::whole);
}

}  // namespace
}  // namespace tickcast::wire
