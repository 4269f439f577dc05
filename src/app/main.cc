// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"
#include "app/roles.h"
#include "app/signals.h"

namespace tickcast::app {
namespace {

struct Run {
  int operator()(const Exit& exit) const { return exit.code; }
  int operator()(const DemoCommand& command) const { return run_demo(command); }
  int operator()(const ServeCommand& command) const { return run_serve(command); }
  int operator()(const ProducerCommand& command) const { return run_producer(command); }
  int operator()(const EmitterCommand& command) const { return run_emitter(command); }
  int operator()(const ExchangeCommand& command) const { return run_exchange(command); }
  int operator()(const RecordCommand& command) const { return run_record(command); }
  int operator()(const TopicCommand& command) const { return run_topic(command); }
  int operator()(const HealthcheckCommand& command) const { return run_healthcheck(command); }
  int operator()(const VersionCommand&) const { return run_version(); }
};

}  // namespace
}  // namespace tickcast::app

int main(int argc, char** argv) {
  using namespace tickcast::app;
  block_signals();
  return std::visit(Run{}, parse_command_line(argc, argv));
}
