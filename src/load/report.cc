// SPDX-License-Identifier: Apache-2.0
#include "load/report.h"

#include <array>
#include <cmath>
#include <iterator>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/figures.h"
#include "base/json_text.h"

namespace tickcast::load {
namespace {

double per(double amount, double of) { return of > 0 ? amount / of : 0; }
double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }
double number(const Counter& counter) { return static_cast<double>(counter.get()); }

struct Percent {
  const char* name;
  double percent;
};
constexpr Percent kPercents[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}};

// The report's lines: a name of what, and the figures.
class Lines {
 public:
  template <class... Args>
  void add(std::string_view name, fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format("  {:<13}", name);
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }
  // Behind the line before.
  void more(std::string_view words) {
    text_.pop_back();
    text_.append(words) += '\n';
  }
  std::string take(std::string head) const { return std::move(head) + text_; }

 private:
  std::string text_;
};

void add_connections(Lines& out, const RunResult& result) {
  const Tally& tally = result.tally;
  out.add("connected", "{} of {} in {:.1f} s, {} refused, {} failed", grouped(tally.connected.get()),
          grouped(result.clients), seconds(result.connecting_ns), grouped(tally.refused.get()),
          grouped(tally.failed.get()));
  if (!tally.first_failure.empty()) out.add("", "first: {}", tally.first_failure.view());
  if (tally.lost.get() != 0)
    out.add("lost", "{} connections; first: {}", grouped(tally.lost.get()), tally.first_loss.view());
  if (tally.lost_stalled.get() != 0)
    out.add("", "{} clients that did not read were dropped, as a server may",
            grouped(tally.lost_stalled.get()));
}

void add_rates(Lines& out, const RunResult& result) {
  const Tally& tally = result.tally;
  const double time = seconds(tally.measured_ns);
  out.add("deliveries", "{}/s", rounded(messages_per_s(result)));
  if (result.asked_per_s > 0) out.more(fmt::format(" of {}/s asked for", rounded(result.asked_per_s)));
  if (tally.quotes.get() != tally.messages.get())
    out.more(fmt::format(", with {} quotes/s in them", rounded(per(number(tally.quotes), time))));
  out.add("bytes", "{}/s, {} a delivery", short_bytes(per(number(tally.bytes), time)),
          short_bytes(bytes_per_message(result)));
}

void add_histogram(Lines& out, std::string_view name, const Histogram& ages) {
  std::string text;
  for (const Percent& percent : kPercents)
    text += fmt::format("{} {}   ", percent.name, short_duration(ages.at_percent(percent.percent)));
  out.add(name, "{}max {}", text, short_duration(ages.largest()));
}

void add_age(Lines& out, const RunResult& result) {
  const Tally& tally = result.tally;
  if (tally.age.count() + tally.slow_age.count() == 0) {
    const char* why = result.timed ? "no quote came" : "these events do not tell the time of their update";
    return out.add("age", "unknown: {}", why);
  }
  if (tally.age.count() != 0) add_histogram(out, "age", tally.age);
  if (tally.slow_age.count() != 0) add_histogram(out, "age, slow", tally.slow_age);
  if (tally.early.get() != 0)
    out.add("", "{} quotes came before they were made: the two machines' clocks differ",
            grouped(tally.early.get()));
  if (tally.merged.get() != 0 || result.timed) {
    const double all = number(tally.merged) + number(tally.quotes);
    out.add("merged", "{} updates into later ones, {:.1f} %", grouped(tally.merged.get()),
            100 * per(number(tally.merged), all));
  }
}

void add_outliers(Lines& out, const Tally& tally) {
  if (tally.oldest.value >= 0) {
    out.add("worst client", "{}: a quote of {}", tally.oldest.client, short_duration(tally.oldest.value));
  }
  if (tally.fewest.value >= 0) {
    out.add("fewest", "{} deliveries, to client {}", grouped(static_cast<std::uint64_t>(tally.fewest.value)),
            tally.fewest.client);
  }
}

void add_faults(Lines& out, const Tally& tally) {
  const auto order = tally.finding(Fault::backwards).count.get() + tally.finding(Fault::repeated).count.get();
  out.add("order", "{} gaps", grouped(order));
  if (tally.without_id.get() != 0)
    out.more(fmt::format(", {} quotes without an id not judged", grouped(tally.without_id.get())));
  for (std::size_t i = 0; i < kFaults; ++i) {
    const Finding& finding = tally.findings[i];
    if (finding.count.get() == 0) continue;
    out.add("FAULT", "{} {}; first: {}", grouped(finding.count.get()), name(static_cast<Fault>(i)),
            finding.first.view());
  }
}

