// SPDX-License-Identifier: Apache-2.0
//
// The loop over pipes, timers and threads; and Background, which is a loop's helper.
#include "net/loop.h"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "net/background.h"

namespace tickcast::net {
namespace {

constexpr std::int64_t kDeadlineNs = 20 * kNsPerSecond;

template <class Condition>
bool turn_until(Loop& loop, Condition condition) {
  const std::int64_t deadline = steady_ns() + kDeadlineNs;
  while (!condition() && steady_ns() < deadline) loop.turn(10 * kNsPerMs);
  return condition();
}

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe2(fds_.data(), O_NONBLOCK | O_CLOEXEC), 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  int reader() const { return fds_[0]; }
  int writer() const { return fds_[1]; }
  void fill() { EXPECT_EQ(write(fds_[1], "x", 1), 1); }
  void drain() {
    char byte = 0;
    EXPECT_EQ(read(fds_[0], &byte, 1), 1);
  }
  void close_reader() { close_one(fds_[0]); }
  void close_writer() { close_one(fds_[1]); }

 private:
  static void close_one(int& fd) {
    if (fd >= 0) close(std::exchange(fd, -1));
  }
  std::array<int, 2> fds_{-1, -1};
};

struct Recorder final : Ready {
  void on_ready(std::uint32_t what) override {
    calls.push_back(what);
    if (then) then();
  }
  std::vector<std::uint32_t> calls;
  std::function<void()> then;
};

TEST(Loop, CallsTheHandlerWhileItsDescriptorIsReadable) {
  Loop loop;
  Pipe pipe;
  Recorder recorder;
  loop.add(pipe.reader(), kReadable, recorder);
  loop.turn(0);
  EXPECT_TRUE(recorder.calls.empty());
  pipe.fill();
  loop.turn(0);
  loop.turn(0);  // level-triggered: nobody has read
  EXPECT_EQ(recorder.calls, (std::vector<std::uint32_t>{kReadable, kReadable}));
  pipe.drain();
  loop.turn(0);
  EXPECT_EQ(recorder.calls.size(), 2u);
  loop.remove(pipe.reader(), recorder);
}

TEST(Loop, ReportsOnlyWhatIsAskedForAndABreakAlways) {
  Loop loop;
  Pipe pipe;
  Recorder recorder;
  loop.add(pipe.writer(), kReadable, recorder);
  loop.turn(0);
  EXPECT_TRUE(recorder.calls.empty());
  loop.change(pipe.writer(), kWritable, recorder);
  loop.turn(0);
  EXPECT_EQ(recorder.calls, std::vector<std::uint32_t>{kWritable});
  loop.change(pipe.writer(), 0, recorder);
  pipe.close_reader();
  loop.turn(0);
  ASSERT_EQ(recorder.calls.size(), 2u);
  EXPECT_EQ(recorder.calls[1], kBroken);
  loop.remove(pipe.writer(), recorder);
}

TEST(Loop, DoesNotCallAHandlerRemovedInTheSameTurn) {
  Loop loop;
  Pipe one;
  Pipe two;
  Recorder first;
  Recorder second;
  loop.add(one.reader(), kReadable, first);
  loop.add(two.reader(), kReadable, second);
  one.fill();
  two.fill();
  first.then = [&] { loop.remove(two.reader(), second); };
  second.then = [&] { loop.remove(one.reader(), first); };
  loop.turn(0);
  EXPECT_EQ(first.calls.size() + second.calls.size(), 1u);
  if (first.calls.empty()) {
    loop.remove(two.reader(), second);
  } else {
    loop.remove(one.reader(), first);
  }
}

TEST(Loop, DoesNotGiveAnOldEventToTheNewOwnerOfADescriptor) {
  Loop loop;
  Pipe one;
  Pipe two;
  Recorder old_one;
  Recorder old_two;
  Recorder fresh;
  loop.add(one.reader(), kReadable, old_one);
  loop.add(two.reader(), kReadable, old_two);
  one.fill();
  two.fill();
  // Whoever is called first gives the other's descriptor number to a new owner, whose pipe is empty.
  Pipe empty;
  int reused = -1;
  const auto reuse = [&](Pipe& other, Recorder& owner) {
    reused = other.reader();
    loop.remove(reused, owner);
    ASSERT_EQ(dup3(empty.reader(), reused, O_CLOEXEC), reused);
    loop.add(reused, kReadable, fresh);
  };
  old_one.then = [&] { reuse(two, old_two); };
  old_two.then = [&] { reuse(one, old_one); };
  loop.turn(0);
  EXPECT_EQ(old_one.calls.size() + old_two.calls.size(), 1u);
  EXPECT_TRUE(fresh.calls.empty());
  loop.remove(reused, fresh);
  Recorder& called = old_one.calls.empty() ? old_two : old_one;
  loop.remove(&called == &old_one ? one.reader() : two.reader(), called);
}

TEST(Loop, CallsAgainInTheNextTurnUnlessRemoved) {
  Loop loop;
  Pipe pipe;
  Recorder recorder;
  loop.add(pipe.reader(), kReadable, recorder);
  loop.again(pipe.reader(), kReadable, recorder);
  loop.turn(-1);
  EXPECT_EQ(recorder.calls.size(), 1u);
  loop.again(pipe.reader(), kReadable, recorder);
  loop.remove(pipe.reader(), recorder);
  loop.turn(0);
  EXPECT_EQ(recorder.calls.size(), 1u);
}

TEST(Loop, RunsTimersInOrderOfTheirMomentThenOfRequest) {
  Loop loop;
  std::string order;
  const std::int64_t now = steady_ns();
  loop.at(now + 2 * kNsPerMs, [&] { order += 'c'; });
  loop.at(now + kNsPerMs, [&] { order += 'a'; });
  loop.at(now + kNsPerMs, [&] { order += 'b'; });
  EXPECT_TRUE(turn_until(loop, [&] { return order.size() == 3; }));
  EXPECT_EQ(order, "abc");
  EXPECT_GE(steady_ns(), now + 2 * kNsPerMs);
}

TEST(Loop, NeverRunsATimerEarly) {
  Loop loop;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t due = steady_ns() + 300 * kNsPerUs;
    bool fired = false;
    loop.at(due, [&] { fired = true; });
    ASSERT_TRUE(turn_until(loop, [&] { return fired; }));
    ASSERT_GE(steady_ns(), due);
  }
}

