// SPDX-License-Identifier: Apache-2.0
//
// SymbolState: what the encoder knows of one symbol: its newest quote, the frames it made of it, and how many
// quotes there were at its recent changes.
//
// Thread: the fan-out's. Owned by Encoder, one per symbol.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "fanout/framing.h"
#include "fanout/position.h"
#include "market/book.h"

namespace tickcast::fanout {

struct SymbolState {
  // A message encoded for everybody, and the change it shows.
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
  Frame book_ticker[kEventEncodings];
  Frame best_bid_ask;  // one for all encodings; empty where the quote has no such message

  void take(const market::Book::Entry& entry, std::uint64_t number) {
    quote = entry.quote;
    sequence = number;
    book_sequence = entry.sequence;
    changes_[++newest_ % changes_.size()] = {number, entry.updates};
  }

  // How many quotes were admitted since the change that a client at this position was served last; 0 when
  // that is not known: it was served none, or one too long ago.
  std::uint64_t updates_since(const Position& position) const {
    const std::span<const Cut> cuts = position.cuts();
    for (std::uint64_t back = 1; back < changes_.size() && back < newest_; ++back) {
      const Change& change = changes_[(newest_ - back) % changes_.size()];
      if (change.sequence > position.cursor()) continue;
      const auto cut = std::ranges::find_if(cuts, [&](const Cut& each) {
        return each.from < change.sequence && change.sequence <= each.cursor;
      });
      if (cut != cuts.end() && cut->forgotten) return 0;
      const std::uint64_t replaced_at = changes_[(newest_ - back + 1) % changes_.size()].sequence;
      if (cut != cuts.end() && replaced_at <= cut->made) continue;
      return changes_[newest_ % changes_.size()].updates - change.updates;
    }
    return 0;
  }

 private:
  std::array<Change, 8> changes_{};  // a ring
  std::uint64_t newest_ = 0;
};

}  // namespace tickcast::fanout
