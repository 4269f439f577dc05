// SPDX-License-Identifier: Apache-2.0
#include "exchange/synthetic_book.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/clock.h"

namespace tickcast::exchange {
namespace {

// Found by comparing the statistics of market_stats.h with those of two recorded symbols; see
// market_stats_test.cc.
constexpr double kRestore = 0.047;       // of events after a quantity change: back to the state before that
constexpr double kShift = 0.0055;        // of events: both sides at once
constexpr double kLeave = 0.030;         // of events at the usual spread or below: it widens
constexpr double kMoveWhileWide = 0.57;  // of events above it: a price moves
constexpr double kReturn = 0.36;         // of those: to the usual spread; half of the rest widen further
constexpr double kSameSide = 0.665;      // a quantity change is on the side of the last one
constexpr double kKeepQuantity = 0.005;  // of price moves
constexpr double kUsualSize = 0.34;      // of new quantities
constexpr double kOneTickJump = 0.185;   // of jumps, whatever the grid
constexpr double kGrow = 0.675;          // of changes of a quantity of median size
constexpr double kNewSize = -0.4;        // mean normal score of a quantity at a new price: it starts small
constexpr std::int64_t kQuantityE8Max = 900'000'000'000'000'000;  // 9e9 units

const LognormalTable kQuantity(2.5);
const LognormalTable kJump(1.3);
const LognormalTable kSizeStep(1.7, 0.03);  // of a quantity's normal score
const LognormalTable kIdSteps(1.08);
const LognormalTable kIdStepsInFlush(1.25);
constexpr std::int64_t kIdStepMax = 421;

constexpr std::int64_t kIdEpochNs = 1'735'689'600 * kNsPerSecond;  // 2025-01-01
constexpr double kIdsPerEventMax = 17;                             // over some time; the mean is below 7
constexpr double kIdsPerSecondMin = 1000;

// Median id step by the octave of the milliseconds since the last event: grows as their power 0.4.
const auto kIdStepByOctave = [] {
  std::array<double, 24> out{};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = 2.45 * std::exp2(0.4 * (static_cast<double>(i) - 0.5));
  return out;
}();

std::int64_t below(std::int64_t bound, Random& random) {
  return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(bound)));
}

}  // namespace

SyntheticBook::SyntheticBook(const SyntheticSymbol& symbol, double events_per_second, std::int64_t start_ns,
                             Random& random)
    : event_ns_(start_ns),
      tick_e8_(symbol.tick_e8),
      step_e8_(symbol.step_e8),
      anchor_ticks_(symbol.price_ticks),
      spread_ticks_(std::max<std::int64_t>(1, std::llround(symbol.spread_ticks))),
      lots_max_(kQuantityE8Max / symbol.step_e8),
      lots_usual_(std::max<std::int64_t>(1, std::llround(symbol.quantity_lots / 20))),
      jump_ticks_(symbol.jump_ticks),
      quantity_lots_(symbol.quantity_lots),
      start_ns_(start_ns) {
  const double ids_per_second = std::max(kIdsPerSecondMin, kIdsPerEventMax * events_per_second);
  ids_per_ns_max_ = ids_per_second / static_cast<double>(kNsPerSecond);
  const double since_epoch_ns = static_cast<double>(std::max<std::int64_t>(0, start_ns - kIdEpochNs));
  start_id_ = 1'000'000'000 + static_cast<std::int64_t>(random.below(40'000'000'000));
  start_id_ += std::llround(since_epoch_ns * ids_per_ns_max_);
  update_id_ = start_id_;

  now_.bid.ticks = std::max<std::int64_t>(1, anchor_ticks_ - spread_ticks_ / 2);
  now_.ask.ticks = now_.bid.ticks + spread_ticks_;
  new_quantity(now_.bid, random);
  new_quantity(now_.ask, random);
  before_ = now_;
}

market::Quote SyntheticBook::quote() const {
  market::Quote out;
  out.update_id = update_id_;
  out.bid_price = {now_.bid.ticks * tick_e8_, -8};
  out.bid_quantity = {now_.bid.lots * step_e8_, -8};
  out.ask_price = {now_.ask.ticks * tick_e8_, -8};
  out.ask_quantity = {now_.ask.lots * step_e8_, -8};
  out.event_ns = event_ns_;
  return out;
}

void SyntheticBook::change(std::int64_t now_ns, Random& random) {
  advance_id(now_ns, random);
  const Top last = now_;
  const bool wide = now_.ask.ticks - now_.bid.ticks > spread_ticks_;
  double what = random.uniform();
  const bool restorable = before_ != now_ && before_.at_prices_of(now_);
  if (restorable && (what -= kRestore) < 0) {
    now_ = before_;
  } else if ((what -= kShift) < 0) {
    shift(random);
  } else if ((what -= wide ? kMoveWhileWide : kLeave) < 0) {
    const bool narrows = wide && random.chance(0.5 + 0.5 * kReturn);
    narrows ? narrow(random) : widen(random);
  } else {
    change_quantity(random);
  }
  before_ = last;
}

