// SPDX-License-Identifier: Apache-2.0
//
// What the emitter's user-space code adds to the kernel's price, and what its clients cost: each measure of
// one shard beside a bare loop that does the least possible for the same bytes. Both in one run, in turn, so
// that ratios hold where absolute times drift; figures are medians.
//
//   fanout_bench [--runs N] [--seconds S] [PART...]
//   parts: idle hot same different storm slow stalled balance shards (parts.h); all unless said
//
// The serving side is pinned to processor 0, the clients (child processes) to processor 1. Run it in a clean
// network namespace (`make bench` does): firewall hooks on loopback cost both sides, unequally.
#include <algorithm>
#include <string>
#include <vector>

#include <signal.h>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "crowd.h"
#include "net/socket.h"
#include "pairs.h"
#include "parts.h"

namespace {

constexpr const char* kBesideBare[] = {"idle", "hot", "same", "different", "storm"};

}  // namespace

int main(int argc, char** argv) {
  using namespace tickcast;
  using namespace tickcast::bench;
  CLI::App app("What the emitter adds to the kernel's price of serving clients");
  int runs = 3;
  int seconds = 30;
  std::vector<std::string> parts;
  app.add_option("--runs", runs, "pairs of runs for each figure")->check(CLI::Range(1, 100));
  app.add_option("--seconds", seconds, "for which `stalled` watches the memory")
      ->check(CLI::Range(2, 86'400));
  app.add_option("part", parts)
      ->check(CLI::IsMember(
          {"idle", "hot", "same", "different", "storm", "slow", "stalled", "balance", "shards"}));
  CLI11_PARSE(app, argc, argv);
  const auto wanted = [&](const char* part) { return parts.empty() || std::ranges::count(parts, part) != 0; };

  signal(SIGPIPE, SIG_IGN);
  set_log_level(LogLevel::warning);
  net::raise_descriptor_limit();
  pin_to(0);
  if (std::ranges::any_of(kBesideBare, wanted)) print_columns("bare", "emitter", runs);
  if (wanted("idle")) idle();
  if (wanted("hot")) hot(runs);
  if (wanted("same")) same(runs);
  if (wanted("different")) different(runs);
  if (wanted("storm")) storm(runs);
  if (wanted("slow")) slow();
  if (wanted("stalled")) stalled(runs, seconds * kNsPerSecond);
  if (wanted("balance")) balance();
  if (wanted("shards")) shards(runs);
  return 0;
}
