// SPDX-License-Identifier: Apache-2.0
#include "watch/plain_lines.h"

#include <gtest/gtest.h>

namespace tickcast::watch {
namespace {

constexpr std::int64_t kWall = 1'732'320'000'123 * kNsPerMs;

TEST(PlainLines, AQuoteIsToldDigitForDigit) {
  wire::ServedEvent event;
  event.ticker.symbol = "BTCUSDT";
  event.ticker.quote.bid_price = *market::Decimal::parse("63061.27000000");
  event.ticker.quote.bid_quantity = *market::Decimal::parse("0.35322000");
  event.ticker.quote.ask_price = *market::Decimal::parse("63061.28000000");
  event.ticker.quote.ask_quantity = *market::Decimal::parse("5.66301000");
  event.ticker.quote.admitted_ns = kWall - 2 * kNsPerMs;
  event.merged_updates = 3;
  EXPECT_EQ(quote_line(event, kWall, -kNsPerMs),
            "2024-11-23T00:00:00.123Z BTCUSDT 63061.27000000 0.35322000 63061.28000000 5.66301000 1.000 3");
  event.merged_updates = 0;
  EXPECT_EQ(quote_line(event, kWall, std::nullopt),
            "2024-11-23T00:00:00.123Z BTCUSDT 63061.27000000 0.35322000 63061.28000000 5.66301000 - -");
  event.ticker.symbol = "A\nB";
  EXPECT_EQ(quote_line(event, kWall, 0).substr(25, 3), "A?B") << "one line, whatever the name";
}

TEST(PlainLines, ASummaryIsOneLine) {
  MarketNumbers numbers;
  numbers.updates_per_s = 5'983.4;
  numbers.events_per_s = 5'120;
  numbers.bytes_per_s = 1'310'000;
  numbers.age = {412 * kNsPerUs, std::nullopt};
  EXPECT_EQ(summary_line(kWall, "live", 1'400, numbers),
            "2024-11-23T00:00:00.123Z live symbols=1400 updates/s=5983 events/s=5120 bytes/s=1310000 "
            "p50_ms=0.412 p99_ms=-");
}

}  // namespace
}  // namespace tickcast::watch
