// SPDX-License-Identifier: Apache-2.0
#include "fanout/position.h"

#include <algorithm>
#include <utility>

namespace tickcast::fanout {

Position::Behind& Position::behind() {
  if (!behind_) behind_ = std::make_unique<Behind>();
  return *behind_;
}

std::uint8_t Position::fresh_channels(market::SymbolId symbol) const {
  const auto all = fresh();
  const auto at = std::ranges::lower_bound(all, symbol, {}, &Watch::symbol);
  return at != all.end() && at->symbol == symbol ? at->channels : std::uint8_t{0};
}

void Position::change_list(const Watchlist& before, std::span<const Watch> watches) {
  if (before.size() == 0) {
    *this = {};
    return;
  }
  // What it had and still waits for, and what is new; all the rest its cursor covers.
  std::vector<Watch> fresh;
  for (const Watch& watch : watches) {
    const auto channels = static_cast<std::uint8_t>(
        watch.channels & (~before.channels_of(watch.symbol) | fresh_channels(watch.symbol)));
    if (channels != 0) fresh.push_back({watch.symbol, channels});
  }
  if (!fresh.empty() || behind_) behind().fresh = std::move(fresh);
}

void Position::advance(const Part& part, bool counts, const ChangeLog& changes) {
  const std::uint64_t before = cursor_;
  if (part.last_change > 0) cursor_ = part.last_change;
  if (behind_) {
    std::size_t units = part.units;
    // The fresh ones from before the cursor come first, in their order; the others with their changes.
    std::erase_if(behind_->fresh, [&](const Watch& watch) {
      const std::uint64_t number = changes.newest(watch.symbol);
      if (number > before) return number <= cursor_;
      return units > 0 && units-- > 0;
    });
  }
  if (cursor_ == before || !counts) return;
  std::vector<Cut>& cuts = behind().cuts;
  if (cuts.size() == kCutsMax) {
    cuts[1] = {cuts[0].from, cuts[1].cursor, 0, true};
    cuts.erase(cuts.begin());
  }
  cuts.push_back({before, cursor_, part.made});
}

}  // namespace tickcast::fanout