void add_end(Lines& out, const Tally& tally) {
  if (!tally.unchecked.empty()) return out.add("at the end", "not compared: {}", tally.unchecked.view());
  if (tally.checked.get() == 0) return;
  const std::uint64_t bad = tally.finding(Fault::outdated).count.get() + tally.undecided.get();
  out.add("at the end", "{} of {} clients hold the server's last quotes, after {}",
          grouped(tally.checked.get() - bad), grouped(tally.checked.get()), short_duration(tally.settled_ns));
  if (tally.undecided.get() != 0)
    out.more(fmt::format("; {} could not be judged", grouped(tally.undecided.get())));
}

void add_memory(Lines& out, const RunResult& result) {
  const auto before = static_cast<double>(result.server->memory_before_bytes);
  const auto after = static_cast<double>(result.server->memory_after_bytes);
  out.add("", "{} of memory, {} a connection more than before", short_bytes(after),
          short_bytes(std::max(0.0, per(after - before, number(result.tally.connected)))));
}

bool tool_is_busy(const RunResult& result) { return result.busiest > kBusyShare; }

bool machine_is_full(const RunResult& result) {
  return result.machine && result.machine->busy >= kFullShare * result.machine->cores;
}

// What may have kept a floor from its rate.
const char* what_held_back(const RunResult& floor) {
  const double floor_cores =
      floor.server ? per(seconds(floor.server->cpu_ns), seconds(floor.tally.measured_ns)) : 0;
  if (floor_cores > kBusyShare) return "its one thread can't make more calls a second";
  if (tool_is_busy(floor)) return "this tool can't read more";
  if (machine_is_full(floor)) return "there was no processor for more";
  return "clients took no more";
}

void add_warnings(Lines& out, const RunResult& result) {
  if (tool_is_busy(result)) {
    out.add("WARNING", "this tool is busy: ages and rates are also its own. Give it more --processes, or");
    out.add("", "another machine");
  } else if (machine_is_full(result)) {
    out.add("WARNING",
            "this machine is full: {:.1f} of its {:.0f} cores were busy, {:.1f} of them with this tool.",
            result.machine->busy, result.machine->cores,
            per(seconds(result.tally.cpu_ns), seconds(result.tally.measured_ns)));
    out.add("",
            "Ages and rates are also its own, and of a server here. Use fewer clients, or another machine");
  }
  if (!kept_rate(result)) {
    out.add("WARNING", "the floor made {:.0f} % of the deliveries that it was asked for: {}.",
            100 * per(messages_per_s(result), result.asked_per_s), what_held_back(result));
    out.add("", "Its ages are those of an overload");
  }
}

void add_use(Lines& out, const RunResult& result) {
  const double time = seconds(result.tally.measured_ns);
  if (result.server) {
    out.add("server", "{:.0f} % of a core", 100 * per(seconds(result.server->cpu_ns), time));
    if (const auto cost = server_ns_per_message(result))
      out.more(fmt::format(", {:.2f} us of CPU a delivery", *cost / 1e3));
    if (result.server->memory_after_bytes != 0) add_memory(out, result);
  }
  out.add("this tool", "{:.0f} % of a core in {} process{}, the busiest {:.0f} %; at worst {} late",
          100 * per(seconds(result.tally.cpu_ns), time), result.processes, result.processes == 1 ? "" : "es",
          100 * result.busiest, short_duration(result.tally.late_ns));
  add_warnings(out, result);
}

}  // namespace

double messages_per_s(const RunResult& result) {
  return per(number(result.tally.messages), seconds(result.tally.measured_ns));
}

double bytes_per_message(const RunResult& result) {
  return per(number(result.tally.bytes), number(result.tally.messages));
}

std::optional<double> server_ns_per_message(const RunResult& result) {
  if (!result.server || result.tally.messages.get() == 0) return std::nullopt;
  return static_cast<double>(result.server->cpu_ns) / number(result.tally.messages);
}

bool kept_rate(const RunResult& result) {
  const double asked = result.asked_per_s * seconds(result.tally.measured_ns);
  return number(result.tally.messages) >= kKeptShare * asked - number(result.tally.connected);
}

bool is_good(const RunResult& result) {
  const Tally& tally = result.tally;
  return tally.faults() == 0 && tally.connected.get() == result.clients && tally.lost.get() == 0;
}

std::string report_text(const RunResult& result) {
  Lines out;
  add_connections(out, result);
  add_rates(out, result);
  add_age(out, result);
  add_outliers(out, result.tally);
  add_faults(out, result.tally);
  add_end(out, result.tally);
  add_use(out, result);
  return out.take(fmt::format("{}: {} clients, measured for {:.1f} s\n", result.target,
                              grouped(result.clients), seconds(result.tally.measured_ns)));
}

