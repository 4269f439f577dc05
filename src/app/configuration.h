// SPDX-License-Identifier: Apache-2.0
//
// Configuration: how an option gets its value. What is declared < the file < the environment < the command
// line. A file is put in front of the command line as words, so that one parser judges all of them.
//
// Thread: main.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "base/result.h"

namespace tickcast::app {

// A command line with the file's settings put in.
struct Overlay {
  std::vector<std::string> words;
  std::vector<std::string> faults;  // of the file and of the environment: all of them; empty: none
  std::string path;                 // of the file; "": none was asked for

  // For a message about several values that do not go together.
  std::string remark() const { return path.empty() ? "" : " (settings of " + path + " included)"; }
};
Overlay lay_over(const std::vector<std::string>& words);

// An option's value as it holds for one command line, secrets masked.
struct Effective {
  std::string key;
  std::string text;    // several values: joined with commas; "": unset
  std::string raw;     // the same unmasked: to compare, never to print
  std::string origin;  // "default", "tickcast.toml:3", "TICKCAST_TOPIC", "flag"
};
Result<std::vector<Effective>> effective_values(const std::vector<std::string>& words);

// A file with every option, its meaning and its default, all commented out.
std::string default_file();
// docs/reference/options.md, whole.
std::string options_page();

// For a running role: its file read again.
class LiveSettings {
 public:
  explicit LiveSettings(std::vector<std::string> words);

  bool has_file() const { return !path_.empty(); }
  // What the file, the environment and the flags say now. Faults are logged, and then nothing holds anew;
  // else it is logged what changed and what of it waits for a restart. Nothing: faults.
  std::optional<Command> read_again();

 private:
  std::vector<std::string> words_;
  std::string path_;
  std::vector<Effective> held_;
};

int run_config(const ConfigCommand& command);

}  // namespace tickcast::app
