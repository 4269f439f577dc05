// SPDX-License-Identifier: Apache-2.0
#include "exchange/replay.h"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>

#include <unistd.h>

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/clock.h"
#include "exchange/recorded_data.h"

namespace tickcast::exchange {
namespace {

constexpr std::int64_t kStartNs = 1'763'000'000 * kNsPerSecond;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// A file that is gone after the test.
class Recording {
 public:
  explicit Recording(const std::string& text, bool compressed = false) {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("tickcast_replay_" + std::to_string(getpid()) + "_" + std::to_string(++number));
    if (compressed) {
      gzFile file = gzopen(path_.c_str(), "wb");
      gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
      gzclose(file);
    } else {
      std::ofstream(path_, std::ios::binary) << text;
    }
  }
  ~Recording() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string ticker(const std::string& symbol, int id, const std::string& bid = "1.00000000",
                   const std::string& quantity = "2.00000000") {
  return R"({"u":)" + std::to_string(id) + R"(,"s":")" + symbol + R"(","b":")" + bid + R"(","B":")" +
         quantity + R"(","a":"9.00000000","A":"5.00000000"})";
}

std::string line(std::int64_t ms, const std::string& rest) {
  return std::to_string(1'700'000'000'000'000'000 + ms * kNsPerMs) + " " + rest + "\n";
}

std::vector<MarketEvent> play(Replay& replay, std::int64_t until_ns = kNever - 1) {
  std::vector<MarketEvent> out;
  for (auto flush = replay.due(until_ns); !flush.empty(); flush = replay.due(until_ns)) {
    out.insert(out.end(), flush.begin(), flush.end());
  }
  return out;
}

std::map<std::string, std::size_t> counts_by_symbol(Replay& replay) {
  std::map<std::string, std::size_t> out;
  for (const auto& event : play(replay)) ++out[replay.listings()[event.symbol].symbol];
  return out;
}

TEST(Replay, PlaysEventsAtTheirDistancesFromTheStart) {
  const Recording file(line(0, ticker("BTCUSDT", 1)) + line(250, ticker("BTCUSDT", 2)) +
                       line(1000, ticker("ETHBTC", 7)));
  auto replay = open_replay(file.path(), 1, kStartNs);
  ASSERT_TRUE(replay) << replay.error().message;
  Replay& r = **replay;
  EXPECT_EQ(r.next_ns(), kStartNs);
  EXPECT_TRUE(r.due(kStartNs - 1).empty());
  ASSERT_EQ(r.due(kStartNs).size(), 1U);
  EXPECT_EQ(r.next_ns(), kStartNs + 250 * kNsPerMs);
  EXPECT_TRUE(r.due(r.next_ns() - 1).empty());
  const auto second = r.due(r.next_ns());
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].quote.update_id, 2);
  EXPECT_EQ(second[0].quote.event_ns, kStartNs + 250 * kNsPerMs);
  EXPECT_EQ(r.next_ns(), kStartNs + kNsPerSecond);
  EXPECT_EQ(r.due(kNever - 1).size(), 1U);
  EXPECT_EQ(r.next_ns(), kNever);
  EXPECT_TRUE(r.due(kNever - 1).empty());
}

TEST(Replay, SpeedScalesTheTime) {
  const Recording file(line(0, ticker("BTCUSDT", 1)) + line(1000, ticker("BTCUSDT", 2)));
  for (const auto& [speed, ms] : {std::pair{10.0, 100}, std::pair{0.5, 2000}, std::pair{1000.0, 1}}) {
    auto replay = open_replay(file.path(), speed, kStartNs);
    ASSERT_TRUE(replay);
    (*replay)->due(kStartNs);
    EXPECT_EQ((*replay)->next_ns(), kStartNs + ms * kNsPerMs) << speed;
  }
}

TEST(Replay, WhatWasReadTogetherIsOneFlush) {
  const std::string at = "17000000000000";
  const Recording file(at + "00000 " + ticker("BTCUSDT", 1) + "\n" + at + "03000 " + ticker("BTCUSDT", 2) +
                       "\n" + at + "99000 " + ticker("ETHUSDT", 3) + "\n" + "1700000000000500000 " +
                       ticker("BTCUSDT", 4) + "\n");
  auto replay = open_replay(file.path(), 1, kStartNs);
  ASSERT_TRUE(replay) << replay.error().message;
  EXPECT_EQ((*replay)->due(kNever - 1).size(), 3U);
  EXPECT_EQ((*replay)->due(kNever - 1).size(), 1U);
}

