// SPDX-License-Identifier: Apache-2.0
#include "kafka/backlog.h"

#include "base/check.h"

namespace tickcast::kafka {

using market::SymbolId;

namespace {

// The elements before `next` are gone; their room is used again when all are, or when it is much.
template <class T>
void drop_front(std::vector<T>& elements, std::size_t& next) {
  if (++next == elements.size()) {
    elements.clear();
    next = 0;
  } else if (next == Backlog::kQuotesMax) {
    elements.erase(elements.begin(), elements.begin() + static_cast<std::ptrdiff_t>(next));
    next = 0;
  }
}

}  // namespace

std::size_t Backlog::add(SymbolId symbol, const market::Quote& quote, std::int64_t now_ns) {
  // What is due is written later than what waits in order, and would be older then.
  if (due_[market::index(symbol)]) return 1;
  std::size_t given_up = 0;
  if (queue_.size() - next_ >= kQuotesMax) {
    given_up = give_up_order();
    if (due_[market::index(symbol)]) return given_up + 1;
    add_newest(symbol);
    return given_up;
  }
  queue_.push_back({symbol, false, quote, now_ns});
  return given_up;
}

bool Backlog::add_newest(SymbolId symbol) {
  if (due_[market::index(symbol)]) return false;
  due_[market::index(symbol)] = true;
  due_list_.push_back(symbol);
  return true;
}

std::size_t Backlog::give_up_order() {
  const std::size_t waiting = queue_.size() - next_;
  const std::size_t due_before = due_list_.size();
  for (std::size_t i = next_; i < queue_.size(); ++i) add_newest(queue_[i].symbol);
  queue_.clear();
  next_ = 0;
  return waiting - (due_list_.size() - due_before);
}

const Backlog::Item& Backlog::front() const {
  CHECK(!empty(), "the front of an empty backlog was asked for");
  if (!empty_queue()) return queue_[next_];
  due_item_.symbol = due_list_[due_next_];
  due_item_.newest = true;
  return due_item_;
}

void Backlog::pop() {
  CHECK(!empty(), "an empty backlog was popped");
  if (!empty_queue()) return drop_front(queue_, next_);
  due_[market::index(due_list_[due_next_])] = false;
  drop_front(due_list_, due_next_);
}

}  // namespace tickcast::kafka
