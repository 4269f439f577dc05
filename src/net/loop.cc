// SPDX-License-Identifier: Apache-2.0
#include "net/loop.h"

#include <algorithm>
#include <cerrno>

#include <sys/epoll.h>
#include <unistd.h>

#include "base/check.h"

namespace tickcast::net {
namespace {

// More wait for the next turn: in which timers, posts and the end of the turn have theirs too.
constexpr int kEventsPerTurn = 64;

constexpr std::int64_t kTurnWindowNs = 10 * kNsPerSecond;

std::uint32_t to_epoll(std::uint32_t interest) {
  return ((interest & kReadable) ? std::uint32_t{EPOLLIN} : 0) |
         ((interest & kWritable) ? std::uint32_t{EPOLLOUT} : 0);
}

std::uint32_t from_epoll(std::uint32_t events) {
  return ((events & EPOLLIN) ? kReadable : 0) | ((events & EPOLLOUT) ? kWritable : 0) |
         ((events & (EPOLLERR | EPOLLHUP)) ? kBroken : 0);
}

}  // namespace

Loop::Loop()
    : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      read_buffer_(new char[kReadBufferBytes]),
      now_ns_(steady_ns()) {
  CHECK(epoll_fd_ >= 0, "no descriptor left for an event loop; raise the descriptor limit");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeupKey;
  CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wakeup_.fd(), &event) == 0,
        "the loop's wake-up can't be watched");
}

Loop::~Loop() {
  run_disposals();
  close(epoll_fd_);
}

std::uint64_t Loop::key_of(int fd) const {
  return (std::uint64_t{watches_[static_cast<std::size_t>(fd)].generation} << 32) |
         static_cast<std::uint32_t>(fd);
}

Loop::Watch& Loop::watch_of(int fd, const Ready& handler) {
  const auto index = static_cast<std::size_t>(fd);
  CHECK(fd >= 0 && index < watches_.size() && watches_[index].handler == &handler,
        "a descriptor was used in a loop by one who does not watch it");
  return watches_[index];
}

void Loop::control(int operation, int fd, std::uint32_t interest) {
  epoll_event event{};
  event.events = to_epoll(interest);
  event.data.u64 = key_of(fd);
  CHECK(epoll_ctl(epoll_fd_, operation, fd, &event) == 0, "a descriptor was closed while a loop watched it");
}

void Loop::add(int fd, std::uint32_t interest, Ready& handler) {
  CHECK(fd >= 0, "a closed descriptor was added to a loop");
  const auto index = static_cast<std::size_t>(fd);
  if (index >= watches_.size()) watches_.resize(index + 1);
  CHECK(watches_[index].handler == nullptr,
        "a descriptor was added to a loop twice, or closed while it was watched");
  watches_[index] = {&handler, ++generation_};
  control(EPOLL_CTL_ADD, fd, interest);
}

void Loop::change(int fd, std::uint32_t interest, Ready& handler) {
  watch_of(fd, handler);
  control(EPOLL_CTL_MOD, fd, interest);
}

void Loop::remove(int fd, Ready& handler) {
  Watch& watch = watch_of(fd, handler);
  control(EPOLL_CTL_DEL, fd, 0);
  watch.handler = nullptr;
}

void Loop::again(int fd, std::uint32_t what, Ready& handler) {
  watch_of(fd, handler);
  again_.push_back({key_of(fd), what});
}

Loop::TimerId Loop::at(std::int64_t steady_ns, std::function<void()> callback) {
  const TimerId id = ++last_timer_;
  timers_.emplace(std::pair{steady_ns, id}, std::move(callback));
  timer_moments_.emplace(id, steady_ns);
  return id;
}

void Loop::cancel(TimerId& timer) {
  const auto found = timer_moments_.find(std::exchange(timer, 0));
  if (found == timer_moments_.end()) return;
  timers_.erase({found->second, found->first});
  timer_moments_.erase(found);
}

void Loop::run() {
  while (!stopping_.load(std::memory_order_acquire)) turn(-1);
  stopping_ = false;
}

void Loop::turn(std::int64_t wait_ns) {
  epoll_event events[kEventsPerTurn];
  const int count = wait(events, wait_limit_ns(wait_ns));
  now_ns_ = steady_ns();
  for (int i = 0; i < count; ++i) {
    if (events[i].data.u64 == kWakeupKey) {
      wakeup_.drain();
    } else {
      dispatch(events[i].data.u64, from_epoll(events[i].events));
    }
  }
  run_again();
  run_timers();
  run_posts();
  sleep_limit_ns_ = end_of_turn_ ? end_of_turn_() : -1;
  run_disposals();
  note_turn();
}

