// SPDX-License-Identifier: Apache-2.0
//
// read_config_file(): a TOML file as a list of settings, each with the line it stands on. What the keys mean
// is not known here.
//
//   brokers = "kafka:9092"        for every role that has such an option
//   [emitter]
//   listen = ":8080"              for this role alone, and over the above
//
// Thread: any; blocks on the file.
#pragma once

#include <string>
#include <vector>

namespace tickcast::app {

struct Setting {
  std::string role;  // "": for every role
  std::string key;
  std::vector<std::string> values;  // as text: one, or an array's
  std::string where;                // "tickcast.toml:12"
};

struct ConfigFile {
  std::vector<Setting> settings;
  std::vector<std::string> faults;  // sentences that begin with file and line; empty: none
};

ConfigFile read_config_file(const std::string& path);

}  // namespace tickcast::app
