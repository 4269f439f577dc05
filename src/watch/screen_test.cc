// SPDX-License-Identifier: Apache-2.0
#include "watch/screen.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "watch/test_terminal.h"

namespace tickcast::watch {
namespace {

TEST(Screen, CutsWhatIsOutsideOfIt) {
  Screen screen({2, 5});
  EXPECT_EQ(screen.put(0, 3, "abc"), 6);
  screen.put(1, -2, "xyz");
  screen.put(2, 0, "no such row");
  screen.put(-1, 0, "nor this");
  EXPECT_EQ(screen.text(0), "   ab");
  EXPECT_EQ(screen.text(1), "z");
  EXPECT_EQ(Screen({0, 0}).size(), (Size{1, 1}));
  EXPECT_EQ(Screen({99'999, 99'999}).size(), (Size{Screen::kSideMax, Screen::kSideMax}));
}

TEST(Screen, LeavesNoHalvesOfWideCharacters) {
  Screen screen({1, 6});
  screen.put(0, 0, "币安人");
  screen.put(0, 1, "x");
  EXPECT_EQ(screen.text(0), " x安人");
  screen.put(0, 4, "y");
  EXPECT_EQ(screen.text(0), " x安y");
  Screen narrow({1, 5});
  narrow.put(0, 0, "币安人");
  EXPECT_EQ(narrow.text(0), "币安") << "no room for half of the third";
}

TEST(Difference, IsNothingBetweenEqualScreens) {
  Screen screen({3, 10});
  screen.put(1, 1, "abc", Style::good);
  EXPECT_EQ(difference(&screen, screen, true), "");
}

TEST(Difference, SendsOnlyWhatDiffers) {
  Screen before({3, 40});
  before.put(1, 0, "BTCUSDT      63,061.27");
  Screen now = before;
  now.put(1, 21, "8", Style::rose);
  EXPECT_EQ(difference(&before, now, true), "\x1b[2;22H\x1b[0;32m8\x1b[0m");
}

TEST(Difference, OfAnotherSizeSendsEverythingOnAClearedScreen) {
  Screen before({3, 40});
  Screen now({2, 10});
  now.put(0, 0, "ab");
  EXPECT_EQ(difference(&before, now, true), "\x1b[0m\x1b[2J\x1b[1;1Hab");
  EXPECT_EQ(difference(nullptr, now, true), difference(&before, now, true));
}

TEST(Difference, WithoutColourHasNone) {
  Screen screen({1, 60});
  int column = 0;
  for (int style = 0; style <= static_cast<int>(Style::fell_now); ++style)
    column = screen.put(0, column, "word ", static_cast<Style>(style));
  const std::string bytes = difference(nullptr, screen, false);
  for (const char* colour : {";3", ";4", "[3", "[4", ";9", "[9"})
    EXPECT_EQ(bytes.find(std::string(colour)), std::string::npos) << colour;
  EXPECT_NE(bytes.find("\x1b[0;7m"), std::string::npos) << "a bar stands out all the same";
  EXPECT_NE(difference(nullptr, screen, true).find(";48;5;"), std::string::npos);
}

// Whatever was shown before, what is sent makes the new screen of it.
TEST(Difference, TurnsAnyScreenIntoAnyOther) {
  std::mt19937 random(7);
  const auto below = [&random](int limit) {
    return static_cast<int>(random() % static_cast<unsigned>(limit));
  };
  constexpr const char* kPieces[] = {"a", "BTC", "币", "安x", "   ", "→", "0.25"};
  for (int round = 0; round < 300; ++round) {
    const Size size{1 + below(4), 1 + below(12)};
    Screen before(size);
    Screen now(size);
    for (int i = 0; i < below(12); ++i) {
      Screen& screen = below(2) == 0 ? before : now;
      screen.put(below(size.rows), below(size.columns), kPieces[below(7)], static_cast<Style>(below(11)));
    }
    TestTerminal terminal(size);
    terminal.take(difference(nullptr, before, true));
    ASSERT_EQ(terminal.shown(), rows_of(before)) << "round " << round;
    terminal.take(difference(&before, now, true));
    ASSERT_EQ(terminal.shown(), rows_of(now)) << "round " << round;
  }
}

}  // namespace
}  // namespace tickcast::watch
