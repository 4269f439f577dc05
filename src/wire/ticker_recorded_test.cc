// SPDX-License-Identifier: Apache-2.0
//
// Every recorded book ticker of the real exchange is read by both paths alike and written again to the
// letter.
#include <cstddef>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "wire/recorded_data.h"
#include "wire/recording.h"
#include "wire/ticker.h"

namespace tickcast::wire {
namespace {

struct Counts {
  std::size_t lines = 0;
  std::map<FrameKind, std::size_t> kinds;
  std::size_t scanned = 0;
};

std::string frame_of(const Ticker& ticker, std::string_view stream) {
  char out[kBookTickerBytesMax];
  const std::string raw(out, write_book_ticker(out, ticker.symbol, ticker.quote));
  return R"({"stream":")" + std::string(stream) + R"(","data":)" + raw + "}";
}

// What the wrapper of a frame says.
std::string_view stream_of(std::string_view frame) {
  const std::size_t begin = std::string_view(R"({"stream":")").size();
  return frame.substr(begin, frame.find('"', begin) - begin);
}

Counts read_all(const std::string& text) {
  Counts counts;
  FrameReader fast;
  FrameReader general;
  testing::each_line(text, [&](std::string_view line) {
    ++counts.lines;
    const auto recorded = parse_recording_line(line);
    if (!recorded) return;
    const FrameKind kind = fast.read(recorded->frame);
    ++counts.kinds[kind];
    ASSERT_EQ(general.read_with_simdjson(recorded->frame), kind) << line;
    if (kind != FrameKind::ticker) return;
    ASSERT_EQ(fast.ticker().symbol, general.ticker().symbol);
    ASSERT_EQ(fast.ticker().quote.update_id, general.ticker().quote.update_id);
    ASSERT_TRUE(fast.ticker().quote.same_values(general.ticker().quote)) << line;
    Ticker scanned;
    if (!scan_ticker(recorded->frame, scanned)) return;  // futures: more keys
    ++counts.scanned;
    ASSERT_EQ(frame_of(fast.ticker(), stream_of(recorded->frame)), recorded->frame);
  });
  return counts;
}

void expect_spot(const char* name, std::size_t lines, std::size_t tickers) {
  const auto path = testing::recorded_data(name);
  if (!path) GTEST_SKIP() << "no recordings here: set TICKCAST_SHARED_DATA to where they are";
  Counts counts = read_all(testing::gunzip(*path));
  EXPECT_EQ(counts.lines, lines);
  EXPECT_EQ(counts.kinds[FrameKind::ticker], tickers);
  EXPECT_EQ(counts.scanned, tickers);
  EXPECT_EQ(counts.kinds[FrameKind::other], lines - tickers);
}

TEST(RecordedTickers, BtcusdtIsReadWhole) { expect_spot("spot_raw/btcusdt_20240808.gz", 41'249, 28'040); }

TEST(RecordedTickers, EthusdtIsReadWhole) { expect_spot("spot_raw/ethusdt_20240808.gz", 33'618, 24'077); }

TEST(RecordedTickers, SixMergedStreamsAreReadWhole) {
  const auto path = testing::recorded_data("merged/bookticker_6streams_20240808.gz");
  if (!path) GTEST_SKIP() << "no recordings here: set TICKCAST_SHARED_DATA to where they are";
  Counts counts = read_all(testing::gunzip(*path));
  EXPECT_EQ(counts.kinds[FrameKind::ticker], 207'146U);
  EXPECT_EQ(counts.scanned, 28'040U + 24'077U);
  EXPECT_EQ(counts.kinds.size(), 1U);
}

TEST(RecordedTickers, ShortCapturesAreReadWhole) {
  const std::map<std::string, std::size_t> tickers = {
      {"multi_symbol/cryptofeed_BINANCE.ws.1.0.gz", 84},
      {"multi_symbol/cryptofeed_BINANCE_US.ws.1.0.gz", 128},
      {"multi_symbol/cryptofeed_BINANCE_FUTURES.ws.1.0.gz", 613}};
  for (const auto& [name, expected] : tickers) {
    const auto path = testing::recorded_data(name);
    if (!path) GTEST_SKIP() << "no recordings here: set TICKCAST_SHARED_DATA to where they are";
    Counts counts = read_all(testing::gunzip(*path));
    EXPECT_EQ(counts.kinds[FrameKind::ticker], expected) << name;
    EXPECT_EQ(counts.kinds.count(FrameKind::malformed), 0U) << name;
  }
}

}  // namespace
}  // namespace tickcast::wire
