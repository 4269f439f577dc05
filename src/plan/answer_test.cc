// SPDX-License-Identifier: Apache-2.0
//
// Plans worked out by hand, what must grow with what, and what can't be planned.
#include "plan/answer.h"

#include <gtest/gtest.h>

namespace tickcast::plan {
namespace {

// 10 us a send whatever its size, 5 kB a client, and a market that costs nothing:
// docs/explanation/architecture-aws.md.
Measurement aws_measurement() {
  Measurement out;
  out.few_clients = 250;
  out.many_clients = 7'500;
  out.few_send_ns = out.many_send_ns = 10'000;
  out.client_bytes = 500;
  out.kernel_bytes = 4'500;
  return out;
}

// A machine on which everything costs something.
Measurement plain_measurement() {
  Measurement out;
  out.cores = 2;
  out.few_clients = 100;
  out.few_send_ns = 4'000;
  out.few_byte_ns = 0.2;
  out.many_clients = 10'000;
  out.many_send_ns = 8'000;
  out.many_byte_ns = 0.4;
  out.event_ns = 100;
  out.tls_record_ns = 1'500;
  out.tls_byte_ns = 0.5;
  out.connect_ns = 80'000;
  out.tls_connect_ns = 600'000;
  out.ingest_ns = 3'000;
  out.follow_ns = 2'000;
  out.client_bytes = 400;
  out.stream_bytes = 8;
  out.tls_bytes = 17'000;
  out.kernel_bytes = 4'600;
  return out;
}

Answer answered(const Demand& demand, const Measurement& measurement = plain_measurement(),
                const Node& node = {}) {
  return plan::answer(demand, node, measurement).value();
}

TEST(Answer, ForAMillionUsersOfOneSymbolASecondIsThatOfTheAwsPage) {
  const Demand demand{.users = 1'000'000,
                      .symbols = 1,
                      .updates_per_s = 100,
                      .updates_per_flush = 1,
                      .pace_ms = 1000,
                      .channel = wire::Channel::book_ticker,
                      .tls = true};
  const Answer answer = answered(demand, aws_measurement());
  EXPECT_NEAR(answer.sends_per_s, 1e6, 1);
  EXPECT_NEAR(answer.cores, 20, 0.01);
  EXPECT_EQ(answer.nodes, 17);
  EXPECT_NEAR(answer.bits_per_s / 1e9, 1.6, 0.05);
  EXPECT_NEAR(answer.memory_bytes, 5e9, 1);
  EXPECT_NEAR(answer.month_gb, 520e3, 15e3);
}

TEST(Answer, ForAHotSymbolUnpacedIsThatOfTheAwsPage) {
  const Demand demand{.users = 1'000'000,
                      .symbols = 1,
                      .updates_per_s = 100,
                      .updates_per_flush = 1,
                      .channel = wire::Channel::book_ticker,
                      .tls = true};
  const Answer answer = answered(demand, aws_measurement());
  EXPECT_NEAR(answer.cores, 2'000, 0.1);
  EXPECT_NEAR(answer.nodes_by.cores, 250, 1);
  EXPECT_NEAR(answer.bits_per_s / 1e9, 160, 5);
  EXPECT_EQ(answer.merged_nodes, 17);
  EXPECT_NEAR(answer.merged_sends_per_s, 6.8, 0.01);
}

TEST(Answer, AddsUpWhatASendCosts) {
  const Demand demand{.users = 80'000,
                      .symbols = 10,
                      .updates_per_s = 100,
                      .updates_per_flush = 1,
                      .pace_ms = 1000,
                      .distinct = true,
                      .tls = true};
  const Answer answer = answered(demand, plain_measurement(), {.cores = 8, .users_max = 80'000});
  const double payload = answer.traffic.payload_bytes;
  EXPECT_DOUBLE_EQ(answer.shard_users, 10'000);
  EXPECT_NEAR(answer.send_ns, 8'000 + payload * 0.4 + 10 * 100 + 1'500 + payload * 0.5, 1);
  EXPECT_NEAR(answer.work_cores, 80'000 * answer.send_ns * 1e-9, 1e-3);
  EXPECT_NEAR(answer.market_cores, 6'000 * (3'000 + 8 * 2'000) * 1e-9, 1e-9);
  EXPECT_NEAR(answer.client_bytes, 400 + 4'600 + 17'000 + 10 * 8, 1e-9);
}

TEST(Answer, TakesCostsBetweenCrowdsByTheirLogarithm) {
  EXPECT_DOUBLE_EQ(send_cost(plain_measurement(), 10).base_ns, 4'000);
  EXPECT_DOUBLE_EQ(send_cost(plain_measurement(), 1'000).base_ns, 6'000);
  EXPECT_DOUBLE_EQ(send_cost(plain_measurement(), 1'000).byte_ns, 0.3);
  EXPECT_DOUBLE_EQ(send_cost(plain_measurement(), 1e6).base_ns, 8'000);
}

TEST(Answer, NeverFallsWhenMoreIsAsked) {
  const Demand base{.users = 200'000, .symbols = 10, .updates_per_s = 2, .pace_ms = 250};
  const Answer least = answered(base);
  Demand more_users = base, more_symbols = base, more_updates = base, quicker = base, secure = base,
         distinct = base;
  more_users.users *= 10;
  more_symbols.symbols *= 10;
  more_updates.updates_per_s *= 10;
  quicker.pace_ms = 100;
  secure.tls = true;
  distinct.distinct = true;
  for (const Demand& demand : {more_users, more_symbols, more_updates, quicker, secure, distinct}) {
    const Answer answer = answered(demand);
    EXPECT_GE(answer.nodes, least.nodes);
    EXPECT_GE(answer.bits_per_s, least.bits_per_s);
    EXPECT_GE(answer.memory_bytes, least.memory_bytes);
    EXPECT_GE(answer.month_dollars, least.month_dollars);
  }
  // Cores follow except where more symbols at a pace go into fewer sends.
  for (const Demand& demand : {more_users, more_symbols, quicker, secure, distinct})
    EXPECT_GE(answered(demand).work_cores, least.work_cores);
}

TEST(Answer, TellsHowOldAQuoteGetsForTheLastClientOfTwoRounds) {
  const Demand demand{
      .users = 40'000, .symbols = 1, .updates_per_s = 100, .updates_per_flush = 1, .pace_ms = 1000};
  const Answer answer = answered(demand, aws_measurement());
  EXPECT_EQ(answer.nodes, 1);
  EXPECT_NEAR(answer.round_ns, 5'000 * 10'000, 1);
  EXPECT_NEAR(answer.worst_age_ns, 1e9 + 2 * answer.round_ns, 1);
  EXPECT_EQ(answer.refill_s, 0) << "there is no other node";
}

TEST(Answer, TellsHowLongTheOthersTakeInTheClientsOfALostNode) {
  const Demand demand{.users = 120'000,
                      .symbols = 1,
                      .updates_per_s = 100,
                      .updates_per_flush = 1,
                      .pace_ms = 1000,
                      .tls = true};
  const Answer answer = answered(demand);
  ASSERT_EQ(answer.nodes, 2);
  EXPECT_NEAR(answer.refill_s, 60'000 * 600e-6 / (8 * 0.5), 1e-6);
}

TEST(Answer, RefusesANodeThatCanNotEvenFollowTheMarket) {
  const Demand demand{.market_updates_per_s = 1e6};
  const auto refused = plan::answer(demand, {.cores = 1}, plain_measurement());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("--node-cores"), std::string::npos);
  const auto small = plan::answer({}, {.memory_bytes = 0.2e9}, plain_measurement());
  ASSERT_FALSE(small);
  EXPECT_NE(small.error().message.find("--node-memory"), std::string::npos);
}

TEST(Answer, OfTheSmallestDemandIsOneNode) {
  const Answer answer = answered({.users = 1, .symbols = 1, .updates_per_s = 0.001});
  EXPECT_EQ(answer.nodes, 1);
  EXPECT_GT(answer.cores, 0);
  EXPECT_GT(answer.month_gb, 0);
}

}  // namespace
}  // namespace tickcast::plan
