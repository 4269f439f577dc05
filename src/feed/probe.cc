// SPDX-License-Identifier: Apache-2.0
//
// probe(): tries the exchange once, REST first and then a stream connection, on a loop of its own.
#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/core.h>

#include "base/clock.h"
#include "feed/feed.h"
#include "feed/refusal.h"
#include "feed/rest_client.h"
#include "feed/stream_connection.h"
#include "net/background.h"
#include "net/loop.h"

namespace tickcast::feed {
namespace {

class Probe final : private ws::ClientEvents {
 public:
  Probe(net::Loop& loop, const Options& options, std::int64_t timeout_ns)
      : loop_(loop), options_(options), timeout_ns_(timeout_ns) {
    RestOptions rest;
    rest.base = options.rest;
    rest.ca_file = options.ca_file;
    rest.connect_timeout_ns = timeout_ns;
    rest.stall_timeout_ns = std::max(timeout_ns, kNsPerSecond);  // libcurl counts it in whole seconds
    rest.total_timeout_ns = timeout_ns;
    rest_ = std::make_unique<RestClient>(loop, rest);
  }

  Status run() {
    const std::int64_t deadline_ns = steady_ns() + timeout_ns_;
    rest_->ping([this](const RestOutcome<Done>& outcome) {
      if (const RestFailure* failure = outcome.failure()) return fail(failure->message);
      dial();
    });
    while (!outcome_) {
      const std::int64_t left_ns = deadline_ns - steady_ns();
      if (left_ns <= 0) {
        return Error{fmt::format("the exchange ({}, {}) did not answer within {:.1f} s",
                                 options_.rest.authority(), options_.streams.authority(),
                                 static_cast<double>(timeout_ns_) / static_cast<double>(kNsPerSecond))};
      }
      loop_.turn(left_ns);
    }
    return *outcome_;
  }

 private:
  void dial() {
    if (options_.streams.secure()) {
      auto tls = net::TlsContext::client(options_.ca_file);
      if (!tls) return fail(tls.error().message);
      tls_.emplace(std::move(tls).value());
    }
    ws::ClientOptions options;
    options.dial_timeout_ns = timeout_ns_;
    ws::ClientEvents& self = *this;
    client_ =
        std::make_unique<ws::Client>(loop_, resolver_, options_.streams, stream_target(options_.streams),
                                     tls_ ? &*tls_ : nullptr, options, self);
  }

  void fail(const std::string& why) { outcome_ = Error{why}; }

  void on_open(ws::Connection&) override { outcome_ = Done{}; }
  void on_dial_failed(const ws::DialFailure& failure) override {
    if (failure.http_status == 0) return fail(failure.message);
    fail(explain_refusal(Service::streams, options_.streams.authority(), failure.http_status,
                         wire::header(failure.headers, "Retry-After"))
             .message);
  }
  void on_message(ws::Connection&, const wire::Message&, std::int64_t) override {}
  void on_writable(ws::Connection&) override {}
  void on_ended(ws::Connection&, const ws::Ended&) override {}

  net::Loop& loop_;
  const Options& options_;
  std::int64_t timeout_ns_;
  net::Background resolver_{loop_};
  std::unique_ptr<RestClient> rest_;
  std::optional<net::TlsContext> tls_;
  std::unique_ptr<ws::Client> client_;
  std::optional<Status> outcome_;
};

}  // namespace

Status probe(const Options& options, std::int64_t timeout_ns) {
  net::Loop loop;
  return Probe(loop, options, timeout_ns).run();
}

}  // namespace tickcast::feed
