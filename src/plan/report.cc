// SPDX-License-Identifier: Apache-2.0
#include "plan/report.h"

#include <cmath>
#include <iterator>

#include <fmt/core.h>

#include "base/figures.h"
#include "base/json_text.h"

namespace tickcast::plan {
namespace {

// A number to three digits, whole ones and large ones to the last: 0.123, 4.56, 17, 1,234.
std::string figure(double value) {
  if (value >= 999.5 || value == std::floor(value)) return rounded(value);
  if (value >= 99.95) return fmt::format("{:.0f}", value);
  if (value >= 9.995) return fmt::format("{:.1f}", value);
  if (value >= 0.9995) return fmt::format("{:.2f}", value);
  return fmt::format("{:.3g}", value);
}

std::string us(double ns) { return figure(ns / 1e3) + " us"; }
std::string duration(double ns) { return short_duration(std::llround(ns)); }
std::string symbols(std::uint32_t count) { return grouped(count) + (count == 1 ? " symbol" : " symbols"); }
std::string percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

class Lines {
 public:
  void head(std::string_view text) { text_.append(text_.empty() ? "" : "\n").append(text) += '\n'; }
  template <class... Args>
  void add(std::string_view name, fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format("  {:<13} ", name);
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_measurement(Lines& out, const Plan& plan) {
  const Measurement& m = plan.measurement;
  out.head(
      fmt::format("What the work costs, {} ({}; over loopback, so a send includes its receiver's kernel)",
                  plan.measured, m.machine));
  out.add("a send", "{} + {:.2f} ns a byte with {} clients on a core, {} + {:.2f} ns with {}",
          us(m.few_send_ns), m.few_byte_ns, rounded(m.few_clients), us(m.many_send_ns), m.many_byte_ns,
          rounded(m.many_clients));
  out.add("", "{} more for each event built for one client alone", us(m.event_ns));
  out.add("TLS", "{} a record + {:.2f} ns a byte", us(m.tls_record_ns), m.tls_byte_ns);
  out.add("a client",
          "{} in the server and {} in the kernel; {} more under TLS; {} a stream of a list of its own",
          short_bytes(m.client_bytes), short_bytes(m.kernel_bytes), short_bytes(m.tls_bytes),
          short_bytes(m.stream_bytes));
  out.add("its arrival", "{}, under TLS {}", us(m.connect_ns), us(m.tls_connect_ns));
  out.add("the market", "{} an update that comes alone, and {} in each shard", us(m.ingest_ns),
          us(m.follow_ns));
}

void add_demand(Lines& out, const Demand& demand) {
  out.head(fmt::format("What is asked for: {} users of {}{}{}", grouped(demand.users), streams_text(demand),
                       demand.distinct ? ", no two of one list" : ", one list of all",
                       demand.tls ? ", over TLS" : ""));
}

void add_sends(Lines& out, const Plan& plan) {
  const Demand& demand = plan.demand;
  const Traffic& traffic = plan.answer.traffic;
  const double flushes = demand.symbols * demand.flushes_per_s();
  const double period_s = demand.pace_ms / 1e3;
  if (demand.pace_ms == 0) {
    out.add("to a user", "{} x {} updates/s / {} that come together = {} sends/s, each with one event",
            symbols(demand.symbols), figure(demand.updates_per_s), figure(demand.updates_per_flush),
            figure(traffic.sends_per_s));
  } else if (demand.array) {
    out.add("to a user", "one message a period of {} s in which anything changed = {} sends/s",
            figure(period_s), figure(traffic.sends_per_s));
    out.add("", "{} x (1 - e^-({} changes/s / {})) = {} events in each", symbols(demand.symbols),
            figure(demand.flushes_per_s()), figure(traffic.sends_per_s), figure(traffic.events_per_send));
  } else {
    const Gate each = gate(demand.flushes_per_s() * period_s);
    out.add("to a user", "({} x {} at once + {} at the end) / {} s a period = {} sends/s",
            symbols(demand.symbols), figure(each.at_once),
            figure(1 - std::pow(1 - each.at_end, demand.symbols)), figure(period_s),
            figure(traffic.sends_per_s));
    out.add("", "{} of {} changes/s ({} x {} updates/s / {} that come together) go out, {} events in a send",
            figure(traffic.sends_per_s * traffic.events_per_send), figure(flushes), symbols(demand.symbols),
            figure(demand.updates_per_s), figure(demand.updates_per_flush), figure(traffic.events_per_send));
  }
}

void add_bytes(Lines& out, const Plan& plan) {
  const Traffic& traffic = plan.answer.traffic;
  const bool compressed = plan.demand.array && plan.demand.compressed &&
                          traffic.payload_bytes * 2 < traffic.events_per_send * traffic.event_bytes;
  out.add("a send", "{} events x {} B{} = {} B, + {} B of TLS + {} packets x {} B = {} B",
          figure(traffic.events_per_send), figure(traffic.event_bytes),
          compressed ? fmt::format(" / {} (deflated)", kArrayCompression) : "", figure(traffic.payload_bytes),
          figure(traffic.tls_bytes), figure(traffic.packets), kHeadersBytes, figure(traffic.wire_bytes()));
  out.add("sends/s", "{} users x {} = {}", grouped(plan.demand.users), figure(traffic.sends_per_s),
          rounded(plan.answer.sends_per_s));
}

void add_cores(Lines& out, const Plan& plan) {
  const Answer& a = plan.answer;
  out.add("CPU of a send", "{} + {} B x {:.2f} ns{}{} = {}, with {} clients on a core", us(a.send.base_ns),
          figure(a.traffic.payload_bytes), a.send.byte_ns,
          a.build_ns > 0 ? fmt::format(" + {} events x {}", figure(a.traffic.events_per_send),
                                       us(plan.measurement.event_ns))
                         : "",
          a.tls_ns > 0 ? fmt::format(" + TLS {}", us(a.tls_ns)) : "", us(a.send_ns), rounded(a.shard_users));
  out.add("cores at work", "{}/s x {} = {}", rounded(a.sends_per_s), us(a.send_ns), figure(a.work_cores));
  out.add("the market",
          "{} updates/s / {} that come together x ({} + {} shards x {}) = {} cores on each node, at most",
          rounded(plan.demand.market_updates_per_s), figure(plan.demand.updates_per_flush),
          us(plan.measurement.ingest_ns), figure(plan.node.cores), us(plan.measurement.follow_ns),
          figure(a.market_cores));
}

void add_totals(Lines& out, const Plan& plan) {
  const Answer& a = plan.answer;
  const Node& node = plan.node;
  out.head(
      fmt::format("What it takes: nodes of {} cores, {}, {} Gbit/s; of these {} of the cores, {} of the "
                  "bandwidth, {} of the memory",
                  figure(node.cores), short_bytes(node.memory_bytes), figure(node.bits_per_s / 1e9),
                  percent(node.busy), percent(kBandwidthFull), percent(kMemoryFull)));
  out.add("cores", "({} + {} nodes x {}) / {} = {}", figure(a.work_cores), figure(a.nodes),
          figure(a.market_cores), percent(node.busy), figure(a.cores));
  out.add("memory", "{} users x {} = {}", grouped(plan.demand.users), short_bytes(a.client_bytes),
          short_bytes(a.memory_bytes));
  out.add("bandwidth", "{} sends/s x {} B x 8 = {} Gbit/s, {} packets/s", rounded(a.sends_per_s),
          figure(a.traffic.wire_bytes()), figure(a.bits_per_s / 1e9), rounded(a.packets_per_s));
  out.add("nodes", "{}: {} by users ({} each), {} by cores, {} by bandwidth, {} by memory", figure(a.nodes),
          figure(a.nodes_by.users), rounded(node.users_max), figure(a.nodes_by.cores),
          figure(a.nodes_by.bandwidth), figure(a.nodes_by.memory));
  out.add("egress", "{} Gbit/s / 8 x 730 h = {} GB a month, x ${} = ${}", figure(a.bits_per_s / 1e9),
          figure(a.month_gb), node.dollars_per_gb, rounded(a.month_dollars));
}

void add_age(Lines& out, const Plan& plan) {
  const Answer& a = plan.answer;
  const double shard_users = a.round_ns / a.send_ns;
  out.add("worst client", "{} ms of pace + 2 rounds x {} clients of a core x {} = a quote of {}",
          plan.demand.pace_ms, rounded(shard_users), us(a.send_ns), duration(a.worst_age_ns));
  if (a.merged_nodes < a.nodes)
    out.add("or merge", "{} nodes give each user {} sends/s instead, each with what is newest then",
            figure(a.merged_nodes), figure(a.merged_sends_per_s));
  if (a.refill_s > 0)
    out.add("a node lost", "{} users x {} on the idle {} of {} others = back within {}",
            rounded(static_cast<double>(plan.demand.users) / a.nodes),
            us(plan.demand.tls ? plan.measurement.tls_connect_ns : plan.measurement.connect_ns),
            percent(1 - plan.node.busy), figure(a.nodes - 1), duration(a.refill_s * 1e9));
}

}  // namespace

std::string plan_text(const Plan& plan) {
  Lines out;
  add_measurement(out, plan);
  add_demand(out, plan.demand);
  add_sends(out, plan);
  add_bytes(out, plan);
  add_cores(out, plan);
  add_totals(out, plan);
  add_age(out, plan);
  return out.take();
}

// --- JSON ---

namespace {

std::string demand_json(const Demand& demand) {
  return fmt::format(
      "{{\"users\":{},\"symbols\":{},\"updates_per_s\":{},\"updates_per_flush\":{},\"pace_ms\":{},"
      "\"encoding\":{},\"array\":{},"
      "\"compressed\":{},\"distinct\":{},\"tls\":{},\"market_updates_per_s\":{},\"streams\":{}}}",
      demand.users, demand.symbols, demand.updates_per_s, demand.updates_per_flush, demand.pace_ms,
      json_string(wire::channel_name(demand.channel)), demand.array, demand.compressed, demand.distinct,
      demand.tls, demand.market_updates_per_s, json_string(streams_text(demand)));
}

std::string node_json(const Node& node) {
  return fmt::format(
      "{{\"cores\":{},\"memory_bytes\":{},\"bits_per_s\":{},\"users_max\":{},\"busy\":{},"
      "\"dollars_per_gb\":{}}}",
      node.cores, node.memory_bytes, node.bits_per_s, node.users_max, node.busy, node.dollars_per_gb);
}

std::string answer_json(const Answer& a) {
  std::string out = "{";
  const auto add = [&out](std::string_view name, double value) {
    out += fmt::format("{}\"{}\":{:.6g}", out.size() == 1 ? "" : ",", name, value);
  };
  add("sends_per_user_s", a.traffic.sends_per_s);
  add("events_per_send", a.traffic.events_per_send);
  add("payload_bytes_per_send", a.traffic.payload_bytes);
  add("wire_bytes_per_send", a.traffic.wire_bytes());
  add("sends_per_s", a.sends_per_s);
  add("send_ns", a.send_ns);
  add("work_cores", a.work_cores);
  add("market_cores_per_node", a.market_cores);
  add("cores", a.cores);
  add("client_bytes", a.client_bytes);
  add("memory_bytes", a.memory_bytes);
  add("bits_per_s", a.bits_per_s);
  add("packets_per_s", a.packets_per_s);
  add("nodes", a.nodes);
  add("nodes_by_users", a.nodes_by.users);
  add("nodes_by_cores", a.nodes_by.cores);
  add("nodes_by_bandwidth", a.nodes_by.bandwidth);
  add("nodes_by_memory", a.nodes_by.memory);
  add("month_gb", a.month_gb);
  add("month_dollars", a.month_dollars);
  add("round_ns", a.round_ns);
  add("worst_age_ns", a.worst_age_ns);
  add("merged_nodes", a.merged_nodes);
  add("merged_sends_per_user_s", a.merged_sends_per_s);
  add("refill_s", a.refill_s);
  return out + "}";
}

}  // namespace

std::string plan_json(const Plan& plan) {
  return fmt::format("{{\"demand\":{},\"node\":{},\"measurement\":{},\"answer\":{}}}\n",
                     demand_json(plan.demand), node_json(plan.node), measurement_json(plan.measurement),
                     answer_json(plan.answer));
}

}  // namespace tickcast::plan
