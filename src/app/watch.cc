// SPDX-License-Identifier: Apache-2.0
//
// `tickcast watch`: wires the views of src/watch to the command line, the signals and the network.
#include <cstdio>
#include <optional>

#include <fmt/core.h>

#include "app/http_get.h"
#include "app/roles.h"
#include "app/signals.h"
#include "base/log.h"
#include "net/stream.h"
#include "watch/market_watch.h"
#include "watch/server_watch.h"

namespace tickcast::app {
namespace {

constexpr std::size_t kMetricsBytesMax = 4 * 1024 * 1024;
constexpr std::size_t kShownBytesMax = 200;  // of an answer that is not metrics

Result<std::string> scrape(const wire::Url& url, const std::string& ca_file) {
  auto answer = http_get(url, kMetricsBytesMax, ca_file);
  if (!answer) return answer.error();
  if (answer->status == 200) return std::move(answer->body);
  return Error{fmt::format("{} answered {} ({}), not 200: is it an admin port?", url.text(), answer->status,
                           in_one_line(answer->body.substr(0, kShownBytesMax)))};
}

int watch_admin(const WatchCommand& command) {
  watch::ServerWatchOptions options;
  options.url = command.admin->text();
  options.once = command.once;
  options.scrape = [url = *command.admin, ca_file = command.ca_file] { return scrape(url, ca_file); };
  return watch::watch_server(options, stop_requested);
}

}  // namespace

int run_watch(const WatchCommand& command) {
  set_log_level(LogLevel::error);
  if (command.admin) return watch_admin(command);
  std::optional<net::TlsContext> tls;
  watch::MarketWatchOptions options{command.market, command.once};
  if (options.follow.url.secure()) {
    auto made = net::TlsContext::client(command.ca_file);
    if (!made) {
      std::fprintf(stderr, "tickcast watch: %s\n", made.error().message.c_str());
      return 1;
    }
    options.follow.tls = &tls.emplace(std::move(*made));
  }
  return watch::watch_market(options, stop_requested);
}

}  // namespace tickcast::app
