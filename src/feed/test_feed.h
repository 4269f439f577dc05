// SPDX-License-Identifier: Apache-2.0
//
// For tests: the whole feed over real sockets against an exchange that does as it is told, both on the test's
// own loop.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/log.h"
#include "feed/feed.h"
#include "feed/scripted_exchange.h"
#include "net/test_authority.h"

namespace tickcast::feed::test {

class FeedTest : public testing::Test {
 protected:
  FeedTest() : exchange_(loop_) {
    set_log_level(LogLevel::error);
    options_.backoff_first_ns = 20 * kNsPerMs;
    options_.backoff_max_ns = 200 * kNsPerMs;
    options_.poll_interval_ns = 3600 * kNsPerSecond;
  }

  void list(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) exchange_.list("A" + std::to_string(100 + i) + "USDT");
  }

  // From here on through a proxy that ends TLS.
  void use_tls(const net::TestTlsProxy& proxy, const net::TestAuthority& authority) {
    options_.rest = {"https", "localhost", proxy.port(), ""};
    options_.streams = {"wss", "localhost", proxy.port(), ""};
    options_.ca_file = authority.ca_file();
  }

  void start() {
    if (options_.rest.host.empty()) options_.rest = exchange_.rest();
    if (options_.streams.host.empty()) options_.streams = exchange_.streams();
    feed_ = std::make_unique<Feed>(loop_, symbols_, book_, options_);
    if (tap_) feed_->tap(tap_);
    feed_->start();
  }

  // Turns the loop until it holds; fails after a generous while.
  bool until(const std::function<bool()>& holds, std::int64_t seconds = 60) {
    const std::int64_t deadline_ns = steady_ns() + seconds * kNsPerSecond;
    while (!holds()) {
      if (steady_ns() > deadline_ns) return false;
      loop_.turn(5 * kNsPerMs);
    }
    return true;
  }
  void turn_for(std::int64_t ns) {
    const std::int64_t end_ns = steady_ns() + ns;
    until([&] { return steady_ns() >= end_ns; });
  }

  bool start_and_be_ready() {
    start();
    return until([&] { return stats().ready.load(); });
  }

  const Stats& stats() const { return feed_->stats(); }

  market::Quote held(const std::string& symbol) const {
    market::Book::Entry entry;
    const auto id = symbols_.find(symbol);
    if (id) book_.read(*id, entry);
    return entry.quote;
  }
  bool in_step(const std::string& symbol) const { return held(symbol).same_values(exchange_.last(symbol)); }
  bool all_in_step() const {
    const auto names = exchange_.symbols();
    return std::all_of(names.begin(), names.end(), [&](const auto& name) { return in_step(name); });
  }
  bool twice_subscribed(const std::string& symbol) { return exchange_.subscribers(symbol) == 2; }
  market::SourceState state() const { return book_.source().state; }

  net::Loop loop_;
  ScriptedExchange exchange_;
  market::SymbolTable symbols_;
  market::Book book_;
  Options options_;
  FrameTap tap_;
  std::unique_ptr<Feed> feed_;
};

}  // namespace tickcast::feed::test
