// SPDX-License-Identifier: Apache-2.0
#include "app/config_file.h"

#include <optional>

#include <fmt/core.h>
#include <toml++/toml.h>

namespace tickcast::app {
namespace {

std::string place(const std::string& path, const toml::source_region& at) {
  return fmt::format("{}:{}", path, at.begin.line);
}

// Nothing: no value that an option could take.
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  return std::nullopt;
}

std::optional<std::vector<std::string>> texts_of(const toml::node& node) {
  std::vector<std::string> out;
  const toml::array* const array = node.as_array();
  if (array == nullptr) {
    auto text = text_of(node);
    if (!text) return std::nullopt;
    return std::vector{std::move(*text)};
  }
  for (const toml::node& element : *array) {
    auto text = text_of(element);
    if (!text) return std::nullopt;
    out.push_back(std::move(*text));
  }
  return out;
}

void read_table(const toml::table& table, const std::string& role, const std::string& path, ConfigFile& out) {
  for (const auto& [key, node] : table) {
    const std::string where = place(path, key.source());
    const std::string name(key.str());
    if (const auto* const inner = node.as_table(); inner != nullptr && role.empty()) {
      read_table(*inner, name, path, out);
    } else if (auto values = texts_of(node)) {
      out.settings.push_back({role, name, std::move(*values), where});
    } else {
      out.faults.push_back(
          fmt::format("{}: {} is no text, number, true, false, or array of these", where, name));
    }
  }
}

}  // namespace

ConfigFile read_config_file(const std::string& path) {
  ConfigFile out;
  try {
    read_table(toml::parse_file(path), "", path, out);
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;
    const std::string where = line > 0 ? fmt::format("{}:{}", path, line) : path;
    out.faults.push_back(fmt::format("{}: {}", where, error.description()));
  }
  return out;
}

}  // namespace tickcast::app
