// SPDX-License-Identifier: Apache-2.0
//
// The load tool's clients against a real emitter: whatever they follow and however they read, they find
// nothing wrong, and end on the book's last quotes while the market goes on.
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "emitter/emitter.h"
#include "load/fleet.h"
#include "market/book.h"
#include "net/loop.h"

namespace tickcast {
namespace {

constexpr std::int64_t kDeadlineNs = 60 * kNsPerSecond;  // generous: sanitizers, busy machines
constexpr int kSymbols = 40;

// The market moves in the turns of the fleet's loop; the emitter's shards are threads of its own.
class LoadTest : public testing::TestWithParam<const char*> {
 protected:
  LoadTest() {
    for (int i = 0; i < kSymbols; ++i) symbols_.put_name("S" + std::to_string(i) + "USDT");
    emitter::Options options;
    options.listen = {"127.0.0.1", 0};
    options.drain_ns = 0;
    for (int i = 0; i < kSymbols; ++i) move(i);
    book_.publish();
    emitter_ = emitter::Emitter::start(options, symbols_, book_).value();
    fleet_options_.client.url = {"ws", "127.0.0.1", emitter_->port(), ""};
    fleet_options_.client.to = net::resolve("127.0.0.1", emitter_->port())->front();
    fleet_options_.clients = 30;
    fleet_options_.settle_timeout_ns = kDeadlineNs;
  }

  void move(int symbol) {
    market::Quote quote;
    quote.update_id = ++last_id_;
    quote.bid_price = {last_id_, -8};
    quote.ask_price = {last_id_ + 1, -8};
    quote.bid_quantity = quote.ask_quantity = {100'000'000, -8};
    quote.received_ns = quote.admitted_ns = wall_ns();
    book_.admit(static_cast<market::SymbolId>(symbol), quote);
  }

  // Turns with a moving market until the condition holds.
  bool move_until(const std::function<bool()>& condition) {
    const std::int64_t end_ns = steady_ns() + kDeadlineNs;
    while (!condition() && steady_ns() < end_ns) {
      for (int i = 0; i < 8; ++i) move(static_cast<int>(last_id_ * 7 % kSymbols));
      book_.publish();
      loop_.turn(kNsPerMs);
    }
    return condition();
  }

  void run(std::uint64_t messages) {
    load::Fleet fleet(loop_, fleet_options_, *tally_);
    fleet.connect();
    ASSERT_TRUE(move_until([&] { return fleet.connected(); })) << tally_->broken.view();
    fleet.begin_measuring();
    ASSERT_TRUE(move_until([&] { return tally_->messages.get() >= messages; }));
    fleet.end_measuring();
    fleet.settle();
    ASSERT_TRUE(move_until([&] { return fleet.settled(); }));
    EXPECT_EQ(tally_->connected.get(), fleet_options_.clients) << tally_->first_failure.view();
    EXPECT_EQ(tally_->lost.get() + tally_->lost_stalled.get(), 0u) << tally_->first_loss.view();
    for (const load::Finding& finding : tally_->findings) EXPECT_EQ(finding.first.view(), "");
    EXPECT_EQ(tally_->unchecked.view(), "");
    EXPECT_EQ(tally_->checked.get(), fleet_options_.clients);
    EXPECT_EQ(tally_->undecided.get(), 0u);
  }

  market::SymbolTable symbols_;
  market::Book book_;
  std::int64_t last_id_ = 50'000'000'000;
  std::unique_ptr<emitter::Emitter> emitter_;
  net::Loop loop_;
  load::FleetOptions fleet_options_;
  std::unique_ptr<load::Tally> tally_ = std::make_unique<load::Tally>();
};

TEST_P(LoadTest, FindsNothingWrongWithAnEmitter) {
  fleet_options_.streams = load::parse_streams(GetParam()).value();
  fleet_options_.watchlists.distinct = true;
  run(300);
}

INSTANTIATE_TEST_SUITE_P(Forms, LoadTest,
                         testing::Values("10", "10@bookTicker", "10@quote@100ms", "!quote",
                                         "!quote@arr@100ms", "s1usdt@quote"));

TEST_F(LoadTest, SlowAndStalledClientsCatchUpAtTheEnd) {
  fleet_options_.streams = load::parse_streams("40").value();
  fleet_options_.stalled_percent = 20;
  fleet_options_.slow_percent = 20;
  fleet_options_.client.slow_bytes_per_s = 10'000;
  run(20'000);
}

}  // namespace
}  // namespace tickcast
