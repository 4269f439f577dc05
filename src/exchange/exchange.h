// SPDX-License-Identifier: Apache-2.0
//
// Exchange: a server that behaves like Binance Spot's market data, over a synthetic market or a recording:
// stream paths, control messages, limits and lifecycle, REST twins, and faults on demand. Every event goes to
// every subscriber, queued as the real one does it; a reader that is too slow is disconnected.
//
// Thread: start() makes one thread, which owns everything; the other members may be called from any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "exchange/market_model.h"
#include "exchange/rules.h"
#include "exchange/source.h"
#include "exchange/venue_counters.h"
#include "wire/url.h"

namespace tickcast::exchange {

struct Options {
  wire::ListenAddress listen;
  MarketOptions market;  // start_ns 0: now
  Rules rules;
  std::string replay_path;  // a recording instead of the synthetic market; "" for none
  double replay_speed = 1;
  std::vector<std::string> faults;  // see exchange/faults.h for the language
  bool control_endpoint = true;     // /control/... on the same port, answered to loopback peers only
};

class Exchange {
 public:
  // Listens and starts the thread. An error says what is wrong with the options, the recording or the port.
  static Result<std::unique_ptr<Exchange>> start(const Options& options);
  // The same over any source; the options' market and recording are not looked at.
  static Result<std::unique_ptr<Exchange>> start(const Options& options, std::unique_ptr<Source> source);
  ~Exchange();  // stops cleanly: serverShutdown, then close, at most 1 s

  std::uint16_t port() const;
  const VenueCounters& counters() const;  // Thread: any

 private:
  struct Impl;
  explicit Exchange(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickcast::exchange
