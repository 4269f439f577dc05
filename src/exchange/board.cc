// SPDX-License-Identifier: Apache-2.0
#include "exchange/board.h"

#include <fmt/core.h>

namespace tickcast::exchange {
namespace {

constexpr market::Decimal kZero{0, -8};

// A quote that was never set has no digits after the point; the exchange writes eight.
market::Quote or_zero(market::Quote quote) {
  if (quote.bid_price == market::Decimal{}) quote.bid_price = quote.bid_quantity = kZero;
  if (quote.ask_price == market::Decimal{}) quote.ask_price = quote.ask_quantity = kZero;
  return quote;
}

}  // namespace

Board::Board(const Source& source, std::span<const market::Listing> retired) {
  const auto& listings = source.listings();
  const auto& quotes = source.quotes();
  CHECK(listings.size() == quotes.size(), "a source has one quote for every listing");
  CHECK(listings.size() <= market::SymbolTable::kSymbolsMax,
        "a source has more symbols than a symbol table holds");
  entries_.reserve(listings.size() + retired.size());
  for (std::size_t i = 0; i < listings.size(); ++i) add(listings[i], quotes[i]);
  for (const auto& listing : retired) {
    if (!find(listing.symbol)) add(listing, {});
  }
}

SymbolNumber Board::add(const market::Listing& listing, market::Quote quote) {
  const auto symbol = static_cast<SymbolNumber>(entries_.size());
  Entry& entry = entries_.emplace_back();
  ++version_;
  entry.listing = listing;
  entry.stream_symbol = market::to_lower_ascii(listing.symbol);
  entry.truth = or_zero(quote);
  entry.live = listing.status == market::kTrading;
  show(entry);
  by_name_.emplace(listing.symbol, symbol);
  by_stream_symbol_.emplace(entry.stream_symbol, symbol);
  return symbol;
}

std::string_view Board::status(SymbolNumber symbol) const {
  const Entry& entry = entries_[symbol];
  return entry.overlay.status.empty() ? entry.listing.status : entry.overlay.status;
}

std::optional<SymbolNumber> Board::find(std::string_view upper_case_symbol) const {
  const auto found = by_name_.find(std::string(upper_case_symbol));
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

std::optional<SymbolNumber> Board::find_stream_symbol(std::string_view lower_case_symbol) const {
  const auto found = by_stream_symbol_.find(std::string(lower_case_symbol));
  if (found == by_stream_symbol_.end()) return std::nullopt;
  return found->second;
}

bool Board::take_one(SymbolNumber symbol, const market::Quote& quote) {
  Entry& entry = entries_[symbol];
  entry.truth = quote;
  if (entry.live) show(entry);
  return entry.live;
}

bool Board::say_again(SymbolNumber symbol) {
  Entry& entry = entries_[symbol];
  if (!entry.live) return false;
  ++entry.id_offset;
  show(entry);
  return true;
}

bool Board::set_overlay(SymbolNumber symbol, const Overlay& overlay) {
  Entry& entry = entries_[symbol];
  entry.overlay = overlay;
  ++version_;
  entry.live = !overlay.hidden && status(symbol) == market::kTrading;
  return say_again(symbol);
}

Result<SymbolNumber> Board::add_follower(const std::string& name, SymbolNumber followed) {
  if (name.empty() || name.size() > market::SymbolTable::kNameBytesMax) {
    return Error{fmt::format("a symbol has 1 to {} bytes", market::SymbolTable::kNameBytesMax)};
  }
  if (find(name)) return Error{fmt::format("{} is listed already", name)};
  if (entries_.size() >= market::SymbolTable::kSymbolsMax)
    return Error{"the exchange has no room for another symbol"};
  market::Listing listing = entries_[followed].listing;
  listing.symbol = name;
  const auto quote_at =
      name.size() > listing.quote_asset.size() ? name.size() - listing.quote_asset.size() : 0;
  if (quote_at > 0 && name.substr(quote_at) == listing.quote_asset) {
    listing.base_asset = name.substr(0, quote_at);
  } else {
    listing.base_asset = name;
  }
  const SymbolNumber symbol = add(listing, entries_[followed].truth);
  entries_[symbol].overlay.hidden = true;
  ++version_;
  entries_[symbol].live = false;
  entries_[followed].followers.push_back(symbol);
  return symbol;
}

void Board::show(Entry& entry) {
  entry.shown = entry.truth;
  entry.shown.update_id += entry.id_offset;
  if (entry.overlay.zero_bid) entry.shown.bid_price = entry.shown.bid_quantity = kZero;
  if (entry.overlay.zero_ask) entry.shown.ask_price = entry.shown.ask_quantity = kZero;
}

std::span<const market::Listing> retired_symbols() {
  static const std::vector<market::Listing> symbols = {
      {.symbol = "BCCBTC", .status = "BREAK", .base_asset = "BCC", .quote_asset = "BTC"},
      {.symbol = "VENBTC", .status = "BREAK", .base_asset = "VEN", .quote_asset = "BTC"},
      {.symbol = "HSRETH", .status = "BREAK", .base_asset = "HSR", .quote_asset = "ETH"},
      {.symbol = "ICNBNB", .status = "BREAK", .base_asset = "ICN", .quote_asset = "BNB"},
      {.symbol = "PAXTUSD", .status = "BREAK", .base_asset = "PAX", .quote_asset = "TUSD"},
      {.symbol = "BUSDNGN", .status = "BREAK", .base_asset = "BUSD", .quote_asset = "NGN"},
  };
  return symbols;
}

}  // namespace tickcast::exchange