void Loop::note_turn() {
  const auto turn_ns = static_cast<std::uint64_t>(steady_ns() - now_ns_);
  if (now_ns_ >= window_ends_ns_) {
    window_ends_ns_ = now_ns_ + kTurnWindowNs;
    longest_turn_before_ns_.set(longest_turn_ns_);
    longest_turn_ns_.set(0);
  }
  if (turn_ns > longest_turn_ns_) longest_turn_ns_.set(turn_ns);
}

std::int64_t Loop::longest_turn_ns() const {
  return static_cast<std::int64_t>(std::max(longest_turn_ns_.value(), longest_turn_before_ns_.value()));
}

std::int64_t Loop::wait_limit_ns(std::int64_t wait_ns) const {
  std::int64_t limit = wait_ns;
  const auto shorten = [&limit](std::int64_t to) { limit = limit < 0 ? to : std::min(limit, to); };
  if (sleep_limit_ns_ >= 0) shorten(sleep_limit_ns_);
  if (!timers_.empty()) shorten(std::max<std::int64_t>(0, timers_.begin()->first.first - steady_ns()));
  return again_.empty() ? limit : 0;
}

int Loop::wait(void* events, std::int64_t limit_ns) {
  auto* out = static_cast<epoll_event*>(events);
  if (limit_ns != 0) {
    wakeup_.arm();
    if (work_waiting()) limit_ns = 0;
  }
  int count = -1;
  if (limit_ns == 0 || limit_ns < 0) {
    count = epoll_wait(epoll_fd_, out, kEventsPerTurn, limit_ns == 0 ? 0 : -1);
  } else if (nanosecond_waits_) {
    const timespec limit{.tv_sec = limit_ns / kNsPerSecond, .tv_nsec = limit_ns % kNsPerSecond};
    count = epoll_pwait2(epoll_fd_, out, kEventsPerTurn, &limit, nullptr);
    // Old kernels lack the call and some containers forbid it.
    if (count < 0 && (errno == ENOSYS || errno == EPERM)) nanosecond_waits_ = false;
  }
  if (count < 0 && limit_ns > 0 && !nanosecond_waits_) {
    const std::int64_t ms = std::min<std::int64_t>((limit_ns + kNsPerMs - 1) / kNsPerMs, 3'600'000);
    count = epoll_wait(epoll_fd_, out, kEventsPerTurn, static_cast<int>(ms));
  }
  wakeup_.disarm();
  CHECK(count >= 0 || errno == EINTR, "the kernel refuses to wait for events");
  return std::max(count, 0);
}

void Loop::dispatch(std::uint64_t key, std::uint32_t what) {
  const Watch& watch = watches_[static_cast<std::uint32_t>(key)];
  if (watch.handler != nullptr && watch.generation == key >> 32) watch.handler->on_ready(what);
}

void Loop::run_again() {
  // What a handler asks for in here waits for the next turn.
  const std::size_t count = again_.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Again entry = again_[i];
    dispatch(entry.key, entry.what);
  }
  again_.erase(again_.begin(), again_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Loop::run_timers() {
  // A timer that a callback sets for now or earlier waits for the next turn: no callback can keep the loop
  // here.
  const TimerId newest = last_timer_;
  for (auto first = timers_.begin(); first != timers_.end() && first->first.first <= now_ns_;) {
    if (first->first.second > newest) {
      ++first;
      continue;
    }
    const std::function<void()> callback = std::move(first->second);
    timer_moments_.erase(first->first.second);
    timers_.erase(first);
    callback();
    first = timers_.begin();
  }
}

void Loop::run_posts() {
  if (!posted_.load(std::memory_order_acquire)) return;
  std::vector<std::function<void()>> posts;
  {
    const std::lock_guard lock(posts_mutex_);
    posts.swap(posts_);
    posted_ = false;
  }
  for (const auto& callback : posts) callback();
}

void Loop::run_disposals() {
  // A destructor may dispose of more.
  while (!disposed_.empty()) std::exchange(disposed_, {}).clear();
}

void Loop::post(std::function<void()> callback) {
  {
    const std::lock_guard lock(posts_mutex_);
    posts_.push_back(std::move(callback));
    posted_ = true;
  }
  wakeup_.notify();
}

void Loop::stop() {
  stopping_ = true;
  wakeup_.notify();
}

}  // namespace tickcast::net
