// SPDX-License-Identifier: Apache-2.0
//
// SymbolTable: names to dense ids and back. Append only: an id, once given, names the same symbol for the
// life of the process; a delisted symbol stays, marked.
//
// Thread: one writer (ingest) adds and updates; any thread looks up without waiting. listing() takes a lock
// (cold).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "market/decimal.h"
#include "market/quote.h"

namespace tickcast::market {

// What the exchange says of a symbol (facts of exchangeInfo that our own exchangeInfo passes on).
struct Listing {
  std::string symbol;  // upper case, UTF-8: "BTCUSDT"
  std::string status = "TRADING";
  std::string base_asset;
  std::string quote_asset;
  std::string tick_size = "0.00000001";  // price grid, as the exchange writes it
  std::string step_size = "0.00000001";  // quantity grid
  friend bool operator==(const Listing&, const Listing&) = default;
};

// The exchange's word for a symbol that trades; all others are silent.
inline constexpr std::string_view kTrading = "TRADING";
// Our word for a symbol that exchangeInfo no longer names.
inline constexpr std::string_view kGone = "GONE";

class SymbolTable {
 public:
  static constexpr std::size_t kSymbolsMax = 8192;  // Binance Spot has listed about 3,000 in all
  static constexpr std::size_t kNameBytesMax = 48;  // longest seen: 13 characters; CJK takes three bytes each

  SymbolTable();
  ~SymbolTable();
  SymbolTable(const SymbolTable&) = delete;
  SymbolTable& operator=(const SymbolTable&) = delete;

  // The id of `listing.symbol`, added or updated. Nothing when the table is full, or the name is empty, too
  // long, or has a character that JSON would escape or a URL would end at (white space, control, '"', '\\',
  // '/'): names are written as they are. Thread: ingest.
  std::optional<SymbolId> put(const Listing& listing);
  // The same for a symbol of which only the name is known. Leaves a known symbol's listing as it is.
  std::optional<SymbolId> put_name(std::string_view symbol);
  void set_status(SymbolId id, std::string_view status);

  // Thread: any.
  std::optional<SymbolId> find(std::string_view upper_case_name) const;
  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  std::uint64_t version() const {
    return version_.load(std::memory_order_acquire);
  }                                          // grows with every change of any listing
  std::string_view name(SymbolId id) const;  // "BTCUSDT"; valid for the table's life
  std::string_view stream_name(
      SymbolId id) const;  // "btcusdt": as streams spell it; valid for the table's life
  bool trading(SymbolId id) const;
  Listing listing(SymbolId id) const;

 private:
  struct Entry;

  Entry& entry(SymbolId id) const;

  std::unique_ptr<Entry[]> entries_;
  // Open addressing over entries_; a slot holds id + 1, 0 is free. Twice the capacity, so probes stay short.
  static constexpr std::size_t kSlots = 2 * kSymbolsMax;
  std::unique_ptr<std::atomic<std::uint16_t>[]> slots_;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> version_{0};
  mutable std::mutex listings_mutex_;  // guards Entry::listing
};

// ASCII letters only, as the exchange does it: other bytes pass unchanged.
std::string to_upper_ascii(std::string_view text);
std::string to_lower_ascii(std::string_view text);

}  // namespace tickcast::market
