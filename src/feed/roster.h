// SPDX-License-Identifier: Apache-2.0
//
// Roster: which symbols the feed follows. Compares what exchangeInfo says with what it said before, and keeps
// the symbol table's listings and statuses up to date. No I/O, no clock.
//
// A symbol is taken up when it trades for the first time and passes the filters, and stays through pauses
// (BREAK, HALT) until exchangeInfo no longer names it; then it is marked gone, and may come back.
//
// Thread: ingest.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "feed/plan.h"
#include "market/symbol_table.h"

namespace tickcast::feed {

struct RosterChanges {
  std::vector<RatedSymbol> appeared;       // to be subscribed
  std::vector<market::SymbolId> gone;      // marked already
  std::vector<market::SymbolId> restated;  // followed ones whose status is another now
  std::size_t refused = 0;                 // did not fit into the symbol table: too many, or names too long
  bool doubtful = false;  // most symbols were missing: not believed unless the next answer says so too
};

class Roster {
 public:
  // Empty filters let everything pass. Names in upper case.
  Roster(market::SymbolTable& symbols, const std::vector<std::string>& only_symbols,
         const std::vector<std::string>& only_quote_assets);

  RosterChanges apply(const std::vector<market::Listing>& listings);

  // The symbol can't be followed after all: the next answer that names it makes it appear again.
  void forget(market::SymbolId symbol);

  std::size_t size() const { return size_; }  // symbols followed now
  // Names of the filter that no answer has contained so far.
  std::vector<std::string> never_seen() const;

 private:
  bool passes(const market::Listing& listing) const;
  void take(const market::Listing& listing, RosterChanges& changes);
  void mark_gone(RosterChanges& changes);

  market::SymbolTable& symbols_;
  std::set<std::string, std::less<>> only_symbols_;
  std::set<std::string, std::less<>> only_quote_assets_;
  std::vector<bool> followed_;  // by symbol
  std::vector<bool> named_;     // by symbol: in the answer at hand
  std::size_t size_ = 0;
  bool doubted_ = false;
};

}  // namespace tickcast::feed
