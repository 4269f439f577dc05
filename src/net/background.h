// SPDX-License-Identifier: Apache-2.0
//
// Background: the one helper thread of a loop, for what can only be done blocking (name look-ups, REST
// requests through libcurl). Jobs run in order, one at a time; results come back into the loop. Destruction
// waits for the job under way.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "net/loop.h"

namespace tickcast::net {

class Background {
 public:
  static constexpr std::size_t kJobsMax = 256;

  explicit Background(Loop& loop);
  ~Background();

  // `work` runs in the helper thread, then `done(result)` in the loop's. False, and neither runs, when
  // kJobsMax are waiting.
  template <class Work, class Done>
  bool run(Work work, Done done) {
    return enqueue([this, work = std::move(work), done = std::move(done)]() mutable {
      loop_.post([result = work(), done = std::move(done)]() mutable { done(std::move(result)); });
    });
  }

 private:
  bool enqueue(std::function<void()> job);
  void work();

  Loop& loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;  // guarded by mutex_
  bool stopping_ = false;                   // guarded by mutex_
  std::thread thread_;
};

}  // namespace tickcast::net
