// SPDX-License-Identifier: Apache-2.0
#include "fanout/rounds.h"

#include "base/check.h"

namespace tickcast::fanout {
namespace {

// xorshift64: where a round begins has to be uncorrelated with the lists, nothing more.
std::uint64_t next_random(std::uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

}  // namespace

bool Rounds::begin_list() {
  turn_ = {};
  std::size_t list = due_.first(next_list_);
  if (list == Bits::kNone) list = due_.first(0);
  if (list == Bits::kNone) {
    next_list_ = lists_.numbers() == 0 ? 0 : next_random(random_) % lists_.numbers();
    return false;
  }
  due_.reset(list);
  next_list_ = list + 1;
  const std::size_t members = lists_[static_cast<ListId>(list)].members().size();
  CHECK(members > 0, "a watchlist without members is due");
  turn_ = {static_cast<ListId>(list), random_ % members, members};
  return true;
}

bool Rounds::expects(ClientId& client) const {
  if (turn_.left == 0) return false;
  const std::span<const ClientId> members = lists_[turn_.list].members();
  if (turn_.member >= members.size()) return false;
  client = members[turn_.member];
  return true;
}

void Rounds::member_left(ListId list) {
  if (turn_.list == list && turn_.left > 0) due_.set(list);
}

void Rounds::forget(ListId list) {
  due_.reset(list);
  if (turn_.list == list) turn_ = {};
}

}  // namespace tickcast::fanout
