// SPDX-License-Identifier: Apache-2.0
//
// BenchFlags: the flags of `tickcast bench`, and the BenchCommand they make.
#pragma once

#include <cstdint>
#include <string>

#include "app/command_line.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace tickcast::app {

class BenchFlags {
 public:
  // Adds the command. The flags' values live here.
  CLI::App* add(CLI::App& root);
  // After parsing. The error is a message for who typed them.
  Result<BenchCommand> complete();

 private:
  void add_clients(CLI::App& command);
  void add_run(CLI::App& command);

  BenchCommand command_;
  std::string url_;
  bool self_ = false;
  int pid_ = 0;
  load::FloorOptions floor_;
};

}  // namespace tickcast::app
