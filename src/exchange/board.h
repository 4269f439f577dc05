// SPDX-License-Identifier: Apache-2.0
//
// Board: what the exchange says now: its symbols, their status, the last quote of each. It stands between a
// Source, which knows nothing of faults, and everything that speaks to clients: REST and every correct event
// tell what the board shows. Pure.
//
// The board's update ids are the source's plus an offset per symbol, which grows when a quote must be said
// again; so they rise strictly.
//
// Thread: the exchange's. Memory: a few hundred bytes a symbol; at most SymbolTable::kSymbolsMax symbols.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "exchange/source.h"
#include "market/quote.h"
#include "market/symbol_table.h"

namespace tickcast::exchange {

using SymbolNumber = std::uint32_t;  // the source's symbols first, then those the board has of its own

// How a fault changes a symbol; default: not at all.
struct Overlay {
  std::string status{};  // "": the listing's own
  bool hidden = false;   // not listed: as if it did not exist
  bool zero_bid = false;
  bool zero_ask = false;
};

class Board {
 public:
  // Besides the source's symbols the board shows `retired` ones: empty books that never change.
  explicit Board(const Source& source, std::span<const market::Listing> retired = {});

  std::size_t size() const { return entries_.size(); }
  std::uint64_t version() const { return version_; }  // grows with every change of any listing
  const market::Listing& listing(SymbolNumber symbol) const { return entries_[symbol].listing; }
  std::string_view stream_symbol(SymbolNumber symbol) const {
    return entries_[symbol].stream_symbol;
  }  // lower case
  const market::Quote& quote(SymbolNumber symbol) const { return entries_[symbol].shown; }
  bool listed(SymbolNumber symbol) const { return !entries_[symbol].overlay.hidden; }
  std::string_view status(SymbolNumber symbol) const;
  bool trading(SymbolNumber symbol) const { return entries_[symbol].live; }

  // Hidden symbols are found too.
  std::optional<SymbolNumber> find(std::string_view upper_case_symbol) const;
  std::optional<SymbolNumber> find_stream_symbol(std::string_view lower_case_symbol) const;

  // Takes in what the source says and calls publish(SymbolNumber) for each event that the exchange now sends:
  // none for a symbol that does not trade, one more for every symbol that follows this one.
  template <class Publish>
  void take(const MarketEvent& event, Publish&& publish) {
    if (take_one(event.symbol, event.quote)) publish(event.symbol);
    for (const SymbolNumber follower : entries_[event.symbol].followers) {
      if (take_one(follower, event.quote)) publish(follower);
    }
  }

  // Says the quote again under a higher id. False: the symbol does not trade, nothing is to be sent.
  bool say_again(SymbolNumber symbol);

  // False: nothing is to be sent (the symbol does not trade now); else its quote is new.
  bool set_overlay(SymbolNumber symbol, const Overlay& overlay);

  // A symbol of the board's own, hidden at first, that takes every quote of `followed` over.
  Result<SymbolNumber> add_follower(const std::string& name, SymbolNumber followed);

 private:
  struct Entry {
    market::Listing listing;
    std::string stream_symbol;
    market::Quote truth;  // the source's last word
    market::Quote shown;  // the board's: id with the offset, sides as the overlay has them
    std::int64_t id_offset = 0;
    bool live = false;  // listed and TRADING: its events are sent
    Overlay overlay;
    std::vector<SymbolNumber> followers;
  };

  SymbolNumber add(const market::Listing& listing,
                   market::Quote quote);  // by value: a follower's is in the vector that grows
  bool take_one(SymbolNumber symbol, const market::Quote& quote);
  static void show(Entry& entry);

  std::vector<Entry> entries_;
  std::uint64_t version_ = 0;
  std::unordered_map<std::string, SymbolNumber> by_name_;
  std::unordered_map<std::string, SymbolNumber> by_stream_symbol_;
};

// Some symbols whose trading has ended: a real exchange lists more dead ones than living.
std::span<const market::Listing> retired_symbols();

}  // namespace tickcast::exchange
