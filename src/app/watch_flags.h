// SPDX-License-Identifier: Apache-2.0
//
// WatchFlags: the flags of `tickcast watch`, and the WatchCommand they make.
#pragma once

#include <string>
#include <vector>

#include "app/command_line.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace tickcast::app {

class WatchFlags {
 public:
  // Adds the command. The flags' values live here.
  CLI::App* add(CLI::App& root);
  // After parsing. The error is a message for who typed them.
  Result<WatchCommand> complete();

 private:
  WatchCommand command_;
  std::string url_;
  std::string admin_;
};

}  // namespace tickcast::app
