// SPDX-License-Identifier: Apache-2.0
//
// Loop: one thread's world. Waits for descriptors (epoll, level-triggered), timers and other threads' posts,
// and calls whoever is concerned.
//
// Thread: run() and everything but post(), stop() belong to one thread. Handlers may add, change and remove
// any descriptor from inside a call; a removed one is not called again, not even for an event that was
// already read.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/wakeup.h"
#include "metrics/counter.h"

namespace tickcast::net {

// What a descriptor may be ready for; bits.
inline constexpr std::uint32_t kReadable = 1;
inline constexpr std::uint32_t kWritable = 2;
inline constexpr std::uint32_t kBroken = 4;  // error or hang-up: always reported, never asked for

class Ready {
 public:
  virtual void on_ready(std::uint32_t what) = 0;

 protected:
  ~Ready() = default;
};

class Loop {
 public:
  using TimerId = std::uint64_t;  // 0 is never given

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The handler must live until remove(), which comes before the descriptor is closed. The loop does not own
  // the descriptor.
  void add(int fd, std::uint32_t interest, Ready& handler);
  void change(int fd, std::uint32_t interest, Ready& handler);
  void remove(int fd, Ready& handler);
  // Calls the descriptor's handler in the next turn as if the kernel had said so: for what it can't see
  // (bytes already decrypted, a failure noticed while writing). Forgotten when the descriptor is removed.
  void again(int fd, std::uint32_t what, Ready& handler);

  // Calls back once, at or soon after the moment on the steady clock. Order among equal moments is order of
  // request. Allocates only when more timers are set than ever before, or for a callback that captures more
  // than two words, or anything but plain data.
  TimerId at(std::int64_t steady_ns, std::function<void()> callback);
  TimerId after(std::int64_t delay_ns, std::function<void()> callback) {
    return at(steady_ns() + delay_ns, std::move(callback));
  }
  void cancel(TimerId& timer);  // sets it to 0; 0 and a timer that has fired are fine

  // The steady clock, read once per turn: when the loop last stopped waiting.
  std::int64_t now_ns() const { return now_ns_; }

  // Room for what a handler reads, shared by all of them: its content lasts only as long as the call.
  static constexpr std::size_t kReadBufferBytes = 256 * 1024;
  std::span<char> read_buffer() { return {read_buffer_.get(), kReadBufferBytes}; }

  // Called at the end of every turn, before the loop sleeps. Returns how long the loop may sleep at most: 0
  // to go round at once, a negative number for no limit of its own. One per loop. The turn after this call
  // does not sleep.
  using EndOfTurn = std::function<std::int64_t()>;
  void on_end_of_turn(EndOfTurn callback) {
    end_of_turn_ = std::move(callback);
    sleep_limit_ns_ = 0;
  }

  // Destroys the object after the current turn: a handler may not be deleted while one of its calls is on the
  // stack.
  template <class T>
  void dispose(std::unique_ptr<T> object) {
    disposed_.push_back(std::shared_ptr<void>(std::move(object)));
  }

  void run();  // until stop(); a stop() that came before counts
  void turn(std::int64_t
                wait_ns);  // one turn: waits at most so long (negative: no limit), then handles what is ready

  // Thread: any. How long the longest turn of the last 10 to 20 s took, sleeping apart.
  std::int64_t longest_turn_ns() const;

  // Thread: any. The callback runs in the loop's thread, in order of posting. Posts still pending when the
  // loop ends are dropped.
  void post(std::function<void()> callback);
  // Thread: any; also fit for a signal handler.
  void stop();

 private:
  struct Watch {
    Ready* handler = nullptr;
    std::uint32_t generation =
        0;  // tells an event for this watch from one for an earlier watch of the same number
  };
  struct Again {
    std::uint64_t key;
    std::uint32_t what;
  };

  std::uint64_t key_of(int fd) const;
  Watch& watch_of(int fd, const Ready& handler);
  void control(int operation, int fd, std::uint32_t interest);
  std::int64_t wait_limit_ns(std::int64_t wait_ns) const;
  bool work_waiting() const { return posted_.load() || stopping_.load(); }
  int wait(void* events, std::int64_t limit_ns);
  void dispatch(std::uint64_t key, std::uint32_t what);
  void run_again();
  void run_timers();
  void run_posts();
  void run_disposals();
  void note_turn();

  static constexpr std::uint64_t kWakeupKey = ~std::uint64_t{0};

  int epoll_fd_;
  Wakeup wakeup_;
  bool nanosecond_waits_ = true;  // false once the kernel has said that it knows no epoll_pwait2
  std::vector<Watch> watches_;    // by descriptor
  std::uint32_t generation_ = 0;
  std::vector<Again> again_;
  std::pmr::unsynchronized_pool_resource timer_memory_;  // kept for the next timers
  std::pmr::map<std::pair<std::int64_t, TimerId>, std::function<void()>> timers_{&timer_memory_};
  std::pmr::unordered_map<TimerId, std::int64_t> timer_moments_{&timer_memory_};
  TimerId last_timer_ = 0;
  EndOfTurn end_of_turn_;
  std::int64_t sleep_limit_ns_ = -1;  // what end_of_turn_ said last
  std::vector<std::shared_ptr<void>> disposed_;
  std::unique_ptr<char[]> read_buffer_;
  std::int64_t now_ns_;

  // Of the window under way and of the one before it; only the loop writes.
  metrics::Counter longest_turn_ns_;
  metrics::Counter longest_turn_before_ns_;
  std::int64_t window_ends_ns_ = 0;

  std::atomic<bool> stopping_{false};
  std::atomic<bool> posted_{false};  // posts_ is not empty
  std::mutex posts_mutex_;
  std::vector<std::function<void()>> posts_;  // guarded by posts_mutex_
};

}  // namespace tickcast::net
