// SPDX-License-Identifier: Apache-2.0
//
// SymbolState: what a fan-out knows of one symbol: its newest quote, who watches it, its encoded frames, and
// its recent changes.
//
// Thread: the fan-out's. Owned by Fanout, one per symbol.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "market/book.h"

namespace tickcast::fanout {

class Watchlist;

struct SymbolState {
  // A watchlist that has this symbol, and where.
  struct Watcher {
    Watchlist* list;
    std::uint16_t position;
  };
  // A frame encoded for everybody, and the change it shows.
  struct Frame {
    std::uint64_t sequence = 0;
    std::string bytes;
  };
  // How many quotes the book had admitted of this symbol at a change.
  struct Change {
    std::uint64_t sequence = 0;
    std::uint64_t updates = 0;
  };

  market::Quote quote;
  std::uint64_t sequence = 0;       // the fan-out's number of the newest change; 0: no quote yet
  std::uint64_t book_sequence = 0;  // the book's number of the same
  std::vector<Watcher> watchers;
  Frame book_ticker[2];  // raw, combined

  void take(const market::Book::Entry& entry, std::uint64_t number) {
    quote = entry.quote;
    sequence = number;
    book_sequence = entry.sequence;
    changes_[++newest_ % changes_.size()] = {number, entry.updates};
  }

  // How many quotes were admitted since the change that a client at `cursor` saw; 0 when that is not known:
  // it saw none, or one too long ago.
  std::uint64_t updates_since(std::uint64_t cursor) const {
    const std::uint64_t now = changes_[newest_ % changes_.size()].updates;
    for (std::uint64_t back = 1; back < changes_.size() && back < newest_; ++back) {
      const Change& change = changes_[(newest_ - back) % changes_.size()];
      if (change.sequence <= cursor) return now - change.updates;
    }
    return 0;
  }

 private:
  std::array<Change, 8> changes_{};  // a ring
  std::uint64_t newest_ = 0;
};

}  // namespace tickcast::fanout
