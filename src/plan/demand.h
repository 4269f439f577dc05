// SPDX-License-Identifier: Apache-2.0
//
// Demand: how many users follow what, and the traffic that this makes: sends, events in them, bytes. It
// follows from the protocol alone (docs/explanation/capacity.md derives it); no machine is in it. Pure.
// Thread: any.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "wire/stream_name.h"

namespace tickcast::plan {

inline constexpr std::uint64_t kUsersMax = 10'000'000'000;  // more than there are people
inline constexpr std::uint32_t kSymbolsMax = 8'192;         // as many as a server holds
inline constexpr double kUpdatesMax = 10'000;               // a second, of one symbol
inline constexpr double kMarketUpdatesMax = 1e6;            // a second, of all symbols together

struct Demand {
  std::uint64_t users = 10'000;
  std::uint32_t symbols = 10;  // that each user follows
  double updates_per_s = 1;    // of each of these, in the mean
  // Updates of a symbol that come together: an exchange flushes what it has about once a millisecond, and of
  // what is read at once only the newest is sent. Binance's busiest symbols: 1.7, the simulated market: 1.4.
  double updates_per_flush = 1.5;
  std::uint32_t pace_ms = 0;  // one of wire::kPacesMs; 0: every update as it comes
  wire::Channel channel = wire::Channel::quote;
  bool array = false;      // all symbols in one message (`!quote@arr`): then `symbols` is the whole market's
  bool compressed = true;  // arrays to clients that offer permessage-deflate, as browsers do
  bool distinct = false;   // no two users follow the same symbols, so that nothing is built once for many
  bool tls = false;        // ended by the server itself
  double market_updates_per_s = 6'000;  // of all symbols: what every node reads, whatever is followed

  double flushes_per_s() const { return updates_per_s / updates_per_flush; }  // of a symbol: what can be sent
};

// What is right to ask for; the error says which option is not, and what would be.
Status check(const Demand& demand);

// "10@quote@250ms", "!quote@arr@1000ms": as `tickcast bench --streams` takes it.
std::string streams_text(const Demand& demand);

// How a pace lets a symbol's updates through: at most one a period, at once when there was none in the period
// under way, else at its end. Of flushes that come at random, `mean` of them a period.
struct Gate {
  double at_once = 0;  // a period
  double at_end = 0;   // likewise; all of a client's symbols at the same moment, so in one send
};
Gate gate(double mean);

// To one user.
struct Traffic {
  double sends_per_s = 0;
  double events_per_send = 0;
  double event_bytes = 0;     // of one, with its frame's header or its comma
  double payload_bytes = 0;   // of a send: frames, compressed where they are
  double tls_bytes = 0;       // what TLS adds to it
  double packets = 0;         // TCP segments of a send
  double wire_bytes() const;  // of a send, as a network counts it: payload, TLS and headers of IP and TCP
};
Traffic traffic(const Demand& demand);

// Of the protocols.
inline constexpr double kRecordBytes = 22;  // RFC 8446: a record's header, type and tag
inline constexpr double kRecordPayloadMax = 16'384;
inline constexpr double kSegmentBytes = 1'448;  // of 1,500 on Ethernet, with TCP's timestamps
inline constexpr double kHeadersBytes = 52;     // IPv4, TCP and its timestamps
inline constexpr double kArrayCompression = 4;  // docs/protocol.md: a quarter of the bytes
inline constexpr double kCompressedFromBytes = 1'400;

}  // namespace tickcast::plan
