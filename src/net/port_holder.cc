// SPDX-License-Identifier: Apache-2.0
#include "net/port_holder.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include <stdlib.h>
#include <unistd.h>

#include <fmt/core.h>

namespace tickcast::net {
namespace {

namespace fs = std::filesystem;

constexpr unsigned long kListening = 0x0A;  // the state's number in /proc/net/tcp

// Appends "socket:[inode]" of each listening socket with this local port.
void add_listening(const char* table, std::uint16_t port, std::vector<std::string>& links) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);  // the heading
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >>
        inode;
    const std::size_t colon = local.rfind(':');
    if (!fields || colon == std::string::npos) continue;
    const bool same_port = std::strtoul(local.c_str() + colon + 1, nullptr, 16) == port;
    if (same_port && std::strtoul(state.c_str(), nullptr, 16) == kListening) {
      links.push_back(fmt::format("socket:[{}]", inode));
    }
  }
}

std::vector<std::string> listening_links(std::uint16_t port) {
  std::vector<std::string> links;
  add_listening("/proc/net/tcp", port, links);
  add_listening("/proc/net/tcp6", port, links);
  return links;
}

bool has_descriptor_of(const fs::path& process, const std::vector<std::string>& links) {
  std::error_code error;
  for (fs::directory_iterator entry(process / "fd", error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry->path(), gone).string();
    if (!gone && std::find(links.begin(), links.end(), target) != links.end()) return true;
  }
  return false;
}

std::optional<int> pid_of(const fs::path& process) {
  const std::string name = process.filename().string();
  int pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

std::string name_of(const fs::path& process) {
  std::ifstream file(process / "comm");
  std::string name;
  std::getline(file, name);
  return name.empty() ? "a process" : name;
}

}  // namespace

std::optional<PortHolder> find_port_holder(std::uint16_t port) {
  const std::vector<std::string> links = listening_links(port);
  if (links.empty()) return std::nullopt;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const std::optional<int> pid = pid_of(entry->path());
    if (pid && has_descriptor_of(entry->path(), links)) return PortHolder{name_of(entry->path()), *pid};
  }
  return std::nullopt;
}

bool held_by_this_process(std::uint16_t port) {
  const std::vector<std::string> links = listening_links(port);
  return !links.empty() && has_descriptor_of("/proc/self", links);
}

}  // namespace tickcast::net
