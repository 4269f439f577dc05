// SPDX-License-Identifier: Apache-2.0
//
// Watchlist: the symbols one or many clients watch. Interned: clients with equal subscriptions share one. Two
// bytes a watch, and of its members one is kept in place: a shard may hold as many lists as clients. What
// only shared lists need is made with the second member.
//
// Thread: the fan-out's. Owned by Watchlists; freed with its last member.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fanout/framing.h"
#include "fanout/watch.h"
#include "market/symbol_table.h"

namespace tickcast::fanout {

class Watchlist {
 public:
  // What a list has that several clients are, or were, members of.
  struct Shared {
    std::vector<ClientId> members;
    std::uint64_t last_change = 0;   // sequence of the newest change of any watch
    std::uint64_t looked_up_to = 0;  // as of this change of the market
  };

  // Sorted by symbol.
  explicit Watchlist(std::span<const Watch> watches) {
    watches_.reserve(watches.size());
    for (const Watch& watch : watches) append(watch);
  }
  // The whole market's: has no symbols at first, and gets each one with append().
  explicit Watchlist(Channels channel) : whole_market_(channel) {}

  // A further watch, of a symbol behind all others.
  void append(Watch watch) {
    all_channels_ = static_cast<std::uint8_t>(all_channels_ | watch.channels);
    uniform_ = watches_.empty() ? watch.channels : uniform_ == watch.channels ? uniform_ : std::uint8_t{0};
    watches_.push_back(pack(watch));
  }

  std::size_t size() const { return watches_.size(); }
  Watch operator[](std::size_t at) const { return unpack(watches_[at]); }
  bool equals(std::span<const Watch> watches) const {
    return std::ranges::equal(watches_, watches, {}, {}, &Watchlist::pack);
  }
  // Of a symbol; 0: it is not watched.
  std::uint8_t channels_of(market::SymbolId symbol) const {
    const auto at = std::ranges::lower_bound(watches_, pack({symbol, 0}));
    return at != watches_.end() && unpack(*at).symbol == symbol ? unpack(*at).channels : std::uint8_t{0};
  }
  // The same for a symbol that is known to be watched.
  std::uint8_t channels_of_watched(market::SymbolId symbol) const {
    return uniform_ != 0 ? uniform_ : channels_of(symbol);
  }
  // Has a channel whose events tell how many updates are merged in them.
  bool counts_updates() const { return (all_channels_ & kQuote) != 0; }
  // The channel of which it has every symbol; 0: it has symbols by name.
  std::uint8_t whole_market() const { return whole_market_; }

  std::span<const ClientId> members() const {
    if (shared_) return shared_->members;
    return {&sole_, has_sole_ ? std::size_t{1} : 0};
  }
  Shared* shared() { return shared_.get(); }  // null while it never had two members

  // Returns the member's position.
  std::uint32_t add_member(ClientId client) {
    if (!shared_ && !has_sole_) {
      sole_ = client;
      has_sole_ = true;
      return 0;
    }
    if (!shared_) {
      shared_ = std::make_unique<Shared>();
      shared_->members.push_back(sole_);
    }
    shared_->members.push_back(client);
    return static_cast<std::uint32_t>(shared_->members.size() - 1);
  }
  // Returns the member that takes the position: the last one, which may be the one removed.
  ClientId remove_member(std::uint32_t position) {
    has_sole_ = false;
    if (!shared_) return sole_;
    const ClientId moved = shared_->members.back();
    shared_->members[position] = moved;
    shared_->members.pop_back();
    return moved;
  }

 private:
  static constexpr unsigned kChannelBits = 3;
  static_assert(market::SymbolTable::kSymbolsMax <= 1u << (16 - kChannelBits), "a watch fits in 16 bits");

  static std::uint16_t pack(const Watch& watch) {
    return static_cast<std::uint16_t>(market::index(watch.symbol) << kChannelBits | watch.channels);
  }
  static Watch unpack(std::uint16_t packed) {
    return {static_cast<market::SymbolId>(packed >> kChannelBits),
            static_cast<std::uint8_t>(packed & ((1u << kChannelBits) - 1))};
  }

  std::vector<std::uint16_t> watches_;
  std::unique_ptr<Shared> shared_;
  ClientId sole_{};
  bool has_sole_ = false;
  std::uint8_t whole_market_ = 0;
  std::uint8_t all_channels_ = 0;
  std::uint8_t uniform_ = 0;  // the channels of every watch; 0: they differ
};

static_assert(sizeof(Watchlist) <= 40, "there may be as many lists as clients");

}  // namespace tickcast::fanout
