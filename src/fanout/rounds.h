// SPDX-License-Identifier: Apache-2.0
//
// Rounds: whose turn it is (round-robin scheduling). A round gives a turn to every member of every list that
// is due: list after list, and through each list's members, in a circle. Where a round begins is drawn anew
// after a pause, so that no position is always last; without one each round goes on where the last ended, so
// that nobody waits for longer than a round.
//
// Whether somebody is owed anything is not asked here. Pure: its randomness is a fixed sequence.
//
// Thread: the fan-out's. Bound: a bit a list.
#pragma once

#include <cstdint>
#include <span>

#include "fanout/bits.h"
#include "fanout/watchlists.h"

namespace tickcast::fanout {

class Rounds {
 public:
  explicit Rounds(const Watchlists& lists) : lists_(lists) {}

  // Lists that have members are due.
  void set_due(const Bits& lists) { due_.set_all(lists); }

  // Names whose turn it is; false when no list is due any more: a pause.
  bool next(ClientId& client) {
    while (turn_.left == 0) {
      if (!begin_list()) return false;
    }
    const std::span<const ClientId> members = lists_[turn_.list].members();
    --turn_.left;
    if (turn_.member >= members.size()) turn_.member = 0;
    client = members[turn_.member++];
    return true;
  }

  // Whom next() names next, and true; false where that may be a member of another list, or the first of this.
  bool expects(ClientId& client) const;

  // Whose members have their turns; kNoList: no list's, in a pause or since it was freed.
  ListId list() const { return turn_.list; }

  // A member left the list, another is in its place and may have been stepped over: if the list has its turn,
  // it is due again.
  void member_left(ListId list);
  // The list has no members any more and is freed next: it has no turn.
  void forget(ListId list);

 private:
  struct Turn {
    ListId list = kNoList;
    std::size_t member = 0;  // that is next
    std::size_t left = 0;    // members
  };

  bool begin_list();

  const Watchlists& lists_;
  Bits due_;
  std::size_t next_list_ = 0;
  Turn turn_;
  std::uint64_t random_ = 0x9e3779b97f4a7c15;  // the last one drawn
};

}  // namespace tickcast::fanout
