// SPDX-License-Identifier: Apache-2.0
#include "kafka/backlog.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace tickcast::kafka {
namespace {

using market::Quote;
using market::SymbolId;

constexpr std::size_t kSymbols = 100;

Quote quote_of(std::int64_t id) {
  Quote quote;
  quote.update_id = id;
  return quote;
}

TEST(Backlog, KeepsEveryQuoteInOrderWhileTheLinkKeepsUp) {
  Backlog backlog(kSymbols);
  for (std::int64_t id = 1; id <= 10; ++id)
    EXPECT_EQ(backlog.add(SymbolId{static_cast<std::uint16_t>(id % 2)}, quote_of(id), id), 0U);
  EXPECT_EQ(backlog.waiting_since_ns(), 1);
  for (std::int64_t id = 1; id <= 10; ++id) {
    EXPECT_FALSE(backlog.front().newest);
    EXPECT_EQ(backlog.front().quote.update_id, id);
    backlog.pop();
  }
  EXPECT_TRUE(backlog.empty());
  EXPECT_EQ(backlog.waiting_since_ns(), 0);
}

TEST(Backlog, IsBoundedByTheNumberOfSymbolsOnceTheLinkDoesNotKeepUp) {
  Backlog backlog(kSymbols);
  std::size_t given_up = 0;
  constexpr std::size_t kAdded = 10 * Backlog::kQuotesMax;
  for (std::size_t i = 0; i < kAdded; ++i)
    given_up += backlog.add(SymbolId{static_cast<std::uint16_t>(i % kSymbols)}, quote_of(1), 1);
  EXPECT_EQ(backlog.size(), kSymbols);
  EXPECT_EQ(given_up + backlog.size(), kAdded) << "each quote is either written or counted as merged";
  for (std::size_t i = 0; i < kSymbols; ++i) {
    EXPECT_TRUE(backlog.front().newest);
    EXPECT_EQ(market::index(backlog.front().symbol), i) << "the symbol that waits longest is first";
    backlog.pop();
  }
  EXPECT_TRUE(backlog.empty());
  EXPECT_EQ(backlog.add(SymbolId{0}, quote_of(7), 1), 0U) << "in order again";
  EXPECT_FALSE(backlog.front().newest);
}

TEST(Backlog, WritesWhatIsDueAfterWhatWaitsInOrderSoThatNoOlderQuoteFollowsANewer) {
  Backlog backlog(kSymbols);
  backlog.add(SymbolId{1}, quote_of(5), 1);
  backlog.add_newest(SymbolId{1});
  EXPECT_EQ(backlog.add(SymbolId{1}, quote_of(6), 1), 1U) << "the newest will be written anyway";
  EXPECT_EQ(backlog.front().quote.update_id, 5);
  backlog.pop();
  EXPECT_TRUE(backlog.front().newest);
  backlog.pop();
  EXPECT_TRUE(backlog.empty());
}

// Whatever the schedule: per symbol what is written never goes back, and after the last pop every symbol's
// last quote was written.
TEST(Backlog, NeverGoesBackAndEndsOnTheNewestUnderAnySchedule) {
  std::minstd_rand random(1);
  for (int round = 0; round < 50; ++round) {
    Backlog backlog(kSymbols);
    std::map<SymbolId, std::int64_t> book;
    std::map<SymbolId, std::int64_t> written;
    std::int64_t next_id = 0;
    const auto pop = [&] {
      const auto& item = backlog.front();
      const std::int64_t id = item.newest ? book[item.symbol] : item.quote.update_id;
      EXPECT_GE(id, written[item.symbol]);
      written[item.symbol] = id;
      backlog.pop();
    };
    const auto pops_of_ten = random() % 11;
    for (int step = 0; step < 5'000; ++step) {
      const auto symbol = static_cast<SymbolId>(random() % kSymbols);
      const auto what = random() % 1'000;
      if (what == 0) {
        backlog.give_up_order();
      } else if (what < 20) {
        if (book.contains(symbol)) backlog.add_newest(symbol);
      } else {
        book[symbol] = ++next_id;
        backlog.add(symbol, quote_of(next_id), step + 1);
      }
      while (!backlog.empty() && random() % 10 < pops_of_ten) pop();
      ASSERT_LE(backlog.size(), Backlog::kQuotesMax + kSymbols);
    }
    while (!backlog.empty()) pop();
    EXPECT_EQ(written, book);
  }
}

}  // namespace
}  // namespace tickcast::kafka