// Quantities grow more often than they shrink, as orders join and cancel, and the large ones are taken.
void SyntheticBook::change_quantity(Random& random) {
  if (!random.chance(kSameSide)) bid_was_last_ = !bid_was_last_;
  Side& side = bid_was_last_ ? now_.bid : now_.ask;
  const std::int64_t lots = side.lots;
  const bool grows = random.chance(kGrow - 0.2 * static_cast<double>(side.size));
  const double step = kSizeStep(random.normal());
  side.size = static_cast<float>(std::clamp(side.size + (grows ? step : -step), -3.5, 3.5));
  side.lots = lots_of(side.size);
  if (side.lots == lots) side.lots += (grows || lots == 1) && lots < lots_max_ ? 1 : -1;
}

// An order at the best price is gone: the next best is a jump away.
void SyntheticBook::widen(Random& random) {
  const std::int64_t ticks = jump(random);
  if (upwards(random) || now_.bid.ticks <= ticks) {
    now_.ask.ticks += ticks;
    new_quantity(now_.ask, random);
  } else {
    now_.bid.ticks -= ticks;
    new_quantity(now_.bid, random);
  }
}

// A better order arrives: as near to the other side as is usual, or not quite.
void SyntheticBook::narrow(Random& random) {
  const std::int64_t spread = now_.ask.ticks - now_.bid.ticks;
  std::int64_t target = spread_ticks_ - below(spread_ticks_ / 2 + 1, random);
  // Given that it narrows at all, kReturn / (1/2 + kReturn/2) of the times it returns.
  if (spread > target + 1 && !random.chance(2 * kReturn / (1 + kReturn))) {
    target += 1 + below(spread - target - 1, random);
  }
  if (upwards(random)) {
    now_.bid.ticks += spread - target;
    new_quantity(now_.bid, random);
  } else {
    now_.ask.ticks -= spread - target;
    new_quantity(now_.ask, random);
  }
}

void SyntheticBook::shift(Random& random) {
  const std::int64_t ticks = jump(random);
  const bool up = upwards(random) || now_.bid.ticks <= ticks;
  now_.bid.ticks += up ? ticks : -ticks;
  now_.ask.ticks += up ? ticks : -ticks;
  new_quantity(now_.bid, random);
  new_quantity(now_.ask, random);
}

void SyntheticBook::new_quantity(Side& side, Random& random) {
  if (side.lots > 0 && random.chance(kKeepQuantity)) return;
  side.size = static_cast<float>(kNewSize + random.normal());
  side.lots = random.chance(kUsualSize) ? lots_usual_ : lots_of(side.size);
}

std::int64_t SyntheticBook::jump(Random& random) const {
  if (random.chance(kOneTickJump)) return 1;
  return 1 + static_cast<std::int64_t>(jump_ticks_ * kJump(random.normal()));
}

bool SyntheticBook::upwards(Random& random) const {
  const double off = static_cast<double>(now_.bid.ticks - anchor_ticks_) / static_cast<double>(anchor_ticks_);
  return random.chance(0.5 - 0.1 * std::min(off, 4.0));
}

std::int64_t SyntheticBook::lots_of(double size) const {
  const double lots = quantity_lots_ * kQuantity(size);
  if (lots >= static_cast<double>(lots_max_)) return lots_max_;
  return std::max<std::int64_t>(1, std::llround(lots));
}

void SyntheticBook::advance_id(std::int64_t now_ns, Random& random) {
  const std::int64_t gap_ms = (now_ns - event_ns_) / kNsPerMs;
  double step = 0;
  if (gap_ms <= 0) {
    step = 0.75 * kIdStepsInFlush(random.normal());
  } else {
    const auto octave = std::bit_width(static_cast<std::uint64_t>(gap_ms));
    step =
        kIdStepByOctave[std::min<std::size_t>(static_cast<std::size_t>(octave), kIdStepByOctave.size() - 1)] *
        kIdSteps(random.normal());
  }
  // Ids never run ahead of what a later start would begin with.
  const double allowed = static_cast<double>(now_ns - start_ns_ + kNsPerSecond / 4) * ids_per_ns_max_;
  if (static_cast<double>(update_id_ - start_id_) > allowed) step = 0;
  update_id_ += 1 + std::min<std::int64_t>(static_cast<std::int64_t>(step), kIdStepMax - 1);
  event_ns_ = now_ns;
}

}  // namespace tickcast::exchange
