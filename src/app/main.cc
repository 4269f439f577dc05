// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "app/bench.h"
#include "app/command_line.h"
#include "app/completion.h"
#include "app/manual.h"
#include "app/plan.h"
#include "app/roles.h"
#include "app/signals.h"

namespace tickcast::app {
namespace {

struct Run {
  LiveSettings& settings;

  int operator()(const Exit& exit) const { return exit.code; }
  int operator()(const DemoCommand& command) const { return run_demo(command, settings); }
  int operator()(const ServeCommand& command) const { return run_serve(command, settings); }
  int operator()(const ProducerCommand& command) const { return run_producer(command, settings); }
  int operator()(const EmitterCommand& command) const { return run_emitter(command, settings); }
  int operator()(const ExchangeCommand& command) const { return run_exchange(command, settings); }
  int operator()(const RecordCommand& command) const { return run_record(command); }
  int operator()(const TopicCommand& command) const { return run_topic(command); }
  int operator()(const ConfigCommand& command) const { return run_config(command); }
  int operator()(const BenchCommand& command) const { return run_bench(command); }
  int operator()(const WatchCommand& command) const { return run_watch(command); }
  int operator()(const PlanCommand& command) const { return run_plan(command); }
  int operator()(const HealthcheckCommand& command) const { return run_healthcheck(command); }
  int operator()(const VersionCommand&) const { return run_version(); }
  int operator()(const ManualCommand&) const { return print(manual_page()); }
  int operator()(const CompletionCommand& command) const { return print(completion(command.shell)); }

  static int print(const std::string& text) { return std::fputs(text.c_str(), stdout) < 0 ? 1 : 0; }
};

}  // namespace
}  // namespace tickcast::app

int main(int argc, char** argv) {
  using namespace tickcast::app;
  block_signals();
  const Command command = parse_command_line(argc, argv);
  LiveSettings settings({argv + 1, argv + argc});
  return std::visit(Run{settings}, command);
}
