// SPDX-License-Identifier: Apache-2.0
//
// ClientMetrics: what one shard counts of its clients; and ClientReading, the same read and summed over
// shards.
//
// Thread: the shard writes, any reads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "metrics/counter.h"
#include "metrics/histogram.h"
#include "wire/ws_frame.h"
#include "ws/connection.h"

namespace tickcast::emitter {

// Close codes that are told apart; the last stands for all others.
inline constexpr std::array<std::uint16_t, 12> kCodesTold = {1000, 1001, 1002, 1003, 1005, 1006,
                                                             1007, 1008, 1009, 1011, 1012, 0};

constexpr std::size_t code_index(wire::CloseCode code) {
  for (std::size_t i = 0; i + 1 < kCodesTold.size(); ++i) {
    if (kCodesTold[i] == static_cast<std::uint16_t>(code)) return i;
  }
  return kCodesTold.size() - 1;
}

struct ClientMetrics {
  metrics::Counter clients;
  metrics::Counter refused_origin;
  metrics::Counter watchlists;
  metrics::Counter visits;
  metrics::Counter full_sockets;
  metrics::Counter sent_bytes;
  metrics::Counter serving_ns;
  metrics::Histogram written_age;
  std::array<std::array<metrics::Counter, 2>, kCodesTold.size()> ended;  // by code, by us

  void note_end(const ws::Ended& what) { ++ended[code_index(what.code)][what.by_us ? 1 : 0]; }
};

// As of one scrape.
struct ClientReading {
  std::uint64_t clients = 0;
  std::uint64_t clients_max = 0;
  std::uint64_t watchlists = 0;
  std::uint64_t visits = 0;
  std::uint64_t full_sockets = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t serving_ns = 0;
  std::uint64_t updates_due = 0;
  std::uint64_t updates_sent = 0;
  std::int64_t longest_turn_ns = 0;  // of the slowest shard
  metrics::Histogram::Reading written_age;
  std::array<std::array<std::uint64_t, 2>, kCodesTold.size()> ended{};
  // Of the servers (ws::ServerCounters).
  std::uint64_t accepted = 0;
  std::uint64_t upgraded = 0;
  std::uint64_t event_streams = 0;
  std::uint64_t refused_full = 0;
  std::uint64_t refused_address = 0;
  std::uint64_t refused_origin = 0;
  std::uint64_t tls_failures = 0;
  std::uint64_t bad_requests = 0;
  std::uint64_t handshake_timeouts = 0;
  std::uint64_t pong_timeouts = 0;
  std::uint64_t stuck = 0;
  std::uint64_t too_many_messages = 0;
};

}  // namespace tickcast::emitter