TEST(Replay, ListsWhatItFindsWithAssetsAndGrids) {
  const Recording file(line(0, ticker("1000SATSFDUSD", 1, "0.00029500", "1200.00000000")) +
                       line(1, ticker("1000SATSFDUSD", 2, "0.00029520")) +
                       line(2, R"({"stream":"币安人生usdt@bookTicker","data":)" +
                                   ticker("币安人生USDT", 3, "7.50000000", "0.25000000") + "}") +
                       line(3, ticker("NOSUCHQUOTE", 4)) + line(4, ticker("ETHBTC", 5)));
  auto replay = open_replay(file.path(), 1, kStartNs);
  ASSERT_TRUE(replay) << replay.error().message;
  const auto& listings = (*replay)->listings();
  ASSERT_EQ(listings.size(), 4U);
  EXPECT_EQ(listings[0].base_asset, "1000SATS");
  EXPECT_EQ(listings[0].quote_asset, "FDUSD");
  EXPECT_EQ(listings[0].tick_size, "0.00000010");
  EXPECT_EQ(listings[0].step_size, "1.00000000");
  EXPECT_EQ(listings[1].symbol, "币安人生USDT");
  EXPECT_EQ(listings[1].base_asset, "币安人生");
  EXPECT_EQ(listings[1].tick_size, "0.10000000");
  EXPECT_EQ(listings[1].step_size, "0.01000000");
  EXPECT_EQ(listings[2].base_asset, "NOSUCHQUOTE");
  EXPECT_EQ(listings[2].quote_asset, "");
  EXPECT_EQ(listings[3].quote_asset, "BTC");
  for (const auto& listing : listings) EXPECT_EQ(listing.status, market::kTrading);
}

TEST(Replay, ASymbolHasItsFirstQuoteUntilItsFirstEvent) {
  const Recording file(line(0, ticker("BTCUSDT", 1)) + line(100, ticker("ETHUSDT", 5, "3.00000000")) +
                       line(200, ticker("ETHUSDT", 6, "4.00000000")));
  auto replay = open_replay(file.path(), 1, kStartNs);
  ASSERT_TRUE(replay);
  EXPECT_EQ((*replay)->quotes()[1].bid_price.text(), "3.00000000");
  (*replay)->due(kNever - 1);
  (*replay)->due(kNever - 1);
  EXPECT_EQ((*replay)->quotes()[1].bid_price.text(), "3.00000000");
  (*replay)->due(kNever - 1);
  EXPECT_EQ((*replay)->quotes()[1].bid_price.text(), "4.00000000");
}

TEST(Replay, PassesOverOtherFramesAndWhatItCannotRead) {
  const Recording file("wss://stream.binance.com:9443/stream?streams=a\n" +
                       line(0, R"({"e":"trade","s":"BTCUSDT"})") + "\n" + line(1, ticker("BTCUSDT", 1)) +
                       "garbage\n" + line(2, R"({"result":null,"id":1})") + line(3, "{{{") +
                       line(4, ticker("BTCUSDT", 2)));
  auto replay = open_replay(file.path(), 1, kStartNs);
  ASSERT_TRUE(replay) << replay.error().message;
  EXPECT_EQ((*replay)->summary().tickers, 2U);
  EXPECT_EQ((*replay)->summary().other_frames, 2U);
  EXPECT_EQ((*replay)->summary().unreadable, 4U);
  EXPECT_EQ(play(**replay).size(), 2U);
}

TEST(Replay, PlaysSpotAloneUnlessThereIsNone) {
  const std::string futures = line(0, "U " + ticker("BTCUSDT", 1)) + line(2, "C " + ticker("BTCUSD_PERP", 1));
  const Recording both(futures + line(3, "S " + ticker("ETHUSDT", 1)));
  auto replay = open_replay(both.path(), 1, kStartNs);
  ASSERT_TRUE(replay);
  EXPECT_EQ((*replay)->summary().other_venues, 2U);
  EXPECT_EQ(counts_by_symbol(**replay), (std::map<std::string, std::size_t>{{"ETHUSDT", 1}}));

  const Recording without(futures);
  replay = open_replay(without.path(), 1, kStartNs);
  ASSERT_TRUE(replay);
  EXPECT_EQ((*replay)->listings()[1].base_asset, "BTC");
  EXPECT_EQ((*replay)->listings()[1].quote_asset, "USD");
  EXPECT_EQ(counts_by_symbol(**replay),
            (std::map<std::string, std::size_t>{{"BTCUSDT", 1}, {"BTCUSD_PERP", 1}}));
}

TEST(Replay, ReadsGzipAndPlainAlike) {
  const std::string text = line(0, ticker("BTCUSDT", 1)) + line(1, ticker("BTCUSDT", 2));
  for (const bool compressed : {false, true}) {
    const Recording file(text, compressed);
    auto replay = open_replay(file.path(), 1, kStartNs);
    ASSERT_TRUE(replay) << replay.error().message;
    EXPECT_EQ(play(**replay).size(), 2U);
  }
}

