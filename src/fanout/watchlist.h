// SPDX-License-Identifier: Apache-2.0
//
// Watchlist: the symbols one or many clients watch, ordered by last change. Interned: clients with equal
// subscriptions share one. An intrusive list over the watches: a change moves its symbol to the front in
// constant time, so what is newer than a cursor is a prefix.
//
// Thread: the fan-out's. Owned by Fanout; freed with its last member.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "fanout/fanout.h"

namespace tickcast::fanout {

// Whole frames in order of change, and where each symbol's frames end.
struct Batch {
  struct Unit {
    std::size_t end = 0;         // offset behind the symbol's last frame
    std::uint64_t sequence = 0;  // of its change; 0: part of a snapshot, before all changes
  };
  std::uint64_t from = 0;  // made for clients at this cursor
  std::uint64_t to = 0;    // and up to this change; 0: nothing was made yet
  std::string bytes;
  std::vector<Unit> units;

  void clear() {
    bytes.clear();
    units.clear();
    to = 0;
  }
};

class Watchlist {
 public:
  static constexpr std::uint16_t kNone = 0xffff;
  static_assert(market::SymbolTable::kSymbolsMax < kNone, "positions in a watchlist are 16 bits");

  explicit Watchlist(std::span<const Watch> watches)
      : counts_updates(
            std::ranges::any_of(watches, [](const Watch& watch) { return (watch.channels & kQuote) != 0; })),
        watches_(watches.begin(), watches.end()),
        links_(watches.size()) {}

  // The whole market's: has no symbols at first, and gets each one with append().
  explicit Watchlist(Channels channel) : counts_updates(channel == kQuote), whole_market(channel) {}

  std::span<const Watch> watches() const { return watches_; }

  // A further symbol behind the others, not changed yet.
  void append(Watch watch, std::uint32_t watcher_position) {
    watches_.push_back(watch);
    links_.emplace_back();
    watcher_positions.push_back(watcher_position);
  }

  // The position of the most recently changed watch, and of the one before; kNone at the end. Only watches
  // that ever changed are listed.
  std::uint16_t newest() const { return newest_; }
  std::uint16_t older(std::uint16_t position) const { return links_[position].older; }

  // A change of the watch at `position`, newer than all before.
  void touch(std::uint16_t position, std::uint64_t sequence) {
    last_change = sequence;
    if (newest_ == position) return;
    Link& link = links_[position];
    if (link.newer != kNone) {  // somewhere behind the front: take it out
      links_[link.newer].older = link.older;
      if (link.older != kNone) links_[link.older].newer = link.newer;
    }
    link.newer = kNone;
    link.older = newest_;
    if (newest_ != kNone) links_[newest_].newer = position;
    newest_ = position;
  }

  const bool counts_updates;            // has a channel whose events tell how many updates are merged in them
  const std::uint8_t whole_market = 0;  // the channel of which it has every symbol; 0: it has symbols by name
  std::uint64_t last_change = 0;        // sequence of the newest change of any watch
  std::vector<ClientId> members;
  bool due = false;                              // in the fan-out's list of those with changes to pass on
  std::vector<std::uint32_t> watcher_positions;  // where each watch's symbol keeps its reference to this list
  Batch shared[kEncodings];                      // by encoding: bytes for members in the same state

 private:
  struct Link {
    std::uint16_t newer = kNone;
    std::uint16_t older = kNone;
  };

  std::vector<Watch> watches_;
  std::vector<Link> links_;
  std::uint16_t newest_ = kNone;
};

}  // namespace tickcast::fanout
