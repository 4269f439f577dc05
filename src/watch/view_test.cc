// SPDX-License-Identifier: Apache-2.0
#include "watch/view.h"

#include <gtest/gtest.h>

namespace tickcast::watch {
namespace {

using Kind = Key::Kind;

constexpr Column kColumns[] = {
    {"NAME", 8, false, false, 0}, {"A", 8, true, true, 1}, {"B", 8, true, true, 2}};

struct ViewTest : testing::Test {
  View::Wish type(std::string_view letters) {
    View::Wish wish = View::Wish::none;
    for (const char c : letters) wish = view.press({Kind::text, std::string(1, c)}, 10);
    return wish;
  }
  View::Wish press(Kind kind) { return view.press({kind, ""}, 10); }
  View view{kColumns, 1};
};

TEST_F(ViewTest, SortsByTheColumnOfADigitInThatColumnsFirstDirection) {
  EXPECT_EQ(view.sort(), 1u);
  EXPECT_TRUE(view.descending());
  type("1");
  EXPECT_EQ(view.sort(), 0u);
  EXPECT_FALSE(view.descending());
  type("r");
  EXPECT_TRUE(view.descending());
  type("9");
  EXPECT_EQ(view.sort(), 0u) << "there is no ninth column";
}

TEST_F(ViewTest, WalksThroughTheColumnsEitherWay) {
  type("s");
  EXPECT_EQ(view.sort(), 2u);
  type("s");
  EXPECT_EQ(view.sort(), 0u);
  type("S");
  EXPECT_EQ(view.sort(), 2u);
  View unsorted(kColumns, std::nullopt);
  unsorted.press({Kind::text, "s"}, 10);
  EXPECT_EQ(unsorted.sort(), 0u);
}

TEST_F(ViewTest, AFilterTakesLettersThatAreKeysOtherwise) {
  EXPECT_EQ(type("/q1s"), View::Wish::none);
  EXPECT_TRUE(view.typing());
  EXPECT_EQ(view.filter(), "q1s");
  press(Kind::backspace);
  view.press({Kind::text, "币"}, 10);
  EXPECT_EQ(view.filter(), "q1币");
  press(Kind::backspace);
  EXPECT_EQ(view.filter(), "q1") << "a whole character goes";
  press(Kind::enter);
  EXPECT_FALSE(view.typing());
  EXPECT_EQ(view.filter(), "q1");
  press(Kind::escape);
  EXPECT_EQ(view.filter(), "");
  type("/" + std::string(100, 'x'));
  EXPECT_EQ(view.filter().size(), View::kFilterBytesMax);
  press(Kind::escape);
  EXPECT_FALSE(view.typing());
  EXPECT_EQ(view.filter(), "");
}

TEST_F(ViewTest, ScrollsInsideTheTable) {
  press(Kind::page_down);
  press(Kind::down);
  view.fit(100, 10);
  EXPECT_EQ(view.top(), 11u);
  press(Kind::end);
  view.fit(100, 10);
  EXPECT_EQ(view.top(), 90u);
  press(Kind::page_up);
  press(Kind::up);
  EXPECT_EQ(view.top(), 79u);
  view.fit(5, 10);
  EXPECT_EQ(view.top(), 0u) << "fewer rows than the screen has";
  press(Kind::up);
  EXPECT_EQ(view.top(), 0u);
}

TEST_F(ViewTest, AnotherOrderBeginsAtTheTop) {
  press(Kind::page_down);
  type("2");
  EXPECT_EQ(view.top(), 0u);
  press(Kind::page_down);
  type("/b");
  EXPECT_EQ(view.top(), 0u);
}

TEST_F(ViewTest, VersionChangesWithWhatIsAskedForAlone) {
  const std::uint64_t before = view.version();
  press(Kind::down);
  type("?");
  EXPECT_EQ(view.version(), before);
  type("r");
  EXPECT_NE(view.version(), before);
}

TEST_F(ViewTest, QuitsPausesAndHelps) {
  EXPECT_EQ(type("q"), View::Wish::quit);
  EXPECT_EQ(press(Kind::redraw), View::Wish::redraw);
  type("p");
  EXPECT_TRUE(view.paused());
  type("p?");
  EXPECT_FALSE(view.paused());
  EXPECT_TRUE(view.help());
  press(Kind::escape);
  EXPECT_FALSE(view.help());
}

}  // namespace
}  // namespace tickcast::watch