std::string comparison_text(const RunResult& server, const RunResult& floor) {
  Lines out;
  const auto ours = server_ns_per_message(server);
  const auto least = server_ns_per_message(floor);
  if (ours && least) {
    out.add("CPU", "{:.2f} us a delivery, the floor {:.2f}: {:.2f}x", *ours / 1e3, *least / 1e3,
            *ours / *least);
  } else {
    out.add("CPU", "unknown without the server's --pid");
  }
  const Histogram& age = server.tally.age;
  if (age.count() != 0 && floor.tally.age.count() != 0) {
    out.add("age p99", "{}, the floor {}", short_duration(age.at_percent(99)),
            short_duration(floor.tally.age.at_percent(99)));
  }
  out.add("rate", "{}/s, the floor {}/s", rounded(messages_per_s(server)), rounded(messages_per_s(floor)));
  if (!kept_rate(floor)) {
    out.add("WARNING",
            "the floor could not keep the server's rate: the lines above compare different loads.");
    out.add("", "Lower the rate until both keep it");
  }
  return out.take("Beside the floor, a bare send() loop with the same clients, sizes and rate:\n");
}

// --- JSON ---

namespace {

std::string ages_json(const Histogram& ages) {
  std::string out = fmt::format("{{\"count\":{}", ages.count());
  for (const Percent& percent : kPercents)
    out += fmt::format(",\"{}_us\":{:.3f}", percent.name,
                       static_cast<double>(ages.at_percent(percent.percent)) / 1e3);
  return out + fmt::format(",\"max_us\":{:.3f}}}", static_cast<double>(ages.largest()) / 1e3);
}

std::string faults_json(const Tally& tally) {
  std::string out = "{";
  for (std::size_t i = 0; i < kFaults; ++i)
    out += fmt::format("{}\"{}\":{}", i == 0 ? "" : ",", name(static_cast<Fault>(i)),
                       tally.findings[i].count.get());
  return out + "}";
}

std::string run_json(const RunResult& result) {
  const Tally& tally = result.tally;
  const double time = seconds(tally.measured_ns);
  std::string out = fmt::format("{{\"target\":{},\"clients\":{},\"seconds\":{:.3f}",
                                json_string(result.target), result.clients, time);
  const auto add = [&out](std::string_view key, std::uint64_t value) {
    out += fmt::format(",\"{}\":{}", key, value);
  };
  const auto add_real = [&out](std::string_view key, double value) {
    out += fmt::format(",\"{}\":{:.3f}", key, value);
  };
  add("connected", tally.connected.get());
  add("refused", tally.refused.get());
  add("failed", tally.failed.get());
  add("lost", tally.lost.get());
  add("lost_stalled", tally.lost_stalled.get());
  add("deliveries", tally.messages.get());
  add("quotes", tally.quotes.get());
  add("bytes", tally.bytes.get());
  add("merged", tally.merged.get());
  add_real("deliveries_per_s", messages_per_s(result));
  add_real("bytes_per_s", per(number(tally.bytes), time));
  out += ",\"age\":" + (tally.age.count() == 0 ? "null" : ages_json(tally.age));
  out += ",\"slow_age\":" + (tally.slow_age.count() == 0 ? "null" : ages_json(tally.slow_age));
  out += ",\"faults\":" + faults_json(tally);
  add("checked", tally.checked.get());
  add("undecided", tally.undecided.get());
  out += ",\"unchecked\":" + (tally.unchecked.empty() ? "null" : json_string(tally.unchecked.view()));
  if (const auto cost = server_ns_per_message(result)) add_real("server_us_per_delivery", *cost / 1e3);
  if (result.server) {
    add_real("server_cores", per(seconds(result.server->cpu_ns), time));
    add("server_memory_bytes", result.server->memory_after_bytes);
    add("server_memory_before_bytes", result.server->memory_before_bytes);
  }
  if (result.asked_per_s > 0) add_real("asked_per_s", result.asked_per_s);
  if (result.machine) {
    add_real("machine_cores", result.machine->cores);
    add_real("machine_cores_busy", result.machine->busy);
  }
  add("processes", result.processes);
  add_real("tool_cores", per(seconds(tally.cpu_ns), time));
  add_real("tool_busiest", result.busiest);
  out += fmt::format(",\"good\":{}}}", is_good(result));
  return out;
}

}  // namespace

std::string report_json(const RunResult& result, const RunResult* floor) {
  std::string out = run_json(result);
  if (floor == nullptr) return out + "\n";
  out.pop_back();
  return out + ",\"floor\":" + run_json(*floor) + "}\n";
}

}  // namespace tickcast::load
