// SPDX-License-Identifier: Apache-2.0
#include "market/symbol_table.h"

#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace tickcast::market {
namespace {

Listing listing(std::string symbol, std::string status = "TRADING") {
  Listing out;
  out.symbol = std::move(symbol);
  out.status = std::move(status);
  return out;
}

TEST(SymbolTable, IsEmptyAtFirst) {
  const SymbolTable table;
  EXPECT_EQ(table.size(), 0U);
  EXPECT_FALSE(table.find("BTCUSDT"));
  EXPECT_FALSE(table.find(""));
}

TEST(SymbolTable, GivesDenseIdsInOrder) {
  SymbolTable table;
  EXPECT_EQ(table.put_name("BTCUSDT"), SymbolId{0});
  EXPECT_EQ(table.put(listing("ETHUSDT")), SymbolId{1});
  EXPECT_EQ(table.put_name("1000SATSFDUSD"), SymbolId{2});
  EXPECT_EQ(table.size(), 3U);
  EXPECT_EQ(table.find("ETHUSDT"), SymbolId{1});
  EXPECT_EQ(table.name(SymbolId{2}), "1000SATSFDUSD");
  EXPECT_EQ(table.stream_name(SymbolId{2}), "1000satsfdusd");
}

TEST(SymbolTable, FindsWholeNamesInUpperCaseOnly) {
  SymbolTable table;
  table.put_name("BTCUSDT");
  for (const char* other : {"btcusdt", "BTCUSD", "BTCUSDTX", "TCUSDT", "BTCUSDT "})
    EXPECT_FALSE(table.find(other)) << other;
  EXPECT_FALSE(table.find(std::string(1000, 'X')));
}

TEST(SymbolTable, KeepsNamesBeyondAsciiAsTheyAre) {
  SymbolTable table;
  const auto id = table.put_name("币安人生USDT");
  ASSERT_TRUE(id);
  EXPECT_EQ(table.find("币安人生USDT"), id);
  EXPECT_EQ(table.stream_name(*id), "币安人生usdt");
}

TEST(SymbolTable, UpdatesWhatIsKnownUnderTheSameId) {
  SymbolTable table;
  const auto id = table.put(listing("BTCUSDT"));
  ASSERT_TRUE(id);
  EXPECT_TRUE(table.trading(*id));
  Listing changed = listing("BTCUSDT", "BREAK");
  changed.tick_size = "0.01000000";
  EXPECT_EQ(table.put(changed), id);
  EXPECT_FALSE(table.trading(*id));
  EXPECT_EQ(table.listing(*id).tick_size, "0.01000000");
  EXPECT_EQ(table.size(), 1U);
  table.set_status(*id, kTrading);
  EXPECT_TRUE(table.trading(*id));
  EXPECT_EQ(table.listing(*id).status, "TRADING");
  table.set_status(*id, kGone);
  EXPECT_FALSE(table.trading(*id));
}

TEST(SymbolTable, HasANewVersionOnlyWhenSomethingIsNew) {
  SymbolTable table;
  const auto id = table.put(listing("BTCUSDT"));
  const std::uint64_t before = table.version();
  table.put(listing("BTCUSDT"));
  EXPECT_EQ(table.version(), before);
  table.put(listing("BTCUSDT", "BREAK"));
  EXPECT_GT(table.version(), before);
  const std::uint64_t restated = table.version();
  table.set_status(*id, kGone);
  EXPECT_GT(table.version(), restated);
}

TEST(SymbolTable, LeavesAKnownListingWhenOnlyTheNameComes) {
  SymbolTable table;
  const auto id = table.put(listing("BTCUSDT", "BREAK"));
  EXPECT_EQ(table.put_name("BTCUSDT"), id);
  EXPECT_EQ(table.listing(*id).status, "BREAK");
}

TEST(SymbolTable, RefusesNamesThatCannotBeWritten) {
  SymbolTable table;
  for (const std::string& name :
       {std::string(), std::string(SymbolTable::kNameBytesMax + 1, 'X'), std::string("A B"),
        std::string("A\"B"), std::string("A\\B"), std::string("A\nB"), std::string("A/B"),
        std::string("A\0B", 3), std::string("A\x7f")}) {
    EXPECT_FALSE(table.put_name(name)) << name;
  }
  EXPECT_TRUE(table.put_name(std::string(SymbolTable::kNameBytesMax, 'X')));
  EXPECT_EQ(table.size(), 1U);
}

TEST(SymbolTable, TakesAsManyAsItSaysAndNoMore) {
  SymbolTable table;
  for (std::size_t i = 0; i < SymbolTable::kSymbolsMax; ++i) {
    ASSERT_EQ(table.put_name("S" + std::to_string(i)), static_cast<SymbolId>(i));
  }
  EXPECT_FALSE(table.put_name("ONEMORE"));
  EXPECT_FALSE(table.put(listing("ONEMORE")));
  EXPECT_FALSE(table.find("ONEMORE"));
  EXPECT_EQ(table.size(), SymbolTable::kSymbolsMax);
  for (std::size_t i = 0; i < SymbolTable::kSymbolsMax; ++i) {
    ASSERT_EQ(table.find("S" + std::to_string(i)), static_cast<SymbolId>(i));
  }
  EXPECT_EQ(table.put_name("S5"), SymbolId{5});
}

TEST(SymbolTable, IsReadWhileItGrows) {
  SymbolTable table;
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done.load(std::memory_order_acquire)) {
      const std::size_t size = table.size();
      for (std::size_t i = 0; i < size; ++i) {
        const auto id = static_cast<SymbolId>(i);
        const std::string expected = "S" + std::to_string(i);
        ASSERT_EQ(table.name(id), expected);
        ASSERT_EQ(table.find(expected), id);
        ASSERT_EQ(table.stream_name(id), "s" + std::to_string(i));
        ASSERT_TRUE(i % 64 != 0 || table.listing(id).symbol == expected);
      }
    }
  });
  for (std::size_t i = 0; i < 2000; ++i) {
    const auto id = table.put(listing("S" + std::to_string(i)));
    if (i % 3 == 0) table.set_status(*id, "BREAK");
  }
  done.store(true, std::memory_order_release);
  reader.join();
}

TEST(AsciiCase, ChangesLettersAlone) {
  EXPECT_EQ(to_upper_ascii("aZ09_@[`{币"), "AZ09_@[`{币");
  EXPECT_EQ(to_lower_ascii("aZ09_@[`{币"), "az09_@[`{币");
}

}  // namespace
}  // namespace tickcast::market
