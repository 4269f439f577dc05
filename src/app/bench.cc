// SPDX-License-Identifier: Apache-2.0
#include "app/bench.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>

#include <unistd.h>

#include <fmt/core.h>

#include "app/signals.h"
#include "load/floor.h"
#include "load/report.h"
#include "load/run.h"
#include "net/socket.h"
#include "net/stream.h"

namespace tickcast::app {
namespace {

constexpr std::int64_t kShortestNs = 100 * kNsPerMs;

// Shows how far a run is on one line of a terminal; nothing elsewhere.
class Terminal final : public load::Watcher {
 public:
  void on_progress(const load::Progress& progress) override {
    if (!is_terminal_) return;
    const auto ms = std::max<std::int64_t>(progress.phase_ns / kNsPerMs, 1);
    switch (progress.phase) {
      case load::Phase::connecting:
        return show("{} connected, {} refused", progress.connected, progress.refused);
      case load::Phase::connected:
        return show("{} connected; first quotes are let by", progress.connected);
      case load::Phase::measuring:
        return show("{} connected; {:.1f} s; {} deliveries/s", progress.connected,
                    static_cast<double>(ms) / 1e3,
                    progress.messages * 1'000 / static_cast<std::uint64_t>(ms));
      case load::Phase::settling:
      case load::Phase::settled:
        return show("comparing what clients hold with the server: {:.1f} s", static_cast<double>(ms) / 1e3);
    }
  }

  bool broken_off() override {
    if (!broken_off_ && stop_requested()) {
      broken_off_ = true;
      wait_for_stop();  // the next signal ends us at once
    }
    return broken_off_;
  }

  void clear() const {
    if (is_terminal_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  template <class... Args>
  void show(fmt::format_string<Args...> format, Args&&... args) const {
    fmt::print(stderr, "\r\x1b[K{}", fmt::format(format, std::forward<Args>(args)...));
    std::fflush(stderr);
  }

  const bool is_terminal_ = isatty(STDERR_FILENO) == 1;
  bool broken_off_ = false;
};

int failed(const Error& error) {
  std::fprintf(stderr, "tickcast: %s\n", error.message.c_str());
  return 1;
}

// IPv4 first: only there can a machine's own server be reached from more than one address.
Result<net::Endpoint> address_of(const wire::Url& url) {
  auto found = net::resolve(url.host, url.port);
  if (!found) return found.error();
  const auto four = std::ranges::find_if(
      *found, [](const net::Endpoint& endpoint) { return endpoint.storage.ss_family == AF_INET; });
  return four == found->end() ? found->front() : *four;
}

Result<load::RunResult> measure(load::RunOptions options, const wire::Url& url, Terminal& terminal) {
  auto address = address_of(url);
  if (!address) return address.error();
  std::optional<net::TlsContext> tls;
  if (url.secure()) {
    auto made = net::TlsContext::client(options.fleet.client.ca_file);
    if (!made) return made.error();
    tls.emplace(std::move(*made));
  }
  options.fleet.client.url = url;
  options.fleet.client.to = *address;
  options.fleet.client.tls = tls ? &*tls : nullptr;
  auto result = load::run(options, terminal);
  terminal.clear();
  return result;
}

Result<load::RunResult> measure_floor(const BenchCommand& command, const load::FloorOptions& load,
                                      Terminal& terminal) {
  auto floor = load::Floor::start(load, command.run.fleet.clients);
  if (!floor) return floor.error();
  load::RunOptions options = command.run;
  options.server_pid = (*floor)->pid();
  options.fleet.streams = load::parse_streams(load::Floor::kStream).value();
  options.fleet.watchlists = {};
  options.fleet.stalled_percent = options.fleet.slow_percent = 0;
  options.fleet.settle = false;
  auto result = measure(options, {"ws", "127.0.0.1", (*floor)->port(), ""}, terminal);
  if (result) {
    result->target = "the floor (a bare send() loop)";
    result->asked_per_s = load.messages_per_s * static_cast<double>(result->tally.connected.get());
    // It has hardly begun when its memory is looked at first.
    if (result->server) result->server->memory_before_bytes = result->server->memory_after_bytes = 0;
  }
  return result;
}

// As many messages, as large, as the server sent.
load::FloorOptions load_of(const load::RunResult& result) {
  const double clients = std::max(1.0, static_cast<double>(result.tally.connected.get()));
  return {std::max(0.1, load::messages_per_s(result) / clients),
          static_cast<std::size_t>(load::bytes_per_message(result))};
}

Status write_json(const std::string& path, const load::RunResult& result, const load::RunResult* floor) {
  std::ofstream file(path);
  file << load::report_json(result, floor);
  file.close();
  return file ? Status(Done{}) : Error{"the report can't be written to " + path};
}

}  // namespace

int run_bench(const BenchCommand& command) {
  Terminal terminal;
  std::optional<load::RunResult> server;
  std::optional<load::RunResult> floor;
  bool floor_failed = false;  // then what was measured of the server is written all the same
  if (command.url) {
    auto result = measure(command.run, *command.url, terminal);
    if (!result) return failed(result.error());
    server.emplace(std::move(*result));
    std::fputs(load::report_text(*server).c_str(), stdout);
    std::fflush(stdout);
  }
  const bool measured = !server || server->tally.measured_ns >= kShortestNs;
  if (command.floor && measured && !terminal.broken_off()) {
    auto result = measure_floor(command, server ? load_of(*server) : *command.floor, terminal);
    if (!result && !server) return failed(result.error());
    if (result) {
      floor.emplace(std::move(*result));
      std::fputs(load::report_text(*floor).c_str(), stdout);
      if (server) std::fputs(load::comparison_text(*server, *floor).c_str(), stdout);
    } else {
      floor_failed = failed(result.error()) != 0;
    }
  }
  const load::RunResult& first = server ? *server : *floor;
  if (!command.json_path.empty()) {
    const Status written = write_json(command.json_path, first, server && floor ? &*floor : nullptr);
    if (!written) return failed(written.error());
  }
  return load::is_good(first) && !floor_failed ? 0 : 1;
}

}  // namespace tickcast::app
