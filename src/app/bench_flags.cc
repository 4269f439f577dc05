// SPDX-License-Identifier: Apache-2.0
#include "app/bench_flags.h"

#include "app/flags.h"
#include "load/process_use.h"

namespace tickcast::app {

CLI::App* BenchFlags::add(CLI::App& root) {
  CLI::App* const command = root.add_subcommand(
      "bench",
      "Many clients against a server: rates, ages, order, and whether all of them end on the last quote");
  command->add_option("URL", url_, "the server: ws://host:port or wss://host");
  command_.run.fleet.streams = load::parse_streams("100").value();
  add_clients(*command);
  add_run(*command);
  command->footer(
      "Example: tickcast bench ws://127.0.0.1:8080 --connections 1000 --streams 50 --distinct --pid PID "
      "--self");
  return command;
}

void BenchFlags::add_clients(CLI::App& command) {
  load::FleetOptions& fleet = command_.run.fleet;
  add_number<std::uint32_t>(command, "--connections", fleet.clients, 1, load::kClientsMax, "clients");
  add_parsed(command, "--streams", fleet.streams, load::parse_streams, "STREAMS",
             "what each follows: a number of symbols (100), one with a form (50@quote@1000ms), names "
             "(btcusdt@quote/ethusdt@quote), or all symbols (!quote@arr@1000ms) (default 100)");
  with_environment(command.add_flag("--distinct", fleet.watchlists.distinct,
                                    "of a number of symbols each client draws its own"),
                   "--distinct");
  with_environment(
      command.add_flag("--combined", fleet.watchlists.combined, "events that name their stream (/stream)"),
      "--combined");
  add_number<std::uint64_t>(command, "--seed", fleet.watchlists.seed, 0, ~std::uint64_t{0},
                            "same seed, same draw of symbols");
  add_number(command, "--stalled", fleet.stalled_percent, 0, 100,
             "percent of the clients that read nothing until the end");
  CLI::Option* const slow =
      add_number<std::int64_t>(command, "--slow", fleet.client.slow_bytes_per_s, 0, 1'000'000'000,
                               "clients that read so many bytes per second; 0: none");
  fleet.slow_percent = 10;
  add_number(command, "--slow-percent", fleet.slow_percent, 1, 100, "percent of the clients that are slow")
      ->needs(slow);
  add_number<double>(command, "--connect-rate", fleet.connects_per_s, 1, 1'000'000, "connections per second");
}

void BenchFlags::add_run(CLI::App& command) {
  load::RunOptions& run = command_.run;
  add_seconds(command, "--duration", run.duration_ns, 0.1, 86'400, "how long is measured");
  add_number<std::uint32_t>(command, "--processes", run.processes, 1, load::Crew::kProcessesMax,
                            "over which the clients are spread: more descriptors, more cores");
  add_number(command, "--pid", pid_, 1, load::kPidMax,
             "the server's process, on this machine: its CPU and memory")
      ->default_str("");
  with_environment(
      command.add_flag(
          "--self", self_,
          "the floor of this machine too: a bare send() loop under the same clients, sizes and rate"),
      "--self");
  add_number<double>(command, "--rate", floor_.messages_per_s, 0.1, 1e6,
                     "--self without a URL: messages per second to each client");
  add_number<std::size_t>(command, "--bytes", floor_.message_bytes, 1, 10'000'000,
                          "--self without a URL: size of a message, about");
  with_environment(command.add_option("--json", command_.json_path, "write the report for programs there"),
                   "--json")
      ->type_name("FILE");
  with_environment(command.add_option("--ca-file", run.fleet.client.ca_file,
                                      "trust these certificate authorities (PEM) instead of the system's"),
                   "--ca-file")
      ->check(CLI::ExistingFile);
}

Result<BenchCommand> BenchFlags::complete() {
  load::FleetOptions& fleet = command_.run.fleet;
  if (!url_.empty()) {
    auto url = wire::parse_url(url_, "ws");
    if (!url) return url.error();
    command_.url = std::move(*url);
  }
  if (self_) command_.floor = floor_;
  if (!command_.url && !self_) return Error{"a URL to measure is missing, or --self for the floor alone"};
  if (pid_ != 0) command_.run.server_pid = pid_;
  if (fleet.client.slow_bytes_per_s == 0) fleet.slow_percent = 0;
  if (fleet.stalled_percent + fleet.slow_percent > 100)
    return Error{"--stalled and --slow-percent are more than all clients together"};
  return command_;
}

}  // namespace tickcast::app
