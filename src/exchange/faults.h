// SPDX-License-Identifier: Apache-2.0
//
// Faults: the language in which one asks the exchange to misbehave. Pure: text <-> values; fault_runner.h
// carries them out.
//
//   <fault>[:<setting>=<value>[,<setting>=<value>]...]        stall:connection=2,after=5s,for=10s
//
// fault_help() is the reference: every fault with its settings, and what a correct client ends with. Times
// are whole numbers with a unit (500ms, 5s, 2m, 24h). `after` counts from the moment the fault is given;
// `for` from when it takes effect, without it a fault lasts until it is cleared. connection=N is the Nth
// connection since the exchange started, as GET /control/state numbers them; `next` is the first one opened
// once the fault has taken effect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tickcast::exchange {

enum class FaultKind : std::uint8_t {
  // of a connection, while they last
  stall,        // no market data; pings and control messages as ever
  ack_only,     // SUBSCRIBE is acknowledged, its streams stay silent
  no_ack,       // control messages take effect, their replies never come
  slow_reader,  // the queue of a slow reader is shorter
  lifetime,     // connections live shorter
  // of a connection, once
  drop,      // reset, without a close frame
  close,     // close frame
  shutdown,  // serverShutdown, then close
  // of requests
  refuse,  // answered with an HTTP error
  hang,    // accepted, never answered
  // of the market
  status,  // a symbol stops trading
  list,    // a symbol appears
  delist,  // a symbol disappears
  empty,   // a book without orders on one side or both
  // of events on their way to a connection: instead of the true one ...
  malformed,
  bad_utf8,
  unrepresentable,
  truncate,  // ... and the connection dropped
  // ... the true one in an unusual form ...
  torn,
  fragments,
  extra_keys,
  huge,
  // ... the true one, then something that is to be ignored
  duplicate_id,
  older_id,
  unknown_event,
};

// Which connections a fault is for.
struct ConnectionChoice {
  enum class Kind : std::uint8_t { all, number, next };
  Kind kind = Kind::all;
  std::uint64_t number = 0;
};

enum class RequestKind : std::uint8_t { handshake, rest, both };
enum class BookSide : std::uint8_t { bid, ask, both };

// One fault as asked for. Which settings a kind has, and their defaults where they differ from these:
// fault_help().
struct Fault {
  FaultKind kind = FaultKind::stall;
  std::string text;  // as given
  ConnectionChoice connection;
  std::int64_t after_ns = 0;
  std::int64_t for_ns = 0;  // 0: until cleared
  std::uint64_t every = 1;  // of the events (replies, requests) it is for, each Nth
  std::uint64_t times = 0;  // ends after so many; 0: no limit
  std::string symbol;       // "": any
  std::string follow;       // list: whose quotes the new symbol takes over; "": the first symbol's
  std::string market_status = "BREAK";
  BookSide side = BookSide::both;
  RequestKind on = RequestKind::both;
  int http_status = 451;
  std::int64_t retry_after_s = 30;
  std::uint16_t close_code = 1008;
  std::string reason = "Too many requests";
  std::int64_t grace_ns = kNsPerSecond;
  std::int64_t age_ns = 10 * kNsPerSecond;
  std::size_t bytes = 0;  // slow_reader: the queue; huge: the frame's payload
};

inline constexpr std::size_t kFaultTextBytesMax = 1024;
inline constexpr std::size_t kHugeBytesMax = 64 * 1024 * 1024;

// The error names the part that is wrong and lists what would be right there.
Result<Fault> parse_fault(std::string_view text);
Status check_fault(std::string_view text);

std::string_view fault_name(FaultKind kind);

// The reference, as text for a terminal: one paragraph a fault.
std::string fault_help();
// Every fault's name, in the reference's order.
std::vector<std::string_view> fault_names();

// Faults that act on single events on their way to a connection.
constexpr bool changes_events(FaultKind kind) { return kind >= FaultKind::malformed; }
// Of those: the true event does not arrive (a huge one: may be refused), so its symbol needs another when the
// fault ends.
constexpr bool loses_events(FaultKind kind) {
  return (kind >= FaultKind::malformed && kind <= FaultKind::truncate) || kind == FaultKind::huge;
}

}  // namespace tickcast::exchange
