// SPDX-License-Identifier: Apache-2.0
#include "load/run.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/core.h>
#include <time.h>

#include "base/clock.h"

namespace tickcast::load {
namespace {

constexpr timespec kLookEvery{0, 20'000'000};
constexpr std::int64_t kProgressNs = 250 * kNsPerMs;

class Conductor {
 public:
  Conductor(const RunOptions& options, Crew& crew, Watcher& watcher)
      : options_(options), crew_(crew), watcher_(watcher) {}

  RunResult conduct(std::optional<ProcessUse> before) {
    const std::int64_t began_ns = steady_ns();
    wait_in(Phase::connecting, [this] { return crew_.reached(Phase::connected); });
    result_.connecting_ns = steady_ns() - began_ns;
    wait_in(Phase::connected, [this] { return in_phase_ns() >= options_.warm_up_ns; });
    if (!watcher_.broken_off()) measure(before);
    crew_.ask(Phase::settling);
    began_phase_ns_ = steady_ns();
    // Comparing is not broken off: it has a deadline of its own.
    while (!crew_.reached(Phase::settled)) look(Phase::settling);
    add_up();
    return std::move(result_);
  }

 private:
  void measure(const std::optional<ProcessUse>& before) {
    crew_.ask(Phase::measuring);
    wait_in(Phase::connected, [this] { return crew_.reached(Phase::measuring); });
    const auto begin = server_use();
    const auto machine_begin = use_of_machine();
    wait_in(Phase::measuring, [this] { return in_phase_ns() >= options_.duration_ns; });
    const auto end = server_use();
    const auto machine_end = use_of_machine();
    if (machine_begin && machine_end) result_.machine = busy_cores(*machine_begin, *machine_end);
    if (before && begin && end)
      result_.server = ServerUse{end->cpu_ns - begin->cpu_ns, before->memory_bytes, end->memory_bytes};
  }

  std::optional<ProcessUse> server_use() const {
    if (!options_.server_pid) return std::nullopt;
    const auto use = use_of_process(*options_.server_pid);
    return use ? std::optional(*use) : std::nullopt;
  }

  template <class Done>
  void wait_in(Phase phase, Done done) {
    began_phase_ns_ = steady_ns();
    while (!done() && !watcher_.broken_off()) look(phase);
  }

  void look(Phase phase) {
    nanosleep(&kLookEvery, nullptr);
    const std::int64_t now_ns = steady_ns();
    if (now_ns - shown_ns_ < kProgressNs) return;
    shown_ns_ = now_ns;
    Progress progress{.phase = phase, .phase_ns = now_ns - began_phase_ns_};
    for (std::uint32_t i = 0; i < crew_.processes(); ++i) {
      const Tally& tally = crew_.tally(i);
      progress.connected += tally.connected.get();
      progress.refused += tally.refused.get() + tally.failed.get();
      progress.messages += tally.messages.get();
    }
    watcher_.on_progress(progress);
  }

  std::int64_t in_phase_ns() const { return steady_ns() - began_phase_ns_; }

  void add_up() {
    for (std::uint32_t i = 0; i < crew_.processes(); ++i) {
      const Tally& tally = crew_.tally(i);
      result_.tally.add(tally);
      if (tally.measured_ns > 0) {
        result_.busiest = std::max(
            result_.busiest, static_cast<double>(tally.cpu_ns) / static_cast<double>(tally.measured_ns));
      }
    }
  }

  const RunOptions& options_;
  Crew& crew_;
  Watcher& watcher_;
  RunResult result_;
  std::int64_t began_phase_ns_ = 0;
  std::int64_t shown_ns_ = 0;
};

}  // namespace

Result<RunResult> run(const RunOptions& options, Watcher& watcher) {
  std::optional<ProcessUse> before;
  if (options.server_pid) {
    auto use = use_of_process(*options.server_pid);
    if (!use) return use.error();
    before = *use;
  }
  auto crew = Crew::start(options.fleet, options.processes);
  if (!crew) return crew.error();
  auto result = std::make_unique<RunResult>(Conductor(options, **crew, watcher).conduct(before));
  if (!result->tally.broken.empty()) return Error{std::string(result->tally.broken.view())};
  result->target = options.fleet.client.url.text();
  result->clients = options.fleet.clients;
  result->processes = options.processes;
  result->timed = options.fleet.streams.timed;
  return std::move(*result);
}

}  // namespace tickcast::load
