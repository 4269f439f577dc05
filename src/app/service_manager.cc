// SPDX-License-Identifier: Apache-2.0
#include "app/service_manager.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <utility>

#include <fmt/core.h>

#include "base/log.h"

namespace tickcast::app {
namespace {

constexpr std::int64_t kBeatMaxNs = 5 * kNsPerSecond;
constexpr std::int64_t kReadyPollNs = 100 * kNsPerMs;
// Asked for with each beat until the role is ready: three beats may be late.
constexpr std::int64_t kPatienceNs = 3 * kBeatMaxNs;

std::int64_t beat_of(std::int64_t watchdog_ns) {
  return watchdog_ns > 0 ? std::min(watchdog_ns / 2, kBeatMaxNs) : kBeatMaxNs;
}

// "3 ms", "12 s": as people say it.
std::string duration(std::int64_t ns) {
  return ns < 10 * kNsPerSecond ? fmt::format("{} ms", ns / kNsPerMs)
                                : fmt::format("{} s", ns / kNsPerSecond);
}

}  // namespace

std::string status_line(const Vitals& vitals, std::int64_t now_ns) {
  std::string out = vitals.readiness.word;
  if (vitals.clients) out += fmt::format(", {} client{}", *vitals.clients, *vitals.clients == 1 ? "" : "s");
  if (!vitals.last_ns) return out;
  if (*vitals.last_ns == 0) return out + ", no quote yet";
  const std::int64_t age_ns = std::max<std::int64_t>(now_ns - static_cast<std::int64_t>(*vitals.last_ns), 0);
  return out + ", last quote " + duration(age_ns) + " ago";
}

struct ServiceManager::Answers {
  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex.
  std::vector<bool> owed;  // by loop
  bool ended = false;

  void take(std::size_t loop) {
    const std::lock_guard lock(mutex);
    owed[loop] = false;
    changed.notify_all();
  }
  bool complete() const { return first_owed() == owed.size(); }
  std::size_t first_owed() const {
    return static_cast<std::size_t>(std::find(owed.begin(), owed.end(), true) - owed.begin());
  }
};

ServiceManager::ServiceManager(const ManagerEnvironment& environment, Ask ask, std::vector<WatchedLoop> loops)
    : ask_(std::move(ask)),
      loops_(std::move(loops)),
      watchdog_(environment.watchdog_ns > 0),
      beat_ns_(beat_of(environment.watchdog_ns)),
      answers_(std::make_shared<Answers>()) {
  if (environment.socket.empty()) return;
  auto socket = NotifySocket::open(environment.socket);
  if (!socket) {
    log_warning("app", "{}; nobody is told how this role does", socket.error().message);
    return;
  }
  socket_.emplace(std::move(*socket));
  answers_->owed.resize(loops_.size());
  thread_ = std::thread([this] { run(); });
}

ServiceManager::~ServiceManager() { end(); }

void ServiceManager::end() {
  {
    const std::lock_guard lock(answers_->mutex);
    answers_->ended = true;
    answers_->changed.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void ServiceManager::run() {
  for (bool going = true; going;) {
    const std::int64_t begun_ns = steady_ns();
    ask_loops();
    if (!wait_for_answers()) return;
    tell();
    going = pause(begun_ns + (ready_ ? beat_ns_ : std::min(beat_ns_, kReadyPollNs)));
  }
}

void ServiceManager::ask_loops() {
  {
    const std::lock_guard lock(answers_->mutex);
    answers_->owed.assign(loops_.size(), true);
  }
  for (std::size_t i = 0; i < loops_.size(); ++i)
    loops_[i].post([answers = answers_, i] { answers->take(i); });
}

// However long they take; false: this object ends.
bool ServiceManager::wait_for_answers() {
  const std::int64_t asked_ns = steady_ns();
  bool hung = false;
  std::unique_lock lock(answers_->mutex);
  const auto done = [this] { return answers_->ended || answers_->complete(); };
  while (!answers_->changed.wait_for(lock, std::chrono::nanoseconds(beat_ns_), done)) {
    const std::size_t loop = answers_->first_owed();
    lock.unlock();
    tell_of_hang(loop, asked_ns, !std::exchange(hung, true));
    lock.lock();
  }
  if (answers_->ended) return false;
  if (hung) log_warning("app", "every loop turns again after {}", duration(steady_ns() - asked_ns));
  return true;
}

// False: this object ends.
bool ServiceManager::pause(std::int64_t until_ns) {
  std::unique_lock lock(answers_->mutex);
  const std::int64_t left_ns = std::max<std::int64_t>(until_ns - steady_ns(), 0);
  return !answers_->changed.wait_for(lock, std::chrono::nanoseconds(left_ns),
                                     [this] { return answers_->ended; });
}

void ServiceManager::tell() {
  const std::lock_guard lock(telling_);
  const Vitals vitals = ask_();
  const bool becomes_ready = !ready_ && vitals.readiness.ready;
  const std::int64_t now_ns = steady_ns();
  if (!ready_ && !becomes_ready && now_ns < beat_due_ns_) return;
  std::string lines = becomes_ready ? "READY=1\n" : "";
  if (!ready_ && !becomes_ready) lines += fmt::format("EXTEND_TIMEOUT_USEC={}\n", kPatienceNs / kNsPerUs);
  if (watchdog_) lines += "WATCHDOG=1\n";
  lines += "STATUS=" + status_line(vitals, wall_ns());
  if (!send(lines)) return;
  if (becomes_ready) ready_ = true;
  beat_due_ns_ = now_ns + beat_ns_;
}

void ServiceManager::tell_of_hang(std::size_t loop, std::int64_t since_ns, bool first) {
  const std::string what =
      fmt::format("the {} loop has not turned for {}", loops_[loop].name, duration(steady_ns() - since_ns));
  if (first)
    log_error("app", "{}{}", what,
              watchdog_ ? "; the service manager's watchdog is not told that all is well" : "");
  const std::lock_guard lock(telling_);
  send("STATUS=" + what);
}

// Whether it was taken. Says what is wrong once, until it is right again.
bool ServiceManager::send(const std::string& lines) {
  const Status sent = socket_->send(lines);
  if (!sent && !complained_) log_warning("app", "{}", sent.error().message);
  complained_ = !sent;
  return sent.has_value();
}

void ServiceManager::reload(const std::function<void()>& read_again) {
  if (!socket_) return read_again();
  const std::lock_guard lock(telling_);
  // To a manager that waits for READY=1, the one behind a reload would be it.
  if (!ready_) return read_again();
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", steady_ns() / kNsPerUs));
  read_again();
  send("READY=1");
}

void ServiceManager::stopping(std::int64_t at_most_ns) {
  if (!socket_) return;
  end();
  const std::lock_guard lock(telling_);
  send(fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={}\nSTATUS=draining", at_most_ns / kNsPerUs));
}

}  // namespace tickcast::app
