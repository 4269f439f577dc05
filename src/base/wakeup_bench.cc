// SPDX-License-Identifier: Apache-2.0
//
// What waking a thread costs:
//   NotifyAwake    telling one that is awake: a fence and a load
//   NotifyAsleep   telling one that sleeps, without its waking: the exchange of the flag and a write to the
//   eventfd WakeThere      from before notify() until the other thread, which slept in poll(), has drained:
//   half of a
//                  round trip between two threads. Where both share one core a switch of threads is in it.
#include "base/wakeup.h"

#include <atomic>
#include <thread>

#include <poll.h>

#include <benchmark/benchmark.h>

namespace tickcast {
namespace {

void NotifyAwake(benchmark::State& state) {
  Wakeup wakeup;
  for (auto _ : state) wakeup.notify();
}
BENCHMARK(NotifyAwake);

void NotifyAsleep(benchmark::State& state) {
  Wakeup wakeup;
  for (auto _ : state) {
    wakeup.arm();
    wakeup.notify();
  }
}
BENCHMARK(NotifyAsleep);

void sleep_on(Wakeup& wakeup) {
  pollfd slept{.fd = wakeup.fd(), .events = POLLIN, .revents = 0};
  while (poll(&slept, 1, -1) != 1) continue;
  wakeup.drain();
}

void WakeThere(benchmark::State& state) {
  Wakeup there;
  Wakeup back;
  std::atomic<bool> stop{false};
  there.arm();
  std::thread other([&] {
    for (;;) {
      sleep_on(there);
      if (stop) return;
      there.arm();
      back.notify();
    }
  });
  for (auto _ : state) {
    back.arm();
    there.notify();
    sleep_on(back);
  }
  stop = true;
  there.notify();
  other.join();
  state.counters["one_way"] = benchmark::Counter(2 * static_cast<double>(state.iterations()),
                                                 benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(WakeThere)->UseRealTime();

}  // namespace
}  // namespace tickcast