TEST(Loop, ForgetsACancelledTimer) {
  Loop loop;
  bool fired = false;
  bool other = false;
  auto timer = loop.after(0, [&] { fired = true; });
  loop.cancel(timer);
  EXPECT_EQ(timer, 0u);
  loop.cancel(timer);
  loop.after(0, [&] { other = true; });
  EXPECT_TRUE(turn_until(loop, [&] { return other; }));
  EXPECT_FALSE(fired);
}

TEST(Loop, LetsATimerCancelAnotherThatIsDueInTheSameTurn) {
  Loop loop;
  int fired = 0;
  Loop::TimerId second = 0;
  const std::int64_t now = steady_ns();
  loop.at(now, [&] {
    ++fired;
    loop.cancel(second);
  });
  second = loop.at(now, [&] { ++fired; });
  for (int i = 0; i < 3; ++i) loop.turn(0);
  EXPECT_EQ(fired, 1);
}

TEST(Loop, ATimerThatSetsItselfForNowDoesNotHoldTheTurn) {
  Loop loop;
  int fired = 0;
  std::function<void()> again = [&] {
    ++fired;
    loop.at(0, again);
  };
  loop.at(0, again);
  loop.turn(0);
  EXPECT_EQ(fired, 1);
  loop.turn(-1);
  EXPECT_EQ(fired, 2);
}

