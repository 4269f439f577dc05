// SPDX-License-Identifier: Apache-2.0
#include "watch/market_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tickcast::watch {
namespace {

using market::SourceState;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kNow = 1'000 * kNsPerSecond;
constexpr std::int64_t kWall = 1'732'320'000 * kNsPerSecond;

wire::ServedEvent quote(std::string_view symbol, std::string_view bid, std::string_view ask) {
  wire::ServedEvent event;
  event.ticker.symbol = symbol;
  event.ticker.quote.bid_price = *market::Decimal::parse(bid);
  event.ticker.quote.ask_price = *market::Decimal::parse(ask);
  event.ticker.quote.bid_quantity = event.ticker.quote.ask_quantity = *market::Decimal::parse("1.5");
  event.ticker.quote.admitted_ns = kWall - 3 * kNsPerSecond;
  event.merged_updates = 1;
  return event;
}

struct MarketPage : testing::Test {
  MarketPage() {
    table.list({"BTCUSDT", "ETHUSDT"});
    table.take(quote("BTCUSDT", "63061.27000000", "63061.28000000"), kWall, kNow - kNsPerSecond);
    trust.link = Link::open;
    trust.status = market::SourceStatus{SourceState::live, 0, market::Origin::simulated};
    trust.link_since_ns = kNow - 7 * kNsPerSecond;
    numbers.clock_offset_ns = 0;
  }

  Screen draw(Size size = {24, 120}) {
    const auto order = table.order(std::nullopt, false, view.filter());
    view.fit(order.size(), Frame::table_rows(size, kMarketNumberLines));
    Screen screen(size);
    draw_market(screen, view, Marks(false),
                {table, order, trust, numbers, "ws://host:1", "2 symbols", paused_ns, kNow, kWall});
    return screen;
  }
  static std::string all(const Screen& screen) {
    std::string out;
    for (int row = 0; row < screen.rows(); ++row) out += screen.text(row) + "\n";
    return out;
  }
  // The style of a text's first character; fails when it is not there.
  static Style style_of(const Screen& screen, const std::string& text) {
    for (int row = 0; row < screen.rows(); ++row) {
      const std::size_t at = screen.text(row).find(text);
      if (at != std::string::npos) return screen.style(row, static_cast<int>(at));
    }
    ADD_FAILURE() << text << " is not in\n" << all(screen);
    return Style::plain;
  }

