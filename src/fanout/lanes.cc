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

Lane::Lane(const market::SymbolTable& symbols, Form its_form, std::int64_t its_phase_ns, const Market& market,
           Compressor& compressor, FanoutCounters& counters)
    : form(its_form),
      phase_ns(its_phase_ns),
      fanout(symbols, its_form, &compressor, &counters),
      pace_ns_(its_form.pace_ms * kNsPerMillisecond),
      market_(market) {}

ClientId Lane::add_client(Encoding encoding, std::uint32_t owner) {
  const ClientId client = fanout.add_client(encoding);
  const auto at = static_cast<std::size_t>(client);
  if (owners_.size() <= at) owners_.resize(at + 1);
  owners_[at] = owner;
  return client;
}

void Lane::set_fastest_pace(std::int64_t fastest_ns) {
  const std::int64_t pace_ns = std::max(form.pace_ms * kNsPerMillisecond, fastest_ns);
  if (pace_ns == pace_ns_) return;
  pace_ns_ = pace_ns;
  let_held_through();
  gates_.clear();
  period_ = array_period_ = kNoPeriod;
}

void Lane::apply(market::SymbolId symbol, const market::Book::Entry& entry, std::int64_t now_ns) {
  if (pace_ns_ == 0) {
    fanout.apply(symbol, entry);
    return;
  }
  advance(now_ns);
  const std::size_t at = market::index(symbol);
  if (gates_.size() <= at) gates_.resize(at + 1);
  Gate& gate = gates_[at];
  if (gate.held) return;
  if (std::int64_t& last = last_period(gate); last != period_) {
    last = period_;
    fanout.apply(symbol, entry);
    return;
  }
  gate.held = true;
  held_.push_back(symbol);
}

void Lane::let_held_through() {
  for (const market::SymbolId symbol : held_) {
    Gate& gate = gates_[market::index(symbol)];
    gate.held = false;
    last_period(gate) = period_;
    fanout.apply(symbol, market_[market::index(symbol)]);
  }
  held_.clear();
}

std::int64_t Lane::advance(std::int64_t now_ns) {
  if (pace_ns_ == 0) return kNever;
  if (const std::int64_t period = period_at(now_ns); period > period_) {
    period_ = period;
    let_held_through();
  }
  return held_.empty() ? kNever : phase_ns + (period_ + 1) * pace_ns_;
}

Lanes::Lanes(const market::SymbolTable& symbols) : symbols_(symbols) {
  lanes_.push_back(std::make_unique<Lane>(symbols, Form{}, 0, market_, compressor_, counters_));
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
      *lanes_.emplace_back(std::make_unique<Lane>(symbols_, form, phase_ns, market_, compressor_, counters_));
  lane.set_fastest_pace(fastest_pace_ns_);
  lane.advance(now_ns);
  for (std::size_t i = 0; i < market_.size(); ++i) {
    if (market_[i].sequence != 0) lane.fanout.apply(static_cast<market::SymbolId>(i), market_[i]);
  }
  return lane;
}

void Lanes::remove_client(Lane& lane, ClientId client) {
  lane.fanout.remove_client(client);
  if (lane.fanout.clients() > 0 || &lane == &live_lane()) return;
  std::erase_if(lanes_, [&](const auto& each) { return each.get() == &lane; });
}

void Lanes::set_fastest_pace(std::int64_t pace_ns) {
  fastest_pace_ns_ = pace_ns;
  for (const auto& lane : lanes_) lane->set_fastest_pace(pace_ns);
}

void Lanes::apply(market::SymbolId symbol, const market::Book::Entry& entry, std::int64_t now_ns) {
  const std::size_t at = market::index(symbol);
  if (market_.size() <= at) market_.resize(at + 1);
  if (entry.sequence <= market_[at].sequence) return;
  market_[at] = entry;
  for (const auto& lane : lanes_) lane->apply(symbol, entry, now_ns);
}

std::int64_t Lanes::advance(std::int64_t now_ns) {
  std::int64_t next_ns = Lane::kNever;
  for (const auto& lane : lanes_) next_ns = std::min(next_ns, lane->advance(now_ns));
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
