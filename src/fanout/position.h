// SPDX-License-Identifier: Apache-2.0
//
// Position: up to where a client was served. A cursor, the number of a change: it has the newest quote of all
// that it watches as of there. Only while that is not the whole truth there is more: watches that it asked
// for and was not served yet (fresh), and the writes that ended before all that was owed was out (cuts).
//
// Thread: the fan-out's. Bounds: 16 bytes; behind them a vector of the fresh watches and kCutsMax cuts, until
// the client is served all that it is owed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fanout/change_log.h"
#include "fanout/watchlist.h"

namespace tickcast::fanout {

// A write that ended before all that was owed was out. It took a client from one cursor to another with what
// was newest at `made`: of the changes between the cursors those that were newest then were served, the
// others were left out for a newer one, behind the cut.
struct Cut {
  std::uint64_t from = 0;
  std::uint64_t cursor = 0;
  std::uint64_t made = 0;
  bool forgotten = false;  // several in one: what they served is not known any more
};

class Position {
 public:
  static constexpr std::size_t kCutsMax = 8;  // then the two oldest become one

  // 0: served nothing; everything there is, is owed.
  std::uint64_t cursor() const { return cursor_; }
  // The cursor says it all: clients of a list that have it are in the same state.
  bool cursor_alone() const { return behind_ == nullptr; }
  std::span<const Watch> fresh() const { return behind_ ? behind_->fresh : std::span<const Watch>(); }
  std::span<const Cut> cuts() const { return behind_ ? behind_->cuts : std::span<const Cut>(); }
  // Channels of a symbol that are fresh; 0: none is.
  std::uint8_t fresh_channels(market::SymbolId symbol) const;

  // The client watches these, sorted by symbol, in place of `before`: what is new to it is fresh. After an
  // empty list it is served everything anew, as any newcomer.
  void change_list(const Watchlist& before, std::span<const Watch> watches);
  // Before it is served: fresh watches without a quote are like any other; they come with their first change.
  void forget_without_quote(const ChangeLog& changes) {
    if (!behind_) return;
    std::erase_if(behind_->fresh, [&](const Watch& watch) { return changes.newest(watch.symbol) == 0; });
    if (behind_->fresh.empty() && behind_->cuts.empty()) behind_.reset();
  }

  // It was served all that was owed to it as of this change.
  void catch_up(std::uint64_t to) {
    cursor_ = std::max(cursor_, to);
    behind_.reset();
  }
  // What a write that ended too early brought of what was owed: whole units of a batch, each of them a fresh
  // watch, a change or (where nothing is fresh) several changes.
  struct Part {
    std::size_t units = 0;
    std::uint64_t last_change = 0;  // that it brought; 0: it brought none
    std::uint64_t made = 0;         // the change as of which the batch was made
  };
  // It was served that. `counts`: its events count updates, which takes remembering cuts.
  void advance(const Part& part, bool counts, const ChangeLog& changes);

 private:
  struct Behind {
    std::vector<Watch> fresh;  // sorted by symbol
    std::vector<Cut> cuts;
  };

  Behind& behind();

  std::uint64_t cursor_ = 0;
  std::unique_ptr<Behind> behind_;
};

}  // namespace tickcast::fanout
