// SPDX-License-Identifier: Apache-2.0
//
// Answer: what a demand asks of machines of one kind, by what was measured: cores, memory, bandwidth, how
// many of them, what a month of traffic costs, and how old a quote gets for the client that waits longest.
// docs/explanation/capacity.md derives each formula. Pure. Thread: any.
#pragma once

#include "base/result.h"
#include "plan/demand.h"
#include "plan/measurement.h"

namespace tickcast::plan {

// A machine to be had, and how full it is to be. The defaults: 8 cores with 3.75 Gbit/s, as c7g.2xlarge has.
struct Node {
  double cores = 8;
  double memory_bytes = 16e9;
  double bits_per_s = 3.75e9;
  double users_max = 60'000;     // whose reconnecting at once the others can take
  double busy = 0.5;             // of its cores at most: the rest is for a node that is lost, and for peaks
  double dollars_per_gb = 0.09;  // of what leaves for users
};
inline constexpr double kBandwidthFull = 0.6;   // likewise of its bandwidth
inline constexpr double kMemoryFull = 0.75;     // and of its memory
inline constexpr double kNodeOwnBytes = 200e6;  // the program, the book, what the system needs
inline constexpr double kMonthSeconds = 730.0 * 3'600;

struct Answer {
  Traffic traffic;
  double sends_per_s = 0;
  double shard_users = 0;   // of a full node
  double send_ns = 0;       // CPU of one send, all in all
  SendCost send;            // its parts: the kernel and the server,
  double build_ns = 0;      // events built for one client alone,
  double tls_ns = 0;        // TLS
  double work_cores = 0;    // what all sends take, no headroom
  double market_cores = 0;  // what each node takes to follow the market
  double cores = 0;         // to be had: work and market, at most `busy`
  double client_bytes = 0;  // of memory
  double memory_bytes = 0;
  double bits_per_s = 0;
  double packets_per_s = 0;
  struct {
    double users = 0;
    double cores = 0;
    double bandwidth = 0;
    double memory = 0;
  } nodes_by;
  double nodes = 0;
  double month_gb = 0;
  double month_dollars = 0;
  double round_ns = 0;      // of a shard over all its clients, when all are owed something at once
  double worst_age_ns = 0;  // of a quote when the last client has it
  // Without a pace updates may be merged: what so few nodes as the users alone ask for give each user.
  double merged_nodes = 0;
  double merged_sends_per_s = 0;
  double refill_s =
      0;  // until the others have taken in the clients of a node that was lost; 0: there is no other
};

// The error says what of the demand or the node can't be.
Result<Answer> answer(const Demand& demand, const Node& node, const Measurement& measurement);

}  // namespace tickcast::plan
