// SPDX-License-Identifier: Apache-2.0
#include "watch/glyphs.h"

#include <gtest/gtest.h>

namespace tickcast::watch {
namespace {

TEST(Glyphs, WideCharactersTakeTwoColumnsAndJoiningOnesNone) {
  EXPECT_EQ(columns_of("BTCUSDT"), 7);
  EXPECT_EQ(columns_of("币安人生USDT"), 12);
  EXPECT_EQ(columns_of("e\u0301"), 1);
  EXPECT_EQ(columns_of("🚀"), 2);
  EXPECT_EQ(columns_of("→"), 1);
  EXPECT_EQ(columns_of(""), 0);
}

TEST(Glyphs, NothingThatATerminalObeysIsPrintable) {
  EXPECT_EQ(printable("A\x1b[2JB"), "A?[2JB");
  EXPECT_EQ(printable("\x07\n\t\x7f"), "????");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "?2J")
      << "the one-byte form of ESC [, in UTF-8";
  EXPECT_EQ(printable("\u202e"), "") << "turns the direction of a line";
}

TEST(Glyphs, BytesThatAreNoUtf8AreShownAsQuestionMarks) {
  EXPECT_EQ(printable("a\xff\xc3"), "a??");
  EXPECT_EQ(printable("\xc0\xaf"), "??") << "overlong";
  EXPECT_EQ(printable("\xed\xa0\x80"), "???") << "half of a surrogate pair";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "????") << "beyond Unicode";
  EXPECT_EQ(printable("\xe5\xb8"), "??") << "cut off";
}

TEST(Fitted, FillsOrCutsToTheColumnsGiven) {
  EXPECT_EQ(fitted("ab", 4, false), "ab  ");
  EXPECT_EQ(fitted("ab", 4, true), "  ab");
  EXPECT_EQ(fitted("abcdef", 4, true), "abc~");
  EXPECT_EQ(fitted("abcd", 4, false), "abcd");
  EXPECT_EQ(fitted("币安人", 4, false), "币 ~") << "half of a wide character is none";
  EXPECT_EQ(fitted("ab", 1, false), "~");
  EXPECT_EQ(fitted("ab", 0, false), "");
}

}  // namespace
}  // namespace tickcast::watch
