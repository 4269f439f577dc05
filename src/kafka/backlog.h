// SPDX-License-Identifier: Apache-2.0
//
// Backlog: what is still to be written to one partition. While the link keeps up it holds every quote in
// order. Once it does not, the queue is given up: only the names of the symbols are kept, and the newest
// quote of each is looked up in the book at the moment of writing. So it is bounded by the number of symbols,
// and what waits never grows old.
//
// No I/O, no clock. Thread: the owner's. Allocates only while it grows to a size it never had.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "market/quote.h"

namespace tickcast::kafka {

class Backlog {
 public:
  // In order: what the busiest market brings while a broker pauses for a quarter of a second (2 MB). More:
  // the newest of each symbol only.
  static constexpr std::size_t kQuotesMax = 16'384;

  struct Item {
    market::SymbolId symbol{};
    // Nothing to write as it came: the symbol's newest quote is meant.
    bool newest = false;
    market::Quote quote;        // unless newest
    std::int64_t since_ns = 0;  // when it was added; unless newest
  };

  explicit Backlog(std::size_t symbols_max) : due_(symbols_max, false) {}

  // A quote was admitted. Returns how many were given up for it.
  std::size_t add(market::SymbolId symbol, const market::Quote& quote, std::int64_t now_ns);

  // The symbol's newest quote is to be written (again): after everything that waits in order. False: that was
  // so already.
  bool add_newest(market::SymbolId symbol);

  // The oldest waits since then; 0 when nothing waits in order.
  std::int64_t waiting_since_ns() const { return empty_queue() ? 0 : queue_[next_].since_ns; }
  // The link does not keep up: from in order to newest only. Returns how many quotes are given up.
  std::size_t give_up_order();

  bool empty() const { return empty_queue() && due_next_ == due_list_.size(); }
  std::size_t size() const { return queue_.size() - next_ + due_list_.size() - due_next_; }

  // The next to write, first in, first out; REQUIRES: !empty(). Valid until the next call.
  const Item& front() const;
  void pop();

 private:
  bool empty_queue() const { return next_ == queue_.size(); }

  std::vector<Item> queue_;  // from next_ on
  std::size_t next_ = 0;
  std::vector<market::SymbolId> due_list_;  // from due_next_ on
  std::size_t due_next_ = 0;
  std::vector<bool> due_;  // by symbol: waits in due_list_
  mutable Item due_item_;
};

}  // namespace tickcast::kafka