  QuoteTable table;
  Trust trust;
  MarketNumbers numbers;
  View view{market_columns(), std::nullopt};
  std::optional<std::int64_t> paused_ns;
};

TEST_F(MarketPage, ShowsQuotesAndTheirState) {
  const std::string text = all(draw());
  EXPECT_THAT(text, HasSubstr("tickcast watch ws://host:1"));
  EXPECT_THAT(text, HasSubstr("LIVE simulated"));
  EXPECT_THAT(text, HasSubstr("63,061.27      63,061.28"));
  EXPECT_THAT(text, HasSubstr("<0.01"));
  EXPECT_THAT(text, HasSubstr("ETHUSDT                        no quote yet"));
  EXPECT_THAT(text, HasSubstr("3 s")) << "since it was made";
}

TEST_F(MarketPage, FlashesWhatMovedAndLetsItFade) {
  table.take(quote("BTCUSDT", "63061.30000000", "63061.28000000"), kWall, kNow - 10);
  EXPECT_EQ(style_of(draw(), "63,061.30"), Style::rose_now);
  EXPECT_EQ(style_of(draw(), "63,061.28"), Style::plain) << "the ask did not move";
  table.take(quote("BTCUSDT", "63061.29000000", "63061.28000000"), kWall, kNow - 400 * kNsPerMs);
  EXPECT_EQ(style_of(draw(), "63,061.29"), Style::fell);
  table.take(quote("BTCUSDT", "63061.20000000", "63061.28000000"), kWall, kNow - 2 * kNsPerSecond);
  EXPECT_EQ(style_of(draw(), "63,061.20"), Style::plain);
}

TEST_F(MarketPage, NothingIsShownAsCurrentThatMayNotBe) {
  EXPECT_EQ(style_of(draw(), "63,061.27"), Style::plain);
  const Trust live = trust;
  const auto is_grey = [&](const char* state) {
    const Screen screen = draw();
    EXPECT_EQ(style_of(screen, "63,061.27"), Style::soft) << state;
    EXPECT_EQ(style_of(screen, "BTCUSDT"), Style::soft) << state;
    EXPECT_EQ(style_of(screen, "3 s"), Style::warning) << state;
    EXPECT_THAT(screen.text(0), HasSubstr(state));
    EXPECT_THAT(screen.text(0), Not(HasSubstr("LIVE")));
    trust = live;
  };
  trust.status->state = SourceState::stale;
  trust.status->since_ms = (kWall - 65 * kNsPerSecond) / kNsPerMs;
  is_grey("STALE for 1 min");
  trust.status->state = SourceState::down;
  is_grey("EXCHANGE DOWN");
  trust.status->state = SourceState::connecting;
  is_grey("CONNECTING to the exchange");
  trust.status.reset();
  is_grey("CONNECTING");
  trust.age_p50_ns = 6 * kNsPerSecond;
  is_grey("LATE by 6.0 s");
  trust.link = Link::silent;
  is_grey("SILENT for 7 s");
  trust.link = Link::waiting;
  trust.retry_ns = kNow + 3'100 * kNsPerMs;
  is_grey("OFFLINE for 7 s, retry in 4 s");
  trust.link = Link::connecting;
  trust.trouble = "the connection broke";
  is_grey("OFFLINE for 7 s, connecting");
  paused_ns = 4 * kNsPerSecond;
  is_grey("PAUSED for 4 s");
  paused_ns.reset();
  table.distrust();
  EXPECT_EQ(style_of(draw(), "63,061.27"), Style::soft) << "not confirmed by the connection at hand";
}

TEST_F(MarketPage, APauseDoesNotHideThatTheServerIsGone) {
  paused_ns = 4 * kNsPerSecond;
  trust.link = Link::waiting;
  trust.trouble = "can't connect to host:1: Connection refused";
  const Screen screen = draw();
  EXPECT_THAT(screen.text(0), HasSubstr("OFFLINE"));
  EXPECT_THAT(all(screen), HasSubstr("Connection refused"));
}

TEST_F(MarketPage, ASourceWithoutTimesIsCurrentWithoutAges) {
  trust.status.reset();
  trust.plain_exchange = true;
  const Screen screen = draw();
  EXPECT_EQ(style_of(screen, "63,061.27"), Style::plain);
  EXPECT_THAT(all(screen), HasSubstr("tells no times"));
}

TEST_F(MarketPage, FitsAnyTerminal) {
  for (int rows = 1; rows <= 26; ++rows) {
    for (const int columns : {1, 2, 3, 7, 10, 20, 35, 40, 60, 79, 80, 100, 132, 250}) {
      const Screen screen = draw({rows, columns});
      EXPECT_EQ(screen.size(), (Size{rows, columns}));
      if (columns < 20) continue;
      EXPECT_THAT(screen.text(0), HasSubstr("LIVE")) << rows << "x" << columns;
      if (rows < 3) continue;
      EXPECT_THAT(all(screen), HasSubstr("BTCUSDT")) << rows << "x" << columns;
    }
  }
}

TEST_F(MarketPage, OnANarrowTerminalTheColumnsThatMatterMostStay) {
  const std::string text = all(draw({24, 80}));
  EXPECT_THAT(text, HasSubstr("63,061.27      63,061.28"));
  EXPECT_THAT(text, HasSubstr("UPD/S"));
  EXPECT_THAT(text, HasSubstr("AGE p50"));
  EXPECT_THAT(text, Not(HasSubstr("QTY")));
  const std::string narrow = all(draw({24, 30}));
  EXPECT_THAT(narrow, HasSubstr("63,061.27"));
  EXPECT_THAT(narrow, Not(HasSubstr("UPD/S")));
}

TEST_F(MarketPage, TheLastLineTellsTheFilterAndHowManyRowsItLetsThrough) {
  view.press({Key::Kind::text, "/"}, 10);
  view.press({Key::Kind::text, "b"}, 10);
  const Screen screen = draw();
  EXPECT_THAT(screen.text(23), HasSubstr("filter: b_"));
  EXPECT_THAT(screen.text(23), HasSubstr("1 of 2"));
  EXPECT_THAT(all(screen), Not(HasSubstr("ETHUSDT")));
}

TEST_F(MarketPage, ANameFromTheServerCannotMoveTheCursor) {
  table.take(quote("EVIL\x1b[2J\n", "1.00", "2.00"), kWall, kNow);
  EXPECT_THAT(all(draw()), HasSubstr("EVIL?[2J?"));
}

TEST_F(MarketPage, HelpNamesTheColumnsKeys) {
  view.press({Key::Kind::text, "?"}, 10);
  const std::string text = all(draw({30, 100}));
  EXPECT_THAT(text, HasSubstr("7        sort by UPD/S"));
  EXPECT_THAT(text, HasSubstr("0        sort by LAST"));
}

}  // namespace
}  // namespace tickcast::watch
