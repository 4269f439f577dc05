// SPDX-License-Identifier: Apache-2.0
//
// Wakeup: lets one thread sleep on a descriptor until another has something for it. An eventfd with a flag in
// front, so that telling a thread that is awake costs one load.
//
// The sleeper: arm(), look once more whether there is work, then either sleep on fd() or disarm().
// The teller: make the work visible, then notify(). Thread: notify any, the rest the sleeper's.
#pragma once

#include <atomic>

namespace tickcast {

class Wakeup {
 public:
  Wakeup();
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  int fd() const { return fd_; }  // readable after a notify() that found the sleeper armed

  void arm() { armed_.store(true, std::memory_order_seq_cst); }
  void disarm() { armed_.store(false, std::memory_order_relaxed); }
  void drain();  // after fd() became readable

  void notify() {
    // Pairs with arm(): of "work made visible, flag read" and "flag set, work looked for", one side must see
    // the other.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (armed_.load(std::memory_order_relaxed) && armed_.exchange(false)) signal();
  }

 private:
  void signal();

  int fd_;
  alignas(64) std::atomic<bool> armed_{false};
};

}  // namespace tickcast
