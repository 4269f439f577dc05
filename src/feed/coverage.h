// SPDX-License-Identifier: Apache-2.0
//
// Coverage: which connections carry which symbol right now, and which symbols were without one for a while.
// Such a symbol may have changed unseen and has a gap, until a REST look-up made while it was covered again
// has been compared with the book. Pure.
//
// A connection may have gone deaf long before it is found out: when it is taken away it says until when it
// was good, and a symbol has a gap unless another connection carried it since before that moment.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "market/quote.h"

namespace tickcast::feed {

class Coverage {
 public:
  using ConnectionId = std::uint32_t;

  // Symbols that should be covered from now on; each has a gap, since nothing is known of it. `keep = false`
  // takes one out again.
  void want(market::SymbolId symbol, bool keep = true);

  // The connection carries these, from `since_ns` on.
  void add(ConnectionId connection, std::span<const market::SymbolId> symbols, std::int64_t since_ns);

  // The connection carries these no longer; what it carried until `good_until_ns` can be trusted.
  void remove(ConnectionId connection, std::span<const market::SymbolId> symbols, std::int64_t good_until_ns);

  // Wanted symbols that were covered once and are not now.
  std::size_t uncovered() const { return uncovered_; }
  // Wanted symbols that are carried by nothing, whether they ever were or not.
  std::size_t missing() const { return missing_; }
  // Covered symbols with a gap: time for a look-up.
  std::size_t gaps() const { return gaps_; }

  // Those of them whose value was known once: until the look-up is done, what the book holds may be outdated.
  std::size_t reopened() const { return reopened_; }

  // A look-up begins now: the gaps of all covered symbols are its business. One that fails must be repeated.
  void take_gaps();

 private:
  struct Carrier {
    ConnectionId connection;
    std::int64_t since_ns;
  };
  struct Symbol {
    std::vector<Carrier> carriers;  // at most three per leg
    bool wanted = false;
    bool was_covered = false;
    bool gap = false;
    bool known = false;  // a look-up was made while it was covered
  };

  Symbol& at(market::SymbolId symbol);
  // Takes the symbol's share out of the counts, or puts it in: around every change.
  void count(const Symbol& symbol, std::size_t sign);

  std::vector<Symbol> symbols_;  // by symbol
  std::size_t uncovered_ = 0;
  std::size_t missing_ = 0;
  std::size_t gaps_ = 0;
  std::size_t reopened_ = 0;
};

}  // namespace tickcast::feed
