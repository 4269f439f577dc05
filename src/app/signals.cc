// SPDX-License-Identifier: Apache-2.0
#include "app/signals.h"

#include <atomic>
#include <cstdint>

#include <signal.h>
#include <unistd.h>

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"

namespace tickcast::app {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

// One wish may come as two signals: timeout(1) sends to the process and to its group.
constexpr std::int64_t kSameWishNs = 100 * kNsPerMs;

std::atomic<std::int64_t> first_ns = 0;  // when the first was taken

void end_at_once(int signal) {
  if (steady_ns() - first_ns > kSameWishNs) _exit(128 + signal);
}

}  // namespace

void block_signals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

bool stop_requested() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
         sigismember(&pending, SIGHUP) == 1;
}

void wait_for_stop(const std::function<void()>& read_again) {
  const sigset_t set = stop_signals();
  int signal_number = 0;
  for (sigwait(&set, &signal_number); signal_number == SIGHUP && read_again; sigwait(&set, &signal_number))
    read_again();
  first_ns = steady_ns();
  log_info("app", "stopping");
  signal(SIGINT, end_at_once);
  signal(SIGTERM, end_at_once);
  signal(SIGHUP, end_at_once);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace tickcast::app
