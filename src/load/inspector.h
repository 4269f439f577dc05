// SPDX-License-Identifier: Apache-2.0
//
// Inspector: looks at every message that the clients of a process are sent: is it one that a server may send,
// is it in order, how old is it. Counts into the process's Tally.
//
// Thread: its loop's; the time is passed in.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "load/ledger.h"
#include "load/streams.h"
#include "load/tally.h"
#include "market/symbol_table.h"
#include "wire/ticker.h"

namespace tickcast::load {

// How a client reads.
enum class Manner : std::uint8_t {
  prompt,   // all there is
  slow,     // so many bytes a second
  stalled,  // nothing
};

// What one client has been told.
struct Account {
  static constexpr std::uint32_t kWitness = ~std::uint32_t{0};  // not one of the run's clients (settlement.h)

  std::uint32_t client = 0;  // its number, over all processes of the run
  Manner manner = Manner::prompt;
  bool settled = false;  // at the end: it holds the server's last quotes
  std::shared_ptr<const Watchlist> watchlist;
  std::vector<Seen> seen;       // by place in the watchlist
  std::uint32_t messages = 0;   // while measuring
  std::int64_t oldest_ns = -1;  // likewise: the oldest quote when it came
};

class Inspector {
 public:
  // The table may be added to: symbols are listed while a run lasts.
  Inspector(market::SymbolTable& symbols, Tally& tally) : symbols_(symbols), tally_(tally) {}

  // Whether what comes belongs to the measurement. Order is looked at always.
  void measure(bool on) { measuring_ = on; }

  void take(Account& account, std::string_view message, std::int64_t received_ns);
  // A client's connection broke the WebSocket protocol.
  void take_broken_framing(const Account& account, std::string_view why);

  // The quotes in the last message; until the next one.
  std::span<const wire::ServedEvent> events() const { return events_; }

 private:
  bool read_quotes(std::string_view message);
  void take_quote(Account& account, const wire::ServedEvent& event, std::int64_t received_ns);
  void take_age(Account& account, std::int64_t age_ns);
  void found(Fault fault, const Account& account, std::string_view what);

  market::SymbolTable& symbols_;
  Tally& tally_;
  bool measuring_ = false;
  Ledger ledger_;
  wire::FrameReader general_;
  wire::FrameKind kind_ = wire::FrameKind::ticker;  // of the last message
  std::vector<wire::ServedEvent> events_;           // in it
};

}  // namespace tickcast::load
