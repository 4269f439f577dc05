// SPDX-License-Identifier: Apache-2.0
#include "exchange/exchange.h"

#include <thread>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/log.h"
#include "exchange/faults.h"
#include "exchange/replay.h"
#include "exchange/venue.h"
#include "market/symbol_table.h"
#include "net/loop.h"
#include "net/socket.h"

namespace tickcast::exchange {
namespace {

constexpr std::int64_t kStopNsMax = kNsPerSecond;

Result<std::unique_ptr<Source>> make_market(const MarketOptions& options) {
  if (options.symbols == 0 || options.symbols > market::SymbolTable::kSymbolsMax) {
    return Error{fmt::format("a market of {} symbols is not possible; 1 to {} are", options.symbols,
                             market::SymbolTable::kSymbolsMax)};
  }
  if (!(options.events_per_second > 0 && options.events_per_second <= 1e7)) {
    return Error{
        fmt::format("a market of {} events per second is not possible; more than 0 and at most 10000000 are",
                    options.events_per_second)};
  }
  MarketOptions from_now = options;
  if (from_now.start_ns == 0) from_now.start_ns = wall_ns();
  return std::unique_ptr<Source>(std::make_unique<MarketModel>(from_now));
}

Result<std::unique_ptr<Source>> make_source(const Options& options) {
  if (options.replay_path.empty()) return make_market(options.market);
  auto replay = open_replay(options.replay_path, options.replay_speed, wall_ns());
  if (!replay) return replay.error();
  return std::unique_ptr<Source>(std::move(replay).value());
}

Result<std::vector<Fault>> parse_faults(const std::vector<std::string>& texts) {
  std::vector<Fault> faults;
  for (const auto& text : texts) {
    auto fault = parse_fault(text);
    if (!fault) return fault.error();
    faults.push_back(std::move(fault).value());
  }
  return faults;
}

}  // namespace

struct Exchange::Impl {
  Impl(const Options& options, std::unique_ptr<Source> played)
      : source(std::move(played)), venue(loop, *source, options.rules, options.control_endpoint) {}
  ~Impl() {
    if (!thread.joinable()) return;
    loop.post([this] {
      venue.stop([this] { loop.stop(); });
      loop.after(kStopNsMax, [this] { loop.stop(); });
    });
    thread.join();
  }

  net::Loop loop;
  std::unique_ptr<Source> source;
  Venue venue;
  std::uint16_t port = 0;
  std::thread thread;
};

Result<std::unique_ptr<Exchange>> Exchange::start(const Options& options) {
  // What costs nothing is checked before a recording is read.
  if (const auto faults = parse_faults(options.faults); !faults) return faults.error();
  auto source = make_source(options);
  if (!source) return source.error();
  return start(options, std::move(source).value());
}

Result<std::unique_ptr<Exchange>> Exchange::start(const Options& options, std::unique_ptr<Source> source) {
  const auto faults = parse_faults(options.faults);
  if (!faults) return faults.error();
  auto listener = net::listen_tcp(options.listen, {});
  if (!listener) return listener.error();
  const auto endpoint = net::local_endpoint(*listener);
  if (!endpoint) return endpoint.error();

  auto impl = std::make_unique<Impl>(options, std::move(source));
  impl->port = endpoint->port();
  for (const Fault& fault : *faults) {
    if (const auto given = impl->venue.give_fault(fault); !given) return given.error();
  }
  impl->venue.listen(std::move(listener).value());
  impl->thread = std::thread([&loop = impl->loop] { loop.run(); });
  return std::unique_ptr<Exchange>(new Exchange(std::move(impl)));
}

Exchange::Exchange(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Exchange::~Exchange() = default;

std::uint16_t Exchange::port() const { return impl_->port; }

const VenueCounters& Exchange::counters() const { return impl_->venue.counters(); }

}  // namespace tickcast::exchange
