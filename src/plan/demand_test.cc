// SPDX-License-Identifier: Apache-2.0
//
// Traffic worked out by hand, and against the lanes that the server serves with.
#include "plan/demand.h"

#include <cmath>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "fanout/lanes.h"
#include "market/symbol_table.h"

namespace tickcast::plan {
namespace {

TEST(Gate, LetsRareUpdatesThroughAtOnceAndHoldsFrequentOnesToTheEnd) {
  EXPECT_NEAR(gate(1e-4).at_once, 1e-4, 1e-7);
  EXPECT_NEAR(gate(1e-4).at_end, 0, 1e-7);
  EXPECT_NEAR(gate(50).at_once, 0, 1e-9);
  EXPECT_NEAR(gate(50).at_end, 1, 1e-9);
  // One update a period: any with 1 - 1/e = 0.632, several with 1 - 2/e = 0.264.
  EXPECT_NEAR(gate(1).at_end, 0.2642 / (0.3679 + 0.2642), 1e-3);
  EXPECT_NEAR(gate(1).at_once, (1 - gate(1).at_end) * 0.6321, 1e-3);
}

TEST(Gate, LetsMoreThroughTheMoreThereIsAndNeverMoreThanThat) {
  double before = 0;
  for (double mean = 0.01; mean < 40; mean *= 1.3) {
    const double through = gate(mean).at_once + gate(mean).at_end;
    EXPECT_GT(through, before - 1e-12) << mean;
    EXPECT_LE(through, std::min(mean, 1.0) + 1e-12) << mean;
    before = through;
  }
}

TEST(Traffic, WithoutAPaceIsASendForEachUpdate) {
  const Traffic traffic = plan::traffic({.symbols = 20, .updates_per_s = 5, .updates_per_flush = 1});
  EXPECT_DOUBLE_EQ(traffic.sends_per_s, 100);
  EXPECT_DOUBLE_EQ(traffic.events_per_send, 1);
}

TEST(Traffic, HasOneSendForUpdatesThatComeTogether) {
  EXPECT_DOUBLE_EQ(plan::traffic({.symbols = 20, .updates_per_s = 6, .updates_per_flush = 1.5}).sends_per_s,
                   80);
}

TEST(Traffic, OfABusySymbolAtAPaceIsOneSendAPeriod) {
  const Traffic traffic =
      plan::traffic({.symbols = 1, .updates_per_s = 100, .updates_per_flush = 1, .pace_ms = 250});
  EXPECT_NEAR(traffic.sends_per_s, 4, 1e-6);
  EXPECT_NEAR(traffic.events_per_send, 1, 1e-6);
}

TEST(Traffic, OfBusySymbolsAtAPaceIsOneSendWithAllOfThem) {
  const Traffic traffic =
      plan::traffic({.symbols = 10, .updates_per_s = 100, .updates_per_flush = 1, .pace_ms = 1000});
  EXPECT_NEAR(traffic.sends_per_s, 1, 1e-6);
  EXPECT_NEAR(traffic.events_per_send, 10, 1e-6);
}

// The server's own lane under updates at random moments: sends to one client, and events in them, a second.
struct Served {
  double sends = 0;
  double events = 0;
};
Served served_by_lanes(const Demand& demand, int periods) {
  market::SymbolTable symbols;
  std::vector<fanout::Watch> watches;
  for (std::uint32_t i = 0; i < demand.symbols; ++i)
    watches.push_back({*symbols.put_name("SYM" + std::to_string(i)), fanout::kQuote});
  fanout::Lanes lanes(symbols);
  std::int64_t now_ns = 1'000'000'000;
  const auto scope = demand.array ? fanout::Scope::array : fanout::Scope::listed;
  fanout::Lane& lane = lanes.lane_for({scope, demand.pace_ms}, now_ns);
  const fanout::ClientId client = lane.add_client(fanout::Encoding::raw, 0);
  if (demand.array) {
    lane.fanout.watch_market(client, fanout::kQuote);
  } else {
    lane.fanout.watch(client, watches);
  }

  Served out;
  const auto serve = [&] {
    const auto owed = lane.fanout.owed(client, now_ns);
    if (owed.empty()) return;
    const std::string_view bytes(owed.data(), owed.size());
    for (std::size_t at = 0; (at = bytes.find("\"u\":", at)) != bytes.npos; ++at) ++out.events;
    ++out.sends;
    lane.fanout.written(client, owed.size());
  };
  std::mt19937_64 random(7);  // NOLINT: a seed
  std::exponential_distribution<double> gap(demand.symbols * demand.updates_per_s / 1e9);
  std::uniform_int_distribution<std::uint32_t> any(0, demand.symbols - 1);
  std::uint64_t sequence = 0;
  const std::int64_t end_ns = now_ns + std::int64_t{periods} * demand.pace_ms * 1'000'000;
  for (std::int64_t next_ns = now_ns; next_ns < end_ns; next_ns += static_cast<std::int64_t>(gap(random))) {
    for (std::int64_t due_ns = lanes.advance(now_ns); due_ns < next_ns; due_ns = lanes.advance(now_ns)) {
      now_ns = due_ns;
      lanes.advance(now_ns);
      serve();
    }
    now_ns = next_ns;
    market::Book::Entry entry;
    entry.quote.update_id = static_cast<std::int64_t>(entry.sequence = ++sequence);
    entry.updates = sequence;
    lanes.apply(watches[any(random)].symbol, entry, now_ns);
    serve();
  }
  const double seconds = periods * static_cast<double>(demand.pace_ms) / 1e3;
  return {out.sends / seconds, out.events / seconds};
}

TEST(Traffic, OfAPaceIsWhatTheServersLanesSend) {
  for (const double updates_per_s : {0.3, 2.0, 4.0, 20.0}) {
    const Demand demand{
        .symbols = 10, .updates_per_s = updates_per_s, .updates_per_flush = 1, .pace_ms = 250};
    const Traffic expected = plan::traffic(demand);
    const Served served = served_by_lanes(demand, 4'000);
    EXPECT_NEAR(served.sends / expected.sends_per_s, 1, 0.03) << updates_per_s;
    EXPECT_NEAR(served.events / (expected.sends_per_s * expected.events_per_send), 1, 0.03) << updates_per_s;
  }
}

TEST(Traffic, OfAPacedArrayIsWhatTheServersLanesSend) {
  for (const double updates_per_s : {0.02, 0.5, 3.0}) {
    const Demand demand{.symbols = 40,
                        .updates_per_s = updates_per_s,
                        .updates_per_flush = 1,
                        .pace_ms = 1000,
                        .array = true};
    const Traffic expected = plan::traffic(demand);
    const Served served = served_by_lanes(demand, 1'500);
    EXPECT_NEAR(served.sends / expected.sends_per_s, 1, 0.05) << updates_per_s;
    EXPECT_NEAR(served.events / (expected.sends_per_s * expected.events_per_send), 1, 0.05) << updates_per_s;
  }
}

TEST(Traffic, HasTheMarketsMeanSizeOfAnEvent) {
  // docs/protocol.md: arrays of 1,400 symbols are 170 kB of bookTicker, 330 kB of quote.
  const auto array_event = [](wire::Channel channel) {
    return plan::traffic({.symbols = 1'400,
                          .updates_per_s = 100,
                          .updates_per_flush = 1,
                          .pace_ms = 1000,
                          .channel = channel,
                          .array = true})
        .event_bytes;
  };
  EXPECT_NEAR(array_event(wire::Channel::book_ticker), 170e3 / 1'400, 4);
  EXPECT_NEAR(array_event(wire::Channel::quote), 330e3 / 1'400, 25);
}

TEST(Traffic, CountsFramesRecordsAndPackets) {
  Demand demand{.symbols = 1,
                .updates_per_s = 1,
                .updates_per_flush = 1,
                .channel = wire::Channel::book_ticker,
                .tls = true};
  const Traffic one = plan::traffic(demand);
  EXPECT_EQ(one.payload_bytes, one.event_bytes);
  EXPECT_EQ(one.tls_bytes, 22);
  EXPECT_EQ(one.packets, 1);
  EXPECT_EQ(one.wire_bytes(), one.payload_bytes + 22 + 52);
  demand = {.symbols = 300, .updates_per_s = 100, .updates_per_flush = 1, .pace_ms = 1000, .tls = true};
  const Traffic many = plan::traffic(demand);
  EXPECT_NEAR(many.payload_bytes, 300 * many.event_bytes, 1);
  EXPECT_EQ(many.tls_bytes, 22 * std::ceil(many.payload_bytes / 16'384));
  EXPECT_EQ(many.packets, std::ceil((many.payload_bytes + many.tls_bytes) / 1'448));
}

TEST(Traffic, OfArraysIsAQuarterForThoseWhoTakeThemCompressed) {
  Demand demand{
      .symbols = 1'400, .updates_per_s = 100, .updates_per_flush = 1, .pace_ms = 1000, .array = true};
  const double compressed = plan::traffic(demand).payload_bytes;
  demand.compressed = false;
  EXPECT_NEAR(plan::traffic(demand).payload_bytes / compressed, 4, 0.01);
}

TEST(Demand, IsNamedAsTheBenchTakesIt) {
  EXPECT_EQ(streams_text({.symbols = 10, .pace_ms = 250}), "10@quote@250ms");
  EXPECT_EQ(streams_text({.symbols = 5, .channel = wire::Channel::book_ticker}), "5@bookTicker");
  EXPECT_EQ(streams_text({.pace_ms = 1000, .array = true}), "!quote@arr@1000ms");
}

TEST(Demand, ThatNoServerMeetsIsRefusedWithWhatWould) {
  EXPECT_TRUE(check({}));
  EXPECT_NE(check({.pace_ms = 300}).error().message.find("250ms"), std::string::npos);
  EXPECT_NE(check({.channel = wire::Channel::best_bid_ask, .array = true}).error().message.find("--encoding"),
            std::string::npos);
  EXPECT_NE(check({.symbols = 8'000, .updates_per_s = 1'000}).error().message.find("--updates"),
            std::string::npos);
}

}  // namespace
}  // namespace tickcast::plan
