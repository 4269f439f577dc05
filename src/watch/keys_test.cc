// SPDX-License-Identifier: Apache-2.0
#include "watch/keys.h"

#include <gtest/gtest.h>

namespace tickcast::watch {
namespace {

using Kind = Key::Kind;

std::vector<Key> read(std::initializer_list<std::string_view> pieces) {
  KeyReader reader;
  std::vector<Key> out;
  for (const std::string_view piece : pieces) reader.take(piece, out);
  reader.settle(out);
  return out;
}

TEST(Keys, CharactersAreKeys) {
  EXPECT_EQ(read({"q/"}), (std::vector<Key>{{Kind::text, "q"}, {Kind::text, "/"}}));
  EXPECT_EQ(read({"币"}), (std::vector<Key>{{Kind::text, "币"}}));
  EXPECT_EQ(read({"\xe5\xb8", "\x81"}), (std::vector<Key>{{Kind::text, "币"}})) << "in two reads";
  EXPECT_EQ(read({"\r\x7f\b\x0c"}),
            (std::vector<Key>{
                {Kind::enter, ""}, {Kind::backspace, ""}, {Kind::backspace, ""}, {Kind::redraw, ""}}));
}

TEST(Keys, SequencesAreKeysWhereverTheyAreCut) {
  const std::string_view all = "\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[1~\x1b[F";
  const std::vector<Key> expected = {{Kind::up, ""},        {Kind::down, ""}, {Kind::page_up, ""},
                                     {Kind::page_down, ""}, {Kind::home, ""}, {Kind::end, ""}};
  for (std::size_t cut = 0; cut <= all.size(); ++cut)
    EXPECT_EQ(read({all.substr(0, cut), all.substr(cut)}), expected) << cut;
}

TEST(Keys, AnEscapeThatNothingFollowsIsTheKey) {
  EXPECT_EQ(read({"\x1b"}), (std::vector<Key>{{Kind::escape, ""}}));
  KeyReader reader;
  std::vector<Key> out;
  reader.take("\x1b", out);
  EXPECT_TRUE(out.empty()) << "it may be the start of a sequence";
}

TEST(Keys, WhatIsNotKnownIsPassedOverAsAWhole) {
  EXPECT_EQ(read({"\x1b[1;5Cx"}), (std::vector<Key>{{Kind::text, "x"}}));
  EXPECT_EQ(read({"\x1b[20~x\x01y"}), (std::vector<Key>{{Kind::text, "x"}, {Kind::text, "y"}}));
  EXPECT_TRUE(read({"\x1b[" + std::string(100, '1'), "x"}) == (std::vector<Key>{{Kind::text, "x"}}));
}

}  // namespace
}  // namespace tickcast::watch
