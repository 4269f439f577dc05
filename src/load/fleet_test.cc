// SPDX-License-Identifier: Apache-2.0
//
// Whether a fleet believes an honest server and catches one that lies, in every way it may.
#include "load/fleet.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "load/lying_server.h"
#include "wire/ws_frame.h"

namespace tickcast::load {
namespace {

using test::LyingServer;

constexpr std::int64_t kDeadlineNs = 60 * kNsPerSecond;  // generous: sanitizers, busy machines
const std::string kSymbol = "BTCUSDT";

class FleetTest : public testing::Test {
 protected:
  FleetTest() {
    server_.list(kSymbol);
    server_.list("ETHUSDT");
    options_.client.url = server_.url();
    options_.client.to = net::resolve("127.0.0.1", server_.url().port)->front();
    options_.streams = parse_streams("btcusdt@quote").value();
    options_.settle_timeout_ns = kDeadlineNs;
  }

  bool turn_until(const std::function<bool()>& condition) {
    const std::int64_t end_ns = steady_ns() + kDeadlineNs;
    while (!condition() && steady_ns() < end_ns) loop_.turn(5 * kNsPerMs);
    return condition();
  }

  // Clients that have been told their symbols' first quotes. Measures from the start.
  void connect(std::uint32_t clients) {
    options_.clients = clients;
    fleet_.emplace(loop_, options_, *tally_);
    fleet_->begin_measuring();
    fleet_->connect();
    ASSERT_TRUE(turn_until([this] { return fleet_->connected(); }));
    ASSERT_EQ(tally_->broken.view(), "");
    ASSERT_EQ(tally_->connected.get(), clients);
    ASSERT_TRUE(told(clients));
  }
  bool told(std::uint64_t quotes) {
    return turn_until([&] { return tally_->quotes.get() >= quotes; });
  }
  void settle() {
    fleet_->end_measuring();
    fleet_->settle();
    ASSERT_TRUE(turn_until([this] { return fleet_->settled(); }));
  }
  std::uint64_t count(Fault fault) const { return tally_->finding(fault).count.get(); }

