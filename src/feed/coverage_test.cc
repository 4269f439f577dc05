// SPDX-License-Identifier: Apache-2.0
#include "feed/coverage.h"

#include <array>
#include <map>
#include <optional>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace tickcast::feed {
namespace {

using market::SymbolId;
constexpr std::array kOne{SymbolId{3}};
constexpr std::array kTwo{SymbolId{3}, SymbolId{4}};

TEST(Coverage, StartsWithAGapThatALookUpTakes) {
  Coverage coverage;
  coverage.want(SymbolId{3});
  EXPECT_EQ(coverage.missing(), 1u);
  EXPECT_EQ(coverage.uncovered(), 0u) << "a symbol that was never covered is not lost";
  EXPECT_EQ(coverage.gaps(), 0u) << "a look-up before the subscription would prove nothing";
  coverage.add(1, kOne, 100);
  EXPECT_EQ(coverage.missing(), 0u);
  EXPECT_EQ(coverage.gaps(), 1u);
  coverage.take_gaps();
  EXPECT_EQ(coverage.gaps(), 0u);
}

TEST(Coverage, HasNoGapWhileAnotherConnectionCarriesTheSymbol) {
  Coverage coverage;
  coverage.want(SymbolId{3});
  coverage.add(1, kOne, 100);
  coverage.add(2, kOne, 110);
  coverage.take_gaps();
  coverage.remove(1, kOne, 500);
  coverage.add(3, kOne, 600);
  EXPECT_EQ(coverage.gaps(), 0u);
  EXPECT_EQ(coverage.uncovered(), 0u);
}

TEST(Coverage, HasAGapWhenTheLastConnectionGoes) {
  Coverage coverage;
  for (const SymbolId id : kTwo) coverage.want(id);
  coverage.add(1, kTwo, 100);
  coverage.take_gaps();
  coverage.remove(1, kTwo, 500);
  EXPECT_EQ(coverage.uncovered(), 2u);
  EXPECT_EQ(coverage.gaps(), 0u);
  coverage.add(2, kTwo, 600);
  EXPECT_EQ(coverage.uncovered(), 0u);
  EXPECT_EQ(coverage.gaps(), 2u);
}

TEST(Coverage, TellsAGapThatReopenedFromOneThatNeverClosed) {
  Coverage coverage;
  coverage.want(SymbolId{3});
  coverage.add(1, kOne, 100);
  EXPECT_EQ(coverage.reopened(), 0u) << "a new symbol has no value that could be outdated";
  coverage.take_gaps();
  coverage.remove(1, kOne, 200);
  coverage.add(2, kOne, 300);
  EXPECT_EQ(coverage.reopened(), 1u);
  coverage.take_gaps();
  EXPECT_EQ(coverage.reopened(), 0u);
}

TEST(Coverage, HasAGapWhenADeafConnectionHidTheOthersAbsence) {
  Coverage coverage;
  coverage.want(SymbolId{3});
  coverage.add(1, kOne, 100);
  coverage.add(2, kOne, 100);
  coverage.take_gaps();
  // 1 went deaf at 1000, unnoticed. 2 was lost at 2000 and came back as 3 at 3000.
  coverage.remove(2, kOne, 2000);
  coverage.add(3, kOne, 3000);
  EXPECT_EQ(coverage.gaps(), 0u) << "not known yet";
  coverage.remove(1, kOne, 1000);
  EXPECT_EQ(coverage.gaps(), 1u);
}

TEST(Coverage, ForgetsSymbolsThatAreNoLongerWanted) {
  Coverage coverage;
  coverage.want(SymbolId{3});
  coverage.add(1, kOne, 100);
  coverage.want(SymbolId{3}, false);
  EXPECT_EQ(coverage.gaps(), 0u);
  coverage.remove(1, kOne, 500);
  EXPECT_EQ(coverage.uncovered(), 0u);
  coverage.want(SymbolId{3});
  EXPECT_EQ(coverage.missing(), 1u);
}

// The counts against a plain recount.
RC_GTEST_PROP(Coverage, CountsWhatIsThere, ()) {
  struct Plain {
    std::map<std::uint32_t, std::int64_t> carriers;
    bool wanted = false, was_covered = false, gap = false, known = false;
  };
  Coverage coverage;
  std::map<int, Plain> plain;
  std::int64_t now_ns = 1;
  for (const auto& [what, symbol, connection] : *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
           rc::gen::tuple(rc::gen::inRange(0, 9), rc::gen::inRange(0, 4), rc::gen::inRange(1, 4)))) {
    const std::array id{static_cast<SymbolId>(symbol)};
    const auto conn = static_cast<std::uint32_t>(connection);
    Plain& p = plain[symbol];
    ++now_ns;
    if (what == 0 || what == 1) {
      const bool keep = what == 0;
      coverage.want(id[0], keep);
      if (p.wanted != keep) {
        p.wanted = keep;
        p.was_covered = keep && !p.carriers.empty();
        p.gap = true;
        p.known = false;
      }
    } else if (what <= 4) {
      coverage.add(conn, id, now_ns);
      p.carriers.emplace(conn, now_ns);
      p.was_covered = true;
    } else if (what <= 7) {
      const std::int64_t good_until_ns = now_ns - (what - 5) * 3;
      coverage.remove(conn, id, good_until_ns);
      if (p.carriers.erase(conn) != 0) {
        bool seamless = false;
        for (const auto& [other, since_ns] : p.carriers) seamless |= since_ns <= good_until_ns;
        p.gap |= !seamless;
      }
    } else {
      coverage.take_gaps();
      for (auto& [i, each] : plain) {
        each.gap &= each.carriers.empty();
        each.known |= !each.carriers.empty();
      }
    }
    std::size_t missing = 0, uncovered = 0, gaps = 0, reopened = 0;
    for (const auto& [i, each] : plain) {
      missing += each.wanted && each.carriers.empty();
      uncovered += each.wanted && each.carriers.empty() && each.was_covered;
      gaps += each.wanted && !each.carriers.empty() && each.gap;
      reopened += each.wanted && !each.carriers.empty() && each.gap && each.known;
    }
    RC_ASSERT(coverage.missing() == missing);
    RC_ASSERT(coverage.uncovered() == uncovered);
    RC_ASSERT(coverage.gaps() == gaps);
    RC_ASSERT(coverage.reopened() == reopened);
  }
}

}  // namespace
}  // namespace tickcast::feed
