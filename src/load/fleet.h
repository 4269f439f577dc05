// SPDX-License-Identifier: Apache-2.0
//
// Fleet: all clients of one process, through the phases of a run: connect, measure, settle. What they meet
// goes into a Tally.
//
// Thread: its loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "feed/rest_client.h"
#include "load/client.h"
#include "load/inspector.h"
#include "load/settlement.h"
#include "load/streams.h"
#include "load/tally.h"
#include "net/background.h"
#include "net/loop.h"

namespace tickcast::load {

inline constexpr std::uint32_t kClientsMax = 10'000'000;

struct FleetOptions {
  ClientSettings client;
  Streams streams;
  WatchlistOptions watchlists;
  std::uint32_t clients = 1000;
  std::uint32_t first = 0;       // number of the first one: a run may have several fleets
  double connects_per_s = 2000;  // dials begun
  int stalled_percent = 0;       // of the clients
  int slow_percent = 0;          // likewise; with the stalled ones not over 100
  bool settle = true;            // compare with the server's look-up at the end
  std::int64_t settle_timeout_ns = 30 * kNsPerSecond;
};

// Stalled and slow clients are spread evenly over the numbers.
Manner manner_of(std::uint32_t client, const FleetOptions& options);

// How many clients a process can have that may open so many descriptors: one for each, and some are kept for
// what it opens besides (its loop, look-ups, the witnesses at the end).
std::uint32_t clients_with(std::size_t descriptors);

// Where a client's connection comes from: nothing for the kernel's choice. An address has ports for some
// 28,000 connections to one server, and the second half is slow to find; to a server on 127.0.0.1 the further
// clients come from 127.0.0.2 and so on.
std::optional<net::Endpoint> source_of(std::uint32_t client, const net::Endpoint& server);

class Fleet final : private ClientEvents {
 public:
  static constexpr std::uint64_t kDialsUnderWayMax = 512;

  // The loop, the options and the tally must outlive the fleet.
  Fleet(net::Loop& loop, const FleetOptions& options, Tally& tally);
  ~Fleet();  // drops all connections with a reset: no port is left waiting
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  void connect();
  // Every dial has ended, well or not; or the fleet can't do its part (Tally::broken).
  bool connected() const;

  void begin_measuring();
  void end_measuring();

  // Lets slow and stalled clients read on and compares what all hold with the server.
  void settle();
  bool settled() const { return settled_; }

 private:
  void dial_at_rate();
  void dial(std::uint32_t number);
  void make_watchlists();
  void watch_lateness();
  void go_on_settling();
  void end_settling();
  bool settle_clients();
  void note_unsettled();
  std::vector<market::SymbolId> followed() const;
  std::uint64_t under_way() const;

  void on_connected() override { tally_.connected.add(); }
  void on_refused(const ws::DialFailure& failure) override;
  void on_lost(const Account& account, const ws::Ended& ended) override;

  net::Loop& loop_;
  net::Background background_;
  const FleetOptions& options_;
  Tally& tally_;
  market::SymbolTable symbols_;
  Inspector inspector_;
  std::unique_ptr<feed::RestClient> rest_;  // while symbols are looked up
  std::optional<Watchlists> watchlists_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::unique_ptr<Settlement> settlement_;
  bool settled_ = false;
  net::Loop::TimerId timer_ = 0;  // of the phase
  std::int64_t phase_began_ns_ = 0;
  std::int64_t cpu_began_ns_ = 0;
};

}  // namespace tickcast::load
