// SPDX-License-Identifier: Apache-2.0
#include "fanout/lanes.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace tickcast::fanout {
namespace {

constexpr std::int64_t kNsPerMillisecond = 1'000'000;
constexpr std::size_t kClientsPerTurn = 32;
// Phases in the order in which they are opened: the first few already lie far apart.
constexpr std::array<std::int64_t, Lanes::kPhases> kPhaseOrder = {0, 4, 2, 6, 1, 5, 3, 7};

}  // namespace

Lane::Lane(const market::SymbolTable& symbols, Form its_form, std::int64_t its_phase_ns, const Fanout* live,
           Compressor& compressor, FanoutCounters& counters)
    : form(its_form),
      phase_ns(its_phase_ns),
      fanout(symbols, its_form, &compressor, &counters),
      pace_ns_(its_form.pace_ms * kNsPerMillisecond),
      live_(live) {}

ClientId Lane::add_client(Encoding encoding, std::uint32_t owner) {
  const ClientId client = fanout.add_client(encoding);
  const auto at = static_cast<std::size_t>(client);
  if (owners_.size() <= at) owners_.resize(at + 1);
  owners_[at] = owner;
  return client;
}

bool Lane::apply(market::SymbolId symbol, const market::Book::Entry& entry, std::int64_t now_ns) {
  if (pace_ns_ == 0) return fanout.apply(symbol, entry);
  advance(now_ns);
  const std::size_t at = market::index(symbol);
  if (gates_.size() <= at) gates_.resize(at + 1);
  Gate& gate = gates_[at];
  if (gate.held) return true;
  if (std::int64_t& last = last_period(gate); last != period_) {
    last = period_;
    return fanout.apply(symbol, entry);
  }
  gate.held = true;
  held_.push_back(symbol);
  return true;
}

std::int64_t Lane::advance(std::int64_t now_ns) {
  if (pace_ns_ == 0) return kNever;
  if (const std::int64_t period = period_at(now_ns); period > period_) {
    period_ = period;
    for (const market::SymbolId symbol : held_) {
      Gate& gate = gates_[market::index(symbol)];
      gate.held = false;
      last_period(gate) = period_;
      market::Book::Entry entry;
      if (live_->newest(symbol, entry)) fanout.apply(symbol, entry);
    }
    held_.clear();
  }
  return held_.empty() ? kNever : phase_ns + (period_ + 1) * pace_ns_;
}

Lanes::Lanes(const market::SymbolTable& symbols) : symbols_(symbols) {
  lanes_.push_back(std::make_unique<Lane>(symbols, Form{}, 0, nullptr, compressor_, counters_));
}

Lane& Lanes::lane_for(Form form, std::int64_t now_ns) {
  if (form == Form{}) return live_lane();
  const std::size_t phases = form.pace_ms == 0 ? 1 : kPhases;
  Lane* emptiest = nullptr;
  std::int64_t unopened_ns = Lane::kNever;
  for (std::size_t i = phases; i-- > 0;) {
    const std::int64_t phase_ns = form.pace_ms * kNsPerMillisecond * kPhaseOrder[i] / std::int64_t{kPhases};
    const auto open = std::ranges::find_if(
        lanes_, [&](const auto& lane) { return lane->form == form && lane->phase_ns == phase_ns; });
    if (open == lanes_.end()) {
      unopened_ns = phase_ns;
    } else if (emptiest == nullptr || (*open)->fanout.clients() < emptiest->fanout.clients()) {
      emptiest = open->get();
    }
  }
  const bool full = emptiest == nullptr || emptiest->fanout.clients() >= kClientsPerPhase;
  return full && unopened_ns != Lane::kNever ? open(form, unopened_ns, now_ns) : *emptiest;
}

Lane& Lanes::open(Form form, std::int64_t phase_ns, std::int64_t now_ns) {
  Lane& lane =
      *lanes_.emplace_back(std::make_unique<Lane>(symbols_, form, phase_ns, &live(), compressor_, counters_));
  lane.advance(now_ns);
  for (std::size_t i = 0; i < live().symbols_known(); ++i) {
    const auto symbol = static_cast<market::SymbolId>(i);
    market::Book::Entry entry;
    if (live().newest(symbol, entry)) lane.fanout.apply(symbol, entry);
  }
  return lane;
}

void Lanes::remove_client(Lane& lane, ClientId client) {
  lane.fanout.remove_client(client);
  if (lane.fanout.clients() > 0 || &lane == &live_lane()) return;
  std::erase_if(lanes_, [&](const auto& each) { return each.get() == &lane; });
}

void Lanes::apply(market::SymbolId symbol, const market::Book::Entry& entry, std::int64_t now_ns) {
  if (!live().apply(symbol, entry)) return;
  for (std::size_t i = 1; i < lanes_.size(); ++i) lanes_[i]->apply(symbol, entry, now_ns);
}

std::int64_t Lanes::advance(std::int64_t now_ns) {
  std::int64_t next_ns = Lane::kNever;
  for (std::size_t i = 1; i < lanes_.size(); ++i) next_ns = std::min(next_ns, lanes_[i]->advance(now_ns));
  return next_ns;
}

std::size_t Lanes::watchlists() const {
  std::size_t sum = 0;
  for (const auto& lane : lanes_) sum += lane->fanout.watchlists();
  return sum;
}

bool Lanes::next_due(Due& due) {
  for (std::size_t idle = 0; idle < lanes_.size(); ++idle) {
    if (turn_ >= lanes_.size()) turn_ = 0;
    Lane& lane = *lanes_[turn_];
    if (lane.fanout.next_due(due.client)) {
      due.lane = &lane;
      if (++taken_ == kClientsPerTurn) {
        taken_ = 0;
        ++turn_;
      }
      return true;
    }
    taken_ = 0;
    ++turn_;
  }
  return false;
}

}  // namespace tickcast::fanout
