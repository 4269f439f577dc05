// SPDX-License-Identifier: Apache-2.0
//
// Streams: which streams the clients of a run follow, from the words of the command line to each client's own
// list. All of a run's streams have one form (channel, pace, array or not): so an event tells by its symbol
// alone which of them it belongs to.
//
//   100                     100 symbols as <symbol>@quote
//   100@bookTicker          the same in another form; 50@quote@1000ms has a pace
//   btcusdt@quote/ethusdt@quote       these
//   !quote@arr@1000ms       all symbols
//
// Thread: the owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "market/symbol_table.h"

namespace tickcast::load {

inline constexpr std::size_t kStreamsPerClientMax = 1024;  // as servers allow by default

struct Streams {
  std::vector<std::string> symbols;  // in lower case: these
  std::size_t count = 0;             // or so many of those that trade
  bool all = false;                  // or all, as one stream
  std::string form = "@quote";       // what follows the symbol: "@quote@1000ms"; of all: the whole name
  bool timed = true;                 // its events tell their age
};

// The error says what would be right.
Result<Streams> parse_streams(std::string_view text);

// What one client follows. Shared by all that follow the same.
struct Watchlist {
  std::string target;                     // what to ask the server for: "/ws/btcusdt@quote"
  std::vector<market::SymbolId> symbols;  // sorted; empty when all
  bool all = false;

  // Where a symbol stands in the list; npos: the client did not ask for it.
  static constexpr std::size_t npos = ~std::size_t{0};
  std::size_t place_of(market::SymbolId symbol) const;
};

struct WatchlistOptions {
  bool combined = false;  // wrapped events (/stream) instead of raw ones (/ws)
  bool distinct = false;  // of a count: each client draws its own symbols, by seed and number
  std::uint64_t seed = 1;
};

// REQUIRES: the table outlives the object and holds the symbols that trade; named ones are added.
class Watchlists {
 public:
  Watchlists(Streams streams, const WatchlistOptions& options, market::SymbolTable& table);

  // Fewer symbols than asked for, when fewer trade.
  std::shared_ptr<const Watchlist> of(std::uint32_t client);

 private:
  std::shared_ptr<const Watchlist> make(std::vector<market::SymbolId> symbols) const;
  std::vector<market::SymbolId> drawn(std::uint32_t client) const;

  Streams streams_;
  WatchlistOptions options_;
  const market::SymbolTable& table_;
  std::vector<market::SymbolId> candidates_;
  std::shared_ptr<const Watchlist> common_;
};

}  // namespace tickcast::load