TEST(Replay, AFileThatStopsInTheMiddleIsPlayedThatFar) {
  std::string text;
  for (int i = 1; i <= 5000; ++i) text += line(i, ticker("BTCUSDT", i));
  const Recording file(text, true);
  std::filesystem::resize_file(file.path(), std::filesystem::file_size(file.path()) / 2);
  auto replay = open_replay(file.path(), 1, kStartNs);
  ASSERT_TRUE(replay) << replay.error().message;
  const auto events = play(**replay);
  EXPECT_GT(events.size(), 100U);
  EXPECT_LT(events.size(), 5000U);
}

TEST(Replay, WhenTheRecordersClockStepsBackTheMarketGoesOn) {
  const Recording file(line(0, ticker("BTCUSDT", 1)) + line(5000, ticker("BTCUSDT", 2)) +
                       line(-3000, ticker("BTCUSDT", 3)) + line(-2900, ticker("BTCUSDT", 4)) +
                       line(-2000, ticker("BTCUSDT", 5)));
  auto replay = open_replay(file.path(), 1, kStartNs);
  ASSERT_TRUE(replay);
  const auto events = play(**replay);
  const std::vector<std::int64_t> expected_ms{0, 5000, 5000, 5100, 6000};
  ASSERT_EQ(events.size(), expected_ms.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].quote.event_ns, kStartNs + expected_ms[i] * kNsPerMs) << i;
  }
}

TEST(Replay, SaysWhatIsWrongWithAFile) {
  EXPECT_NE(open_replay("/nowhere/at/all", 1, 0).error().message.find("/nowhere/at/all: cannot be opened"),
            std::string::npos);
  const Recording empty("");
  EXPECT_NE(open_replay(empty.path(), 1, 0).error().message.find("no book ticker"), std::string::npos);
  const Recording prose("not a recording\n");
  EXPECT_NE(open_replay(prose.path(), 1, 0).error().message.find("no book ticker in its 1 lines"),
            std::string::npos);
  const Recording fine(line(0, ticker("BTCUSDT", 1)));
  for (const double speed : {0.0, -1.0, 1e9, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_NE(open_replay(fine.path(), speed, 0).error().message.find("speed"), std::string::npos);
  }
  const Recording endless(std::string(kReplayLineBytesMax + 10'000, 'x'));
  EXPECT_NE(open_replay(endless.path(), 1, 0).error().message.find("longer than 16 MiB"), std::string::npos);
}

struct Known {
  const char* file;
  double seconds;
  std::map<std::string, std::size_t> counts;
};
class ReplayOfKnown : public testing::TestWithParam<Known> {};

TEST_P(ReplayOfKnown, PlaysTheTickersThatAreKnownToBeInIt) {
  const std::string path = recording_path(GetParam().file);
  if (path.empty()) GTEST_SKIP() << "no recording " << GetParam().file << " under $TICKCAST_SHARED_DATA";
  auto replay = open_replay(path, 1, kStartNs);
  ASSERT_TRUE(replay) << replay.error().message;
  std::int64_t last_ns = 0;
  std::map<std::string, std::size_t> counts;
  std::vector<std::int64_t> ids((*replay)->listings().size());
  for (const auto& event : play(**replay)) {
    ++counts[(*replay)->listings()[event.symbol].symbol];
    EXPECT_GT(event.quote.update_id, ids[event.symbol]);
    ids[event.symbol] = event.quote.update_id;
    last_ns = event.quote.event_ns;
  }
  EXPECT_EQ(counts, GetParam().counts);
  EXPECT_NEAR(static_cast<double>(last_ns - kStartNs) * 1e-9, GetParam().seconds, 0.1);
}

INSTANTIATE_TEST_SUITE_P(
    Files, ReplayOfKnown,
    testing::Values(
        Known{"spot_raw/btcusdt_20240808.gz", 345.9, {{"BTCUSDT", 28040}}},
        Known{"spot_raw/ethusdt_20240808.gz", 345.9, {{"ETHUSDT", 24077}}},
        Known{"merged/bookticker_6streams_20240808.gz", 345.97, {{"BTCUSDT", 28040}, {"ETHUSDT", 24077}}},
        Known{"multi_symbol/cryptofeed_BINANCE.ws.1.0.gz",
              26.9,
              {{"NKNUSDT", 74}, {"LRCBTC", 9}, {"BLZETH", 1}}},
        Known{"multi_symbol/cryptofeed_BINANCE_US.ws.1.0.gz",
              29.0,
              {{"OMGBUSD", 58}, {"COMPUSDT", 44}, {"ZRXUSDT", 15}, {"CRVUSDT", 11}}},
        Known{"multi_symbol/cryptofeed_BINANCE_FUTURES.ws.1.0.gz",
              30.1,
              {{"SUSHIUSDT", 305}, {"CTKUSDT", 145}, {"AKROUSDT", 88}, {"KEEPUSDT", 75}}}),
    [](const auto& test) {
      std::string name = test.param.file;
      for (char& c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
      }
      return name;
    });

}  // namespace
}  // namespace tickcast::exchange
