// SPDX-License-Identifier: Apache-2.0
//
// Ledger: what the clients of a process were told of each symbol, compared with each other. A client alone
// shows when its server goes back or repeats itself; two show more:
//   - an update id has one quote, whoever is told it;
//   - the merged updates (`n`) lead every client from one quote to a later one in equally many steps. Each
//     quote gets a place in a count of all updates: the first client to see it says which, the others' own
//     counts must agree.
//
// Pure. Thread: the owner's.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "load/tally.h"
#include "market/quote.h"
#include "market/symbol_table.h"
#include "wire/ticker.h"

namespace tickcast::load {

// Stands for a quote's prices and quantities.
std::uint64_t fingerprint(const market::Quote& quote);

// What somebody was told last of a symbol.
struct Seen {
  std::int64_t update_id = market::kNoUpdateId;
  std::uint64_t fingerprint = 0;  // 0: was told nothing yet
  std::uint64_t place = 0;        // in the count of updates, 0: unknown (a client's first quote)
};

class Ledger {
 public:
  // Takes in what a client is told, and brings `seen` up to date. A fault, if it is one. What comes without
  // an update id has no order: it is only remembered.
  std::optional<Fault> enter(Seen& seen, market::SymbolId symbol, const wire::ServedEvent& event);

 private:
  // Counts that began at different quotes can't be compared: each begins at a multiple of this.
  static constexpr std::uint64_t kCountBegins = std::uint64_t{1} << 32;
  static bool comparable(std::uint64_t a, std::uint64_t b) {
    return a != 0 && b != 0 && a / kCountBegins == b / kCountBegins;
  }

  std::optional<Fault> compare(Seen& seen, Seen& newest);

  std::vector<Seen> newest_;  // by symbol
  std::uint64_t counts_begun_ = 0;
};

}  // namespace tickcast::load
