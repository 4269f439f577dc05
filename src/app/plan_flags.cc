// SPDX-License-Identifier: Apache-2.0
#include "app/plan_flags.h"

#include "app/flags.h"

namespace tickcast::app {
namespace {

// "250ms" as a stream's name has it, "none".
Result<std::uint32_t> parse_pace(const std::string& text) {
  if (text == "none") return 0U;
  for (const std::uint32_t pace_ms : wire::kPacesMs) {
    if (text == fmt::format("{}ms", pace_ms)) return std::uint32_t{pace_ms};
  }
  return Error{"\"" + text + "\" is no pace; none, 100ms, 250ms, 500ms, 1000ms and 3000ms are"};
}

Result<wire::Channel> parse_encoding(const std::string& text) {
  for (const auto channel : {wire::Channel::quote, wire::Channel::book_ticker, wire::Channel::best_bid_ask}) {
    if (text == wire::channel_name(channel)) return wire::Channel{channel};
  }
  return Error{"\"" + text + "\" is no encoding; quote, bookTicker and bestBidAsk are"};
}

void add_switch(CLI::App& command, const std::string& flag, bool& into, const std::string& help) {
  with_environment(command.add_flag(flag, into, help), flag);
}

}  // namespace

CLI::App* PlanFlags::add(CLI::App& root) {
  CLI::App* const command = root.add_subcommand("plan",
                                                "How many cores, how much memory, bandwidth and money so "
                                                "many users ask for, as measured on this machine");
  add_demand(*command);
  add_node(*command);
  with_environment(
      command->add_option("--measured", command_.measured_path,
                          "plan for the machine on which this was written (by --json); nothing is "
                          "measured here"),
      "--measured")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  with_environment(
      command->add_option("--json", command_.json_path,
                          "write demand, measurement and answer for programs there; -: to standard "
                          "output, instead of the text"),
      "--json")
      ->type_name("FILE");
  command->footer(
      "Example: tickcast plan --users 1000000 --symbols 10 --updates 2 --pace 250ms --tls --json plan.json");
  return command;
}

void PlanFlags::add_demand(CLI::App& command) {
  plan::Demand& demand = command_.demand;
  add_number<std::uint64_t>(command, "--users", demand.users, 1, plan::kUsersMax, "connected at once");
  add_number<std::uint32_t>(command, "--symbols", demand.symbols, 1, plan::kSymbolsMax,
                            "that each user follows");
  add_number<double>(command, "--updates", demand.updates_per_s, 0.001, plan::kUpdatesMax,
                     "a second, of each of these symbols in the mean");
  add_number<double>(
      command, "--updates-per-flush", demand.updates_per_flush, 1, 1'000,
      "updates of a symbol that come together, of which one is sent: 1.7 of Binance's busiest symbols");
  add_parsed(command, "--pace", demand.pace_ms, parse_pace, "PACE",
             "of the streams: none (every update), 100ms, 250ms, 500ms, 1000ms or 3000ms")
      ->default_str("none");
  add_parsed(command, "--encoding", demand.channel, parse_encoding, "CHANNEL",
             "of the events: quote, bookTicker or bestBidAsk")
      ->default_str("quote");
  add_switch(command, "--array", demand.array,
             "all symbols in one message (!quote@arr); --symbols is then how many there are");
  CLI::Option* const plain = command.add_flag_function(
      "--no-compression", [&demand](std::int64_t given) { demand.compressed = given <= 0; },
      "arrays as they are; browsers take them compressed");
  with_environment(plain, "--no-compression");
  add_switch(command, "--distinct", demand.distinct,
             "no two users follow the same symbols: nothing is built once for many");
  add_switch(command, "--tls", demand.tls, "ended by the server, not by a balancer before it");
  add_number<double>(command, "--market-updates", demand.market_updates_per_s, 0, plan::kMarketUpdatesMax,
                     "a second, of all symbols: what every node reads");
}

void PlanFlags::add_node(CLI::App& command) {
  plan::Node& node = command_.node;
  add_number<double>(command, "--node-cores", node.cores, 1, 1'024, "of a node");
  add_number<double>(command, "--node-memory", memory_gb_, 0.5, 65'536, "of a node, in GB");
  add_number<double>(command, "--node-bandwidth", gbits_per_s_, 0.001, 10'000,
                     "of a node, in Gbit/s: what it may send for hours");
  add_number<double>(command, "--node-users", node.users_max, 1, 1e8, "at most on one node");
  add_number<double>(command, "--busy", busy_percent_, 1, 95,
                     "percent of a node's cores at most; the rest is for lost nodes and for peaks");
  add_number<double>(command, "--egress-price", node.dollars_per_gb, 0, 1'000, "dollars for a GB to users");
}

Result<PlanCommand> PlanFlags::complete() const {
  if (const Status checked = plan::check(command_.demand); !checked) return checked.error();
  PlanCommand out = command_;
  out.node.memory_bytes = memory_gb_ * 1e9;
  out.node.bits_per_s = gbits_per_s_ * 1e9;
  out.node.busy = busy_percent_ / 100;
  return out;
}

}  // namespace tickcast::app
