// SPDX-License-Identifier: Apache-2.0
//
// market_stats: prints the figures of the synthetic market, or of a recording, beside those of the real one.
//
//   market_stats --minutes 20 --seed 1
//   market_stats --recording bookticker.gz
#include "exchange/market_stats.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "exchange/market_comparison.h"
#include "exchange/market_model.h"
#include "exchange/replay.h"

namespace {

using namespace tickcast;
using namespace tickcast::exchange;

constexpr std::int64_t kStartNs = 1'760'000'000 * kNsPerSecond;  // any moment: time is simulated

MarketFigures measure(Source& source, std::int64_t end_ns, std::uint32_t first, std::uint32_t second) {
  MarketStats stats(source.listings(), first, second);
  while (source.next_ns() < end_ns) {
    for (const MarketEvent& event : source.due(end_ns)) stats.add(event);
  }
  return stats.figures(source.quotes());
}

void print(const MarketFigures& figures) {
  std::printf("%.0f s, %.0f events/s; busiest 10 ms %.0f times the mean\n", figures.seconds,
              figures.events_per_second, figures.bursts_10ms);
  std::fputs(comparison_table(compare_with_real(figures)).c_str(), stdout);
}

// The numbers of the two busiest symbols.
std::vector<std::uint32_t> busiest(Source& source) {
  std::vector<std::uint64_t> counts(source.listings().size());
  constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
  while (source.next_ns() < kEnd) {
    for (const MarketEvent& event : source.due(kEnd)) ++counts[event.symbol];
  }
  std::vector<std::uint32_t> numbers(counts.size());
  for (std::uint32_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
  std::sort(numbers.begin(), numbers.end(), [&](auto a, auto b) { return counts[a] > counts[b]; });
  return numbers;
}

int measure_recording(const std::string& path) {
  auto survey = open_replay(path, 1, kStartNs);
  auto replay = survey ? open_replay(path, 1, kStartNs) : Result<std::unique_ptr<Replay>>(survey.error());
  if (!replay) {
    std::fprintf(stderr, "market_stats: %s\n", replay.error().message.c_str());
    return 1;
  }
  const auto numbers = busiest(**survey);
  print(measure(**replay, std::numeric_limits<std::int64_t>::max(), numbers[0],
                numbers[std::min<std::size_t>(1, numbers.size() - 1)]));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"The figures of the synthetic market beside those of the real one"};
  MarketOptions options;
  options.start_ns = kStartNs;
  double minutes = 20;
  std::string recording;
  app.add_option("--minutes", minutes, "of simulated time")->check(CLI::Range(0.1, 120.0));
  app.add_option("--symbols", options.symbols)->check(CLI::Range(2, 8192));
  app.add_option("--rate", options.events_per_second, "events/s")->check(CLI::Range(1.0, 200000.0));
  app.add_option("--seed", options.seed);
  app.add_option("--recording", recording, "measure this file instead of the synthetic market");
  CLI11_PARSE(app, argc, argv);

  if (!recording.empty()) return measure_recording(recording);
  MarketModel market(options);
  print(measure(market, options.start_ns + static_cast<std::int64_t>(minutes * 60 * kNsPerSecond), 0, 1));
  return 0;
}
