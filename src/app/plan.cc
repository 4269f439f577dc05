// SPDX-License-Identifier: Apache-2.0
#include "app/plan.h"

#include <cstdio>
#include <fstream>
#include <string>

#include <unistd.h>

#include <fmt/core.h>

#include "base/log.h"
#include "plan/measure.h"
#include "plan/report.h"

namespace tickcast::app {
namespace {

int failed(const Error& error) {
  std::fprintf(stderr, "tickcast: %s\n", error.message.c_str());
  return 1;
}

// Into `plan`, with how it came.
Status take_measurement(const PlanCommand& command, plan::Plan& plan) {
  if (!command.measured_path.empty()) {
    auto read = plan::read_measurement(command.measured_path);
    if (!read) return read.error();
    plan.measurement = std::move(*read);
    plan.measured = "from " + command.measured_path;
    return Done{};
  }
  if (isatty(STDERR_FILENO) == 1) std::fputs("tickcast: measuring this machine for some seconds\n", stderr);
  set_log_level(LogLevel::error);  // servers come and go for the measurement alone
  const std::int64_t began_ns = steady_ns();
  auto measured = plan::measure();
  if (!measured) return measured.error();
  plan.measurement = std::move(*measured);
  plan.measured = fmt::format("measured here in {:.1f} s", static_cast<double>(steady_ns() - began_ns) / 1e9);
  return Done{};
}

Status write_json(const std::string& path, const std::string& json) {
  std::ofstream file(path);
  file << json;
  file.close();
  return file ? Status(Done{}) : Error{"the plan can't be written to " + path};
}

}  // namespace

int run_plan(const PlanCommand& command) {
  plan::Plan plan{command.demand, command.node, {}, {}, {}};
  if (const Status taken = take_measurement(command, plan); !taken) return failed(taken.error());
  auto answer = plan::answer(plan.demand, plan.node, plan.measurement);
  if (!answer) return failed(answer.error());
  plan.answer = *answer;
  const std::string json = plan::plan_json(plan);
  std::fputs(command.json_path == "-" ? json.c_str() : plan::plan_text(plan).c_str(), stdout);
  if (command.json_path.empty() || command.json_path == "-") return 0;
  const Status written = write_json(command.json_path, json);
  return written ? 0 : failed(written.error());
}

}  // namespace tickcast::app
