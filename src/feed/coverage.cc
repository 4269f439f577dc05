// SPDX-License-Identifier: Apache-2.0
#include "feed/coverage.h"

#include <algorithm>

namespace tickcast::feed {
namespace {

constexpr std::size_t kPlus = 1;
constexpr std::size_t kMinus = static_cast<std::size_t>(-1);  // unsigned arithmetic wraps

}  // namespace

Coverage::Symbol& Coverage::at(market::SymbolId symbol) {
  if (market::index(symbol) >= symbols_.size()) symbols_.resize(market::index(symbol) + 1);
  return symbols_[market::index(symbol)];
}

void Coverage::count(const Symbol& symbol, std::size_t sign) {
  if (!symbol.wanted) return;
  if (symbol.carriers.empty()) {
    missing_ += sign;
    if (symbol.was_covered) uncovered_ += sign;
  } else if (symbol.gap) {
    gaps_ += sign;
    if (symbol.known) reopened_ += sign;
  }
}

void Coverage::want(market::SymbolId id, bool keep) {
  Symbol& symbol = at(id);
  if (symbol.wanted == keep) return;
  count(symbol, kMinus);
  symbol.wanted = keep;
  symbol.was_covered = keep && !symbol.carriers.empty();
  symbol.gap = true;
  symbol.known = false;
  count(symbol, kPlus);
}

void Coverage::add(ConnectionId connection, std::span<const market::SymbolId> symbols,
                   std::int64_t since_ns) {
  for (const market::SymbolId id : symbols) {
    Symbol& symbol = at(id);
    const bool known = std::any_of(symbol.carriers.begin(), symbol.carriers.end(),
                                   [&](const Carrier& carrier) { return carrier.connection == connection; });
    if (known) continue;
    count(symbol, kMinus);
    symbol.carriers.push_back({connection, since_ns});
    symbol.was_covered = true;
    count(symbol, kPlus);
  }
}

void Coverage::remove(ConnectionId connection, std::span<const market::SymbolId> symbols,
                      std::int64_t good_until_ns) {
  for (const market::SymbolId id : symbols) {
    Symbol& symbol = at(id);
    const auto carrier = std::find_if(symbol.carriers.begin(), symbol.carriers.end(),
                                      [&](const Carrier& c) { return c.connection == connection; });
    if (carrier == symbol.carriers.end()) continue;
    count(symbol, kMinus);
    symbol.carriers.erase(carrier);
    const bool seamless = std::any_of(symbol.carriers.begin(), symbol.carriers.end(),
                                      [&](const Carrier& other) { return other.since_ns <= good_until_ns; });
    if (!seamless) symbol.gap = true;
    count(symbol, kPlus);
  }
}

void Coverage::take_gaps() {
  for (Symbol& symbol : symbols_) {
    if (symbol.carriers.empty()) continue;
    symbol.gap = false;
    symbol.known = true;
  }
  gaps_ = 0;
  reopened_ = 0;
}

}  // namespace tickcast::feed