  net::Loop loop_;
  LyingServer server_{loop_};
  FleetOptions options_;
  std::unique_ptr<Tally> tally_ = std::make_unique<Tally>();
  std::optional<Fleet> fleet_;
};

TEST_F(FleetTest, AnHonestServerIsFoundHonestAndItsQuotesAgesAreTold) {
  connect(3);
  for (int i = 0; i < 5; ++i) {
    server_.move(kSymbol);
    server_.tell_all(kSymbol);
  }
  ASSERT_TRUE(told(3 + 15));
  settle();
  EXPECT_EQ(tally_->faults(), 0u);
  EXPECT_EQ(tally_->checked.get(), 3u);
  EXPECT_EQ(tally_->undecided.get(), 0u);
  EXPECT_EQ(tally_->unchecked.view(), "");
  EXPECT_EQ(tally_->messages.get(), 18u);
  EXPECT_EQ(tally_->age.count(), 18u);
  EXPECT_GE(tally_->age.largest(), 0);
  EXPECT_GE(tally_->oldest.value, 0);
  EXPECT_EQ(tally_->fewest.value, 6);
  EXPECT_EQ(tally_->lost.get(), 0u);
}

TEST_F(FleetTest, EventsWithoutTimesHaveNoAge) {
  options_.streams = parse_streams("2@bookTicker").value();
  options_.watchlists.combined = true;
  connect(2);
  ASSERT_TRUE(told(4));
  settle();
  EXPECT_EQ(tally_->age.count(), 0u);
  EXPECT_EQ(tally_->faults(), 0u);
}

TEST_F(FleetTest, AClientThatIsDeniedTheLastQuoteIsFoundAtTheEnd) {
  options_.settle_timeout_ns = 2 * kNsPerSecond;
  connect(2);
  server_.tell(0, LyingServer::event(kSymbol, server_.move(kSymbol)));
  ASSERT_TRUE(told(3));
  settle();
  EXPECT_EQ(count(Fault::outdated), 1u);
  EXPECT_EQ(tally_->faults(), 1u);
  EXPECT_NE(tally_->finding(Fault::outdated).first.view().find("holds u 1000 of BTCUSDT"),
            std::string_view::npos)
      << tally_->finding(Fault::outdated).first.view();
}

TEST_F(FleetTest, ARefusedClientIsCountedWithTheServersAnswer) {
  server_.refuse = true;
  options_.clients = 2;
  fleet_.emplace(loop_, options_, *tally_);
  fleet_->connect();
  ASSERT_TRUE(turn_until([this] { return fleet_->connected(); }));
  EXPECT_EQ(tally_->refused.get(), 2u);
  EXPECT_NE(tally_->first_failure.view().find("503"), std::string_view::npos);
}

// --- lies ---

struct Lie {
  const char* name;
  Fault fault;
  void (*tell)(LyingServer&);
};

class Lies : public FleetTest, public testing::WithParamInterface<Lie> {};

TEST_P(Lies, AreCaught) {
  connect(2);
  GetParam().tell(server_);
  EXPECT_TRUE(turn_until([this] { return count(GetParam().fault) != 0; }));
  EXPECT_FALSE(tally_->finding(GetParam().fault).first.empty());
}

std::string framed(std::string_view payload) {
  std::string frame;
  wire::append_frame(frame, wire::Role::server, wire::Opcode::text, payload, 0);
  return frame;
}

constexpr Lie kLies[] = {
    {"Reordering", Fault::backwards,
     [](LyingServer& server) {
       const auto older = server.move(kSymbol);
       server.tell(0, LyingServer::event(kSymbol, server.move(kSymbol)));
       server.tell(0, LyingServer::event(kSymbol, older));
     }},
    {"Repeating", Fault::repeated,
     [](LyingServer& server) {
       const std::string event = LyingServer::event(kSymbol, server.move(kSymbol));
       server.tell(1, event);
       server.tell(1, event);
     }},
    {"SkippingWithoutSaying", Fault::uncounted,
     [](LyingServer& server) {
       server.move(kSymbol);
       server.tell_all(kSymbol);
       server.tell(0, LyingServer::event(kSymbol, server.move(kSymbol)));
       server.move(kSymbol);
       server.tell_all(kSymbol);
     }},
    {"TearingAMessage", Fault::unreadable,
     [](LyingServer& server) {
       const std::string event = LyingServer::event(kSymbol, server.move(kSymbol));
       server.tell(0, std::string_view(event).substr(0, event.size() / 2));
     }},
    {"TearingAnArray", Fault::unreadable,
     [](LyingServer& server) {
       server.tell(0, "[" + LyingServer::event(kSymbol, server.move(kSymbol)) + ",]");
     }},
    {"TearingAFrame", Fault::framing,  // what follows the cut is no text
     [](LyingServer& server) {
       const std::string frame = framed(LyingServer::event(kSymbol, server.move(kSymbol)));
       server.tell_raw(0, frame.substr(0, frame.size() / 2));
       server.tell_raw(0, frame);
     }},
    {"BreakingTheProtocol", Fault::framing, [](LyingServer& server) { server.tell_raw(0, "\xf1\x05quote"); }},
    {"TellingWhatNobodyAskedFor", Fault::unasked,
     [](LyingServer& server) { server.tell(0, LyingServer::event("ETHUSDT", server.move("ETHUSDT"))); }},
    {"TellingTwoClientsDifferentPrices", Fault::contradicted,
     [](LyingServer& server) {
       auto quote = server.move(kSymbol);
       server.tell(0, LyingServer::event(kSymbol, quote));
       ++quote.ask_price.mantissa;
       server.tell(1, LyingServer::event(kSymbol, quote));
     }},
};
INSTANTIATE_TEST_SUITE_P(Every, Lies, testing::ValuesIn(kLies),
                         [](const auto& lie) { return std::string(lie.param.name); });

// --- who is who ---

TEST(Manners, AreSpreadEvenly) {
  FleetOptions options;
  options.stalled_percent = 10;
  options.slow_percent = 25;
  std::map<Manner, int> counts;
  std::map<Manner, int> of_first_twenty;
  for (std::uint32_t client = 0; client < 1000; ++client) {
    ++counts[manner_of(client, options)];
    if (client < 20) ++of_first_twenty[manner_of(client, options)];
  }
  EXPECT_EQ(counts[Manner::stalled], 100);
  EXPECT_EQ(counts[Manner::slow], 250);
  EXPECT_EQ(of_first_twenty[Manner::stalled], 3) << "37 apart, modulo 100";
}

TEST(Sources, AreFurtherLoopbackAddressesOnceOneIsUsedUp) {
  const net::Endpoint local = net::resolve("127.0.0.1", 80)->front();
  EXPECT_FALSE(source_of(0, local));
  EXPECT_FALSE(source_of(11'999, local));
  EXPECT_EQ(source_of(12'000, local)->host_text(), "127.0.0.2");
  EXPECT_EQ(source_of(6'000'000, local)->host_text(), "127.0.1.245");
  EXPECT_FALSE(source_of(20'000, net::resolve("192.0.2.1", 80)->front()));
}

TEST(Descriptors, AreOneForEachClientAndSomeForTheRest) {
  EXPECT_EQ(clients_with(20'000), 19'900u);
  EXPECT_EQ(clients_with(10), 0u);
  EXPECT_EQ(clients_with(std::size_t{1} << 40), kClientsMax);
}

}  // namespace
}  // namespace tickcast::load
