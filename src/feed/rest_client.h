// SPDX-License-Identifier: Apache-2.0
//
// RestClient: the exchange's REST look-ups that a feed needs. Requests run one at a time in a helper thread
// of the client's own, bodies are parsed there too, and the results come back into the loop.
//
// Thread: its loop's. The only file that sees libcurl. Redirects are not followed, proxies of the environment
// are not used (the streams could not use them either), a body may be compressed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "market/source.h"
#include "market/symbol_table.h"
#include "net/loop.h"
#include "wire/rest.h"
#include "wire/url.h"

namespace tickcast::feed {

struct RestOptions {
  wire::Url base;                                      // https://data-api.binance.vision
  std::string ca_file;                                 // "": the system's trust store
  std::int64_t connect_timeout_ns = 5 * kNsPerSecond;  // name, TCP and TLS
  std::int64_t stall_timeout_ns = 8 * kNsPerSecond;    // no byte for so long
  std::int64_t total_timeout_ns = 60 * kNsPerSecond;   // of one request
  std::size_t body_bytes_max = 64 * 1024 * 1024;       // unpacked; exchangeInfo has about 5 MB
};

struct RestFailure {
  std::string message;       // names the host, what went wrong and what to do
  std::int64_t wait_ns = 0;  // at least so long before the next request; 0: the caller's own back-off will do
};

// What came of a request. Times are the wall clock's.
template <class T>
struct RestOutcome {
  std::int64_t asked_ns = 0;     // just before the request went out: the exchange made its answer later
  std::int64_t answered_ns = 0;  // when the whole answer was here
  market::Origin origin = market::Origin::live;  // what the exchange says of itself
  bool has_status = false;                       // it is a tickcast, whose streams have `!status`
  std::variant<T, RestFailure> result;

  const T* value() const { return std::get_if<0>(&result); }
  const RestFailure* failure() const { return std::get_if<1>(&result); }
};

using Listings = std::vector<market::Listing>;
using RestTickers = std::vector<wire::RestTicker>;

class RestClient {
 public:
  RestClient(net::Loop& loop, const RestOptions& options);
  // Breaks off the request under way (within about a second); callbacks still to come are dropped.
  ~RestClient();

  // At most a few requests may be waiting (net::Background::kJobsMax).
  void ping(std::function<void(RestOutcome<Done>)> done);
  void exchange_info(std::function<void(RestOutcome<Listings>)> done);
  void book_tickers(std::function<void(RestOutcome<RestTickers>)> done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickcast::feed
