// SPDX-License-Identifier: Apache-2.0
#include "plan/answer.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

namespace tickcast::plan {
namespace {

void add_send_cost(Answer& out, const Demand& demand, const Measurement& measurement) {
  const Traffic& traffic = out.traffic;
  out.send = send_cost(measurement, out.shard_users);
  out.send_ns = out.send.base_ns + traffic.payload_bytes * out.send.byte_ns;
  if (demand.distinct) out.build_ns = traffic.events_per_send * measurement.event_ns;
  if (demand.tls)
    out.tls_ns = traffic.tls_bytes / kRecordBytes * measurement.tls_record_ns +
                 traffic.payload_bytes * measurement.tls_byte_ns;
  out.send_ns += out.build_ns + out.tls_ns;
}

void add_memory(Answer& out, const Demand& demand, const Measurement& measurement) {
  out.client_bytes = measurement.client_bytes + measurement.kernel_bytes;
  if (demand.distinct) out.client_bytes += demand.symbols * measurement.stream_bytes;
  if (demand.tls) out.client_bytes += measurement.tls_bytes;
  out.memory_bytes = static_cast<double>(demand.users) * out.client_bytes;
}

// Whole nodes, of a share that is only the arithmetic's none.
double nodes_for(double amount) { return std::ceil(amount - 1e-9); }

// What a node has for sends.
double cores_for_sends(const Answer& out, const Node& node) {
  return node.cores * node.busy - out.market_cores;
}

void add_nodes(Answer& out, const Demand& demand, const Node& node) {
  const auto users = static_cast<double>(demand.users);
  out.nodes_by.users = nodes_for(users / node.users_max);
  out.nodes_by.cores = nodes_for(out.work_cores / cores_for_sends(out, node));
  out.nodes_by.bandwidth = nodes_for(out.bits_per_s / (node.bits_per_s * kBandwidthFull));
  out.nodes_by.memory = nodes_for(out.memory_bytes / (node.memory_bytes * kMemoryFull - kNodeOwnBytes));
  out.merged_nodes = std::max(out.nodes_by.users, out.nodes_by.memory);
  out.nodes = std::max({out.merged_nodes, out.nodes_by.cores, out.nodes_by.bandwidth});
  out.cores = (out.work_cores + out.nodes * out.market_cores) / node.busy;
  const double by_cores = out.merged_nodes * cores_for_sends(out, node) / (out.send_ns * 1e-9);
  const double by_bandwidth =
      out.merged_nodes * node.bits_per_s * kBandwidthFull / (8 * out.traffic.wire_bytes());
  out.merged_sends_per_s = std::min({by_cores / users, by_bandwidth / users, out.traffic.sends_per_s});
}

void add_times(Answer& out, const Demand& demand, const Node& node, const Measurement& measurement) {
  const double node_users = static_cast<double>(demand.users) / out.nodes;
  out.round_ns = std::ceil(node_users / node.cores) * out.send_ns;
  // Whoever was just passed when the update came is last in the next round.
  out.worst_age_ns = demand.pace_ms * 1e6 + 2 * out.round_ns;
  if (out.nodes < 2) return;
  const double connect_ns = demand.tls ? measurement.tls_connect_ns : measurement.connect_ns;
  out.refill_s = node_users * connect_ns * 1e-9 / ((out.nodes - 1) * node.cores * (1 - node.busy));
}

}  // namespace

Result<Answer> answer(const Demand& demand, const Node& node, const Measurement& measurement) {
  if (const Status checked = check(demand); !checked) return checked.error();
  const auto users = static_cast<double>(demand.users);
  Answer out;
  out.traffic = traffic(demand);
  out.shard_users = std::max(1.0, std::min(users, node.users_max) / node.cores);
  out.sends_per_s = users * out.traffic.sends_per_s;
  add_send_cost(out, demand, measurement);
  out.work_cores = out.sends_per_s * out.send_ns * 1e-9;
  out.market_cores = demand.market_updates_per_s / demand.updates_per_flush *
                     (measurement.ingest_ns + node.cores * measurement.follow_ns) * 1e-9;
  if (cores_for_sends(out, node) <= 0)
    return Error{
        fmt::format("following {} updates/s takes {:.2f} of a node's {:.0f} cores, of which {:.2f} may be "
                    "used: a larger --node-cores, or --busy, or fewer --market-updates",
                    demand.market_updates_per_s, out.market_cores, node.cores, node.cores * node.busy)};
  if (node.memory_bytes * kMemoryFull <= kNodeOwnBytes)
    return Error{"a node of that memory has none left for clients: a larger --node-memory"};
  out.bits_per_s = out.sends_per_s * out.traffic.wire_bytes() * 8;
  out.packets_per_s = out.sends_per_s * out.traffic.packets;
  add_memory(out, demand, measurement);
  add_nodes(out, demand, node);
  out.month_gb = out.bits_per_s / 8 * kMonthSeconds / 1e9;
  out.month_dollars = out.month_gb * node.dollars_per_gb;
  add_times(out, demand, node, measurement);
  return out;
}

}  // namespace tickcast::plan