TEST(Loop, RunsPostsOfOtherThreadsInOrder) {
  Loop loop;
  std::vector<int> got;
  std::thread poster([&] {
    for (int i = 0; i < 1000; ++i) loop.post([&got, i] { got.push_back(i); });
    loop.post([&loop] { loop.stop(); });
  });
  loop.run();
  poster.join();
  ASSERT_EQ(got.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
}

TEST(Loop, IsWokenByAPostWhileItSleepsWithoutLimit) {
  Loop loop;
  std::atomic<int> seen{0};
  std::thread runner([&] { loop.run(); });
  for (int i = 1; i <= 200; ++i) {
    loop.post([&seen] { ++seen; });
    const std::int64_t deadline = steady_ns() + kDeadlineNs;
    while (seen.load() != i && steady_ns() < deadline) std::this_thread::yield();
    ASSERT_EQ(seen.load(), i);
  }
  loop.stop();
  runner.join();
}

TEST(Loop, AStopBeforeRunCounts) {
  Loop loop;
  loop.stop();
  loop.run();
  bool ran = false;
  loop.post([&] {
    ran = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(ran);
}

TEST(Loop, EndOfTurnComesBeforeTheFirstSleepAndLimitsTheNext) {
  Loop loop;
  int turns = 0;
  loop.on_end_of_turn([&]() -> std::int64_t {
    ++turns;
    return turns < 3 ? 0 : kNsPerMs;
  });
  loop.turn(-1);
  loop.turn(-1);
  loop.turn(-1);
  EXPECT_EQ(turns, 3);
  const std::int64_t before = steady_ns();
  loop.turn(-1);
  EXPECT_EQ(turns, 4);
  EXPECT_GE(steady_ns() - before, kNsPerMs / 2);
}

TEST(Loop, DisposesOfObjectsAfterTheTurn) {
  struct Traced {
    explicit Traced(bool& flag) : gone(flag) {}
    ~Traced() { gone = true; }
    bool& gone;
  };
  bool gone = false;
  Loop loop;
  bool alive_in_turn = false;
  loop.post([&] {
    loop.dispose(std::make_unique<Traced>(gone));
    alive_in_turn = !gone;
  });
  loop.turn(0);
  EXPECT_TRUE(alive_in_turn);
  EXPECT_TRUE(gone);
}

TEST(Background, WorksAsideAndAnswersInTheLoopInOrder) {
  Loop loop;
  Background background(loop);
  const auto loop_thread = std::this_thread::get_id();
  std::vector<int> results;
  std::set<std::thread::id> workers;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(background.run(
        [i] {
          return std::pair{i, std::this_thread::get_id()};
        },
        [&](std::pair<int, std::thread::id> result) {
          EXPECT_EQ(std::this_thread::get_id(), loop_thread);
          results.push_back(result.first);
          workers.insert(result.second);
        }));
  }
  EXPECT_TRUE(turn_until(loop, [&] { return results.size() == 10; }));
  EXPECT_EQ(results, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(workers.size(), 1u);
  EXPECT_FALSE(workers.contains(loop_thread));
}

TEST(Background, RefusesJobsOverItsMaximum) {
  Loop loop;
  std::mutex gate;
  std::unique_lock shut(gate);
  Background background(loop);
  std::size_t taken = 0;
  const auto job = [&gate] { return std::lock_guard(gate), 0; };
  while (background.run(job, [](int) {})) ++taken;
  EXPECT_GE(taken, Background::kJobsMax);
  EXPECT_LE(taken, Background::kJobsMax + 1);  // one is under way
  shut.unlock();
}

TEST(Background, DoesNotWaitForAJobThatHangs) {
  struct Gate {
    std::mutex shut;
    std::atomic<bool> begun{false};
    std::atomic<bool> finished{false};
  };
  const auto gate = std::make_shared<Gate>();
  std::unique_lock shut(gate->shut);
  const auto result = std::make_shared<int>(7);
  const auto answered = std::make_shared<std::atomic<bool>>(false);
  std::int64_t waited_ns = 0;
  {
    Loop loop;
    std::optional<Background> background(std::in_place, loop);
    ASSERT_TRUE(background->run(
        [gate, result] {
          gate->begun = true;
          const std::lock_guard lock(gate->shut);
          gate->finished = true;
          return result;
        },
        [answered](const std::shared_ptr<int>&) { *answered = true; }));
    ASSERT_TRUE(turn_until(loop, [&] { return gate->begun.load(); }));
    const std::int64_t before_ns = steady_ns();
    background.reset();
    waited_ns = steady_ns() - before_ns;
  }
  EXPECT_GE(waited_ns, Background::kPatienceNs);
  EXPECT_LT(waited_ns, Background::kPatienceNs + kNsPerSecond);
  EXPECT_FALSE(gate->finished);

  // Its loop is gone when the job ends after all: the result is thrown away.
  shut.unlock();
  const std::int64_t deadline_ns = steady_ns() + 30 * kNsPerSecond;
  while (result.use_count() > 1 && steady_ns() < deadline_ns) std::this_thread::yield();
  EXPECT_TRUE(gate->finished);
  EXPECT_EQ(result.use_count(), 1);
  EXPECT_FALSE(*answered);
}

TEST(Background, DropsWaitingJobsWhenItEnds) {
  Loop loop;
  std::atomic<int> ran{0};
  std::mutex gate;
  {
    Background background(loop);
    std::unique_lock shut(gate);
    std::atomic<bool> begun{false};
    (void)background.run(
        [&] {
          begun = true;
          const std::lock_guard lock(gate);
          return ++ran;
        },
        [](int) {});
    while (!begun) std::this_thread::yield();
    for (int i = 0; i < 10; ++i) (void)background.run([&ran] { return ++ran; }, [](int) {});
    shut.unlock();
  }
  EXPECT_GE(ran.load(), 1);
}

}  // namespace
}  // namespace tickcast::net
