// SPDX-License-Identifier: Apache-2.0
#include "net/background.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace tickcast::net {

struct Background::State {
  std::mutex mutex;
  std::condition_variable changed;
  // All guarded by mutex.
  Loop* loop;  // null: the owner has gone without waiting any longer
  std::deque<Job> jobs;
  bool stopping = false;
  bool ended = false;
};

Background::Background(Loop& loop, std::int64_t patience_ns)
    : state_(std::make_shared<State>()), patience_ns_(patience_ns) {
  state_->loop = &loop;
  thread_ = std::thread([state = state_] { work(state); });
}

Background::~Background() {
  std::deque<Job> dropped;
  {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    dropped.swap(state_->jobs);
    state_->changed.notify_all();
    const bool ended = state_->changed.wait_for(lock, std::chrono::nanoseconds(patience_ns_),
                                                [this] { return state_->ended; });
    if (!ended) {
      state_->loop = nullptr;
      thread_.detach();
    }
  }
  if (thread_.joinable()) thread_.join();
}

bool Background::enqueue(Job job) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->jobs.size() >= kJobsMax) return false;
    state_->jobs.push_back(std::move(job));
  }
  state_->changed.notify_all();
  return true;
}

void Background::work(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (true) {
    state->changed.wait(lock, [&] { return state->stopping || !state->jobs.empty(); });
    if (state->stopping) break;
    Job job = std::move(state->jobs.front());
    state->jobs.pop_front();
    lock.unlock();
    Callback callback = job();
    job = nullptr;
    lock.lock();
    // Under the lock, so that the loop is still there.
    if (state->loop != nullptr) state->loop->post(std::move(callback));
  }
  state->ended = true;
  state->changed.notify_all();
}

}  // namespace tickcast::net
