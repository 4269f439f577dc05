// SPDX-License-Identifier: Apache-2.0
//
// PlanFlags: the flags of `tickcast plan`, and the PlanCommand they make.
#pragma once

#include "app/command_line.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace tickcast::app {

class PlanFlags {
 public:
  // Adds the command. The flags' values live here.
  CLI::App* add(CLI::App& root);
  // After parsing. The error is a message for who typed them.
  Result<PlanCommand> complete() const;

 private:
  void add_demand(CLI::App& command);
  void add_node(CLI::App& command);

  PlanCommand command_;
  double memory_gb_ = 16;
  double gbits_per_s_ = 3.75;
  double busy_percent_ = 50;
};

}  // namespace tickcast::app
