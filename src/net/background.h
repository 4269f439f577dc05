// SPDX-License-Identifier: Apache-2.0
//
// Background: the one helper thread of a loop, for what can only be done blocking (name look-ups, REST
// requests through libcurl). Jobs run in order, one at a time; results come back into the loop.
//
// Destruction waits a while for the job under way. One that takes longer (a name server that is silent
// can't be interrupted) is left to its thread, which ends with it: nobody hears of its result any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "net/loop.h"

namespace tickcast::net {

class Background {
 public:
  static constexpr std::size_t kJobsMax = 256;
  static constexpr std::int64_t kPatienceNs = 500 * kNsPerMs;

  explicit Background(Loop& loop, std::int64_t patience_ns = kPatienceNs);
  ~Background();

  // `work` runs in the helper thread, then `done(result)` in the loop's. False, and neither runs, when
  // kJobsMax are waiting. `work` may outlive this object and its loop, and then both are destroyed in the
  // helper thread: what they hold must be their own, or shared and fit for that.
  template <class Work, class Done>
  bool run(Work work, Done done) {
    return enqueue([work = std::move(work), done = std::move(done)]() mutable -> Callback {
      return [result = work(), done = std::move(done)]() mutable { done(std::move(result)); };
    });
  }

 private:
  using Callback = std::function<void()>;  // for the loop
  using Job = std::function<Callback()>;
  struct State;

  bool enqueue(Job job);
  static void work(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;  // the thread's too
  std::int64_t patience_ns_;
  std::thread thread_;
};

}  // namespace tickcast::net
