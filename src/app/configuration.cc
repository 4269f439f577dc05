// SPDX-License-Identifier: Apache-2.0
#include "app/configuration.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>

#include "app/config_file.h"
#include "app/declarations.h"
#include "base/log.h"

namespace tickcast::app {
namespace {

using Words = std::vector<std::string>;

// An empty variable counts as unset.
std::string environment(const std::string& name) {
  const char* const value = name.empty() ? nullptr : std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

bool given(const Words& words, const std::string& flag) {
  return std::ranges::any_of(
      words, [&](const std::string& word) { return word == flag || word.starts_with(flag + "="); });
}

// The file that the words or the environment ask for; "": none.
std::string config_path(const Words& words) {
  std::string path = environment("TICKCAST_CONFIG");
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("--config=")) path = words[i].substr(std::strlen("--config="));
    if ((words[i] == "--config" || words[i] == "-c") && i + 1 < words.size()) path = words[i + 1];
  }
  return path;
}

CLI::App* command_named(Declarations& declared, const std::string& name) {
  for (CLI::App* command : declared.root.get_subcommands({})) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

Words keys_of(CLI::App& command) {
  Words out;
  for (const CLI::Option* option : settable(command)) out.push_back(key_of(*option));
  return out;
}

CLI::Option* option_of(CLI::App& command, const std::string& key) {
  for (CLI::Option* option : settable(command)) {
    if (key_of(*option) == key) return option;
  }
  return nullptr;
}

// Commands that a file may set options of.
std::vector<CLI::App*> configurable(Declarations& declared) {
  std::vector<CLI::App*> out;
  for (CLI::App* command : declared.root.get_subcommands({})) {
    if (!settable(*command).empty()) out.push_back(command);
  }
  return out;
}

// Whether a file may have a table of this command's. TOML has no room for both `topic = "..."`, an option of
// many, and [topic]: the command `topic` takes what stands above all tables.
bool has_table(const CLI::App& command) { return command.get_name() != "topic"; }

bool takes(const std::string& role, const std::string& key) {
  Declarations declared;
  CLI::App* const command = command_named(declared, role);
  return command != nullptr && option_of(*command, key) != nullptr;
}

// What is wrong with a value, as the option itself judges; "": nothing.
std::string fault_of(const std::string& role, const std::string& key, const Words& values) {
  Declarations declared;  // judging a value stores it
  CLI::Option* const option = option_of(*command_named(declared, role), key);
  try {
    for (const std::string& value : values) {
      if (!value.empty()) option->add_result(value);
    }
    if (option->count() > 0) option->run_callback();
  } catch (const CLI::ParseError& error) {
    const std::string text = error.what();
    const std::string name = "--" + key + ": ";
    return text.starts_with(name) ? text.substr(name.size()) : text;
  }
  return "";
}

std::string hint(const std::string& meant) { return meant.empty() ? "" : "; did you mean " + meant + "?"; }

// A setting judged: its key is one of the role's (or of any role's), and its value can be one.
std::string fault_of(const Setting& setting) {
  Declarations declared;
  Words roles;
  Words all_keys;
  for (CLI::App* command : configurable(declared)) {
    if (has_table(*command)) roles.push_back(command->get_name());
    for (std::string& key : keys_of(*command)) all_keys.push_back(std::move(key));
  }
  if (setting.role.empty()) {
    const auto role =
        std::ranges::find_if(roles, [&](const std::string& each) { return takes(each, setting.key); });
    if (role == roles.end())
      return fmt::format("{} is not a key{}", setting.key, hint(nearest(setting.key, all_keys)));
    const std::string fault = fault_of(*role, setting.key, setting.values);
    return fault.empty() ? "" : setting.key + ": " + fault;
  }
  if (std::ranges::find(roles, setting.role) == roles.end())
    return fmt::format("[{}] is not a role{}", setting.role, hint(nearest(setting.role, roles)));
  if (!takes(setting.role, setting.key)) {
    const Words keys = keys_of(*command_named(declared, setting.role));
    return fmt::format("{} is not a key of [{}]{}", setting.key, setting.role,
                       hint(nearest(setting.key, keys)));
  }
  const std::string fault = fault_of(setting.role, setting.key, setting.values);
  return fault.empty() ? "" : setting.key + ": " + fault;
}

Words faults_of(const ConfigFile& file) {
  Words out = file.faults;
  for (const Setting& setting : file.settings) {
    if (std::string fault = fault_of(setting); !fault.empty())
      out.push_back(fmt::format("{}: {}", setting.where, fault));
  }
  return out;
}

Words faults_of_environment(const std::string& role) {
  Words out;
  Declarations declared;
  for (const CLI::Option* option : settable(*command_named(declared, role))) {
    const std::string value = environment(option->get_envname());
    if (value.empty()) continue;
    if (const std::string fault = fault_of(role, key_of(*option), {value}); !fault.empty())
      out.push_back(fmt::format("{}: {}", option->get_envname(), fault));
  }
  return out;
}

// What the file says of a role's key: its own table wins. Null: nothing.
const Setting* setting_of(const ConfigFile& file, const std::string& role, const std::string& key) {
  const Setting* found = nullptr;
  for (const Setting& setting : file.settings) {
    const bool unset = std::ranges::all_of(setting.values, &std::string::empty);
    if (setting.key != key || unset) continue;
    if (setting.role == role || (setting.role.empty() && found == nullptr)) found = &setting;
  }
  return found;
}

Words words_of(const Setting& setting) {
  Words out;
  // A flag that is false is one that was not given.
  if (setting.values == Words{"false"}) return out;
  for (const std::string& value : setting.values) out.push_back("--" + setting.key + "=" + value);
  return out;
}

// --- showing ---

bool is_secret(std::string_view name) {
  constexpr std::array<std::string_view, 5> kMarks = {"password", "secret", "token", "jaas", "key.pem"};
  return std::ranges::any_of(kMarks, [&](std::string_view mark) { return name.find(mark) != name.npos; });
}

// "sasl.password=hunter2" to "sasl.password=********".
std::string masked(const std::string& value) {
  const std::size_t equals = value.find('=');
  if (equals == std::string::npos || !is_secret(std::string_view(value).substr(0, equals))) return value;
  return value.substr(0, equals + 1) + "********";
}

bool is_bare(const std::string& text) {
  if (text == "true" || text == "false") return true;
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  const bool plain = text.find_first_not_of("-0123456789.") == std::string::npos;
  return plain && !text.empty() && *end == '\0' && text.back() != '.' && text.front() != '.';
}

// As TOML writes it.
std::string literal(const std::string& text) {
  if (is_bare(text)) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string origin_of(const std::string& role, const CLI::Option& option, const Words& words,
                      const ConfigFile& file) {
  if (given(words, option.get_name())) return "flag";
  if (!environment(option.get_envname()).empty()) return option.get_envname();
  const Setting* const setting = setting_of(file, role, key_of(option));
  return setting != nullptr ? setting->where : "default";
}

std::string text_of(const CLI::Option& option, std::string (*shown)(const std::string&)) {
  if (option.count() == 0) return default_of(option);
  std::string out;
  for (const std::string& value : option.results()) out += (out.empty() ? "" : ",") + shown(value);
  return out;
}

std::string as_is(const std::string& value) { return value; }

// --- documents ---

// What several roles have, and whether it means the same to all of them.
struct Shared {
  const CLI::Option* option = nullptr;
  std::size_t roles = 0;
  bool alike = true;
};

std::map<std::string, Shared> shared_options(Declarations& declared) {
  std::map<std::string, Shared> out;
  for (CLI::App* command : configurable(declared)) {
    if (!has_table(*command)) continue;
    for (const CLI::Option* option : settable(*command)) {
      Shared& shared = out[key_of(*option)];
      if (shared.option != nullptr && (shared.option->get_description() != option->get_description() ||
                                       default_of(*shared.option) != default_of(*option)))
        shared.alike = false;
      shared.option = option;
      ++shared.roles;
    }
  }
  return out;
}

std::string entry(const CLI::Option& option) {
  return fmt::format("# {}\n# {} = {}\n", option.get_description(), key_of(option),
                     literal(default_of(option)));
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
  return text;
}

// --- the command ---

int complain(const Words& faults) {
  for (const std::string& fault : faults) std::fprintf(stderr, "tickcast config: %s\n", fault.c_str());
  return kBadConfiguration;
}

int usage(const char* message) {
  std::fprintf(stderr, "tickcast config: %s\nSee 'tickcast config --help'.\n", message);
  return kUsage;
}

int write_default(const std::string& path) {
  const std::string text = default_file();
  if (path.empty()) return std::fputs(text.c_str(), stdout) < 0 ? 1 : 0;
  // Never over a file that is there.
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  const bool written = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const std::string why = written ? "" : std::strerror(errno);
  if (fd >= 0) close(fd);
  if (written) return std::printf("%s\n", path.c_str()) < 0 ? 1 : 0;
  std::fprintf(stderr, "tickcast config: %s: %s\n", path.c_str(), why.c_str());
  return 1;
}

int check(const std::string& asked) {
  const std::string path = asked.empty() ? environment("TICKCAST_CONFIG") : asked;
  if (path.empty()) return usage("check which file? None is named, and TICKCAST_CONFIG is not set");
  const ConfigFile file = read_config_file(path);
  if (const Words faults = faults_of(file); !faults.empty()) return complain(faults);
  std::printf("%s: %zu settings, nothing wrong\n", path.c_str(), file.settings.size());
  return 0;
}

int show(const ConfigCommand& command) {
  Declarations declared;
  CLI::App* const role = command_named(declared, command.what);
  if (role == nullptr || settable(*role).empty())
    return usage("show whose settings? serve, producer, emitter, exchange, demo, record or topic");
  Words words = {command.what};
  words.insert(words.end(), command.words.begin(), command.words.end());
  if (const Overlay overlay = lay_over(words); !overlay.faults.empty()) return complain(overlay.faults);
  const auto values = effective_values(words);
  if (!values) return usage(values.error().message.c_str());
  for (const Effective& value : *values) {
    const std::string line = (value.text.empty() ? "# " : "") + value.key + " = " + literal(value.text);
    if (command.origin) {
      std::printf("%-50s # %s\n", line.c_str(), value.origin.c_str());
    } else {
      std::printf("%s\n", line.c_str());
    }
  }
  return 0;
}

}  // namespace

Overlay lay_over(const Words& words) {
  Overlay out{words, {}, {}};
  if (words.empty()) return out;
  Declarations declared;
  CLI::App* const command = command_named(declared, words.front());
  if (command == nullptr || settable(*command).empty() || given(words, "--help") || given(words, "-h"))
    return out;
  const std::string role = words.front();
  out.path = config_path(words);
  out.faults = faults_of_environment(role);
  if (out.path.empty()) return out;
  const ConfigFile file = read_config_file(out.path);
  const Words file_faults = faults_of(file);
  out.faults.insert(out.faults.begin(), file_faults.begin(), file_faults.end());
  Words added;
  for (const CLI::Option* option : settable(*command)) {
    const Setting* const setting = setting_of(file, role, key_of(*option));
    if (setting == nullptr || given(words, option->get_name())) continue;
    if (!environment(option->get_envname()).empty()) continue;
    for (std::string& word : words_of(*setting)) added.push_back(std::move(word));
  }
  out.words.insert(out.words.begin() + 1, added.begin(), added.end());
  return out;
}

Result<std::vector<Effective>> effective_values(const Words& words) {
  const Overlay overlay = lay_over(words);
  const ConfigFile file = overlay.path.empty() ? ConfigFile{} : read_config_file(overlay.path);
  Declarations declared;
  CLI::App& command = *command_named(declared, words.front());
  for (CLI::Option* option : command.get_options()) option->required(false);
  declared.listen_to(words.front());
  try {
    declared.root.parse(Words(overlay.words.rbegin(), overlay.words.rend()));
  } catch (const CLI::ParseError& error) {
    return Error{error.what() + overlay.remark()};
  }
  std::vector<Effective> out;
  for (const CLI::Option* option : settable(command))
    out.push_back({key_of(*option), text_of(*option, masked), text_of(*option, as_is),
                   origin_of(words.front(), *option, words, file)});
  return out;
}

std::string default_file() {
  Declarations declared;
  const auto shared = shared_options(declared);
  std::string out =
      "# Settings of tickcast, every one with its default, all commented out.\n"
      "#   tickcast config check FILE    says what is wrong with a file\n"
      "#   tickcast emitter --config FILE\n"
      "# The environment (TICKCAST_MAX_AGE) wins over a file, and a flag (--max-age) over both. Here, above "
      "all\n"
      "# tables, a key holds for every role that has it; in a role's table for that role alone.\n\n";
  for (const auto& [key, option] : shared) {
    if (option.roles > 1 && option.alike) out += entry(*option.option) + "\n";
  }
  for (CLI::App* command : configurable(declared)) {
    if (!has_table(*command)) continue;
    out += fmt::format("# {}\n[{}]\n\n", command->get_description(), command->get_name());
    for (const CLI::Option* option : settable(*command)) {
      const Shared& common = shared.at(key_of(*option));
      if (common.roles == 1 || !common.alike) out += entry(*option) + "\n";
    }
  }
  return out;
}

std::string options_page() {
  Declarations declared;
  std::string out =
      "# Options\n\n"
      "<!-- Written by `make docs` from src/app/declarations.cc. -->\n\n"
      "Every option is a flag (`--max-age 2`), an environment variable (`TICKCAST_MAX_AGE=2`) and a key of "
      "the "
      "configuration file (`max-age = 2`); the flag wins over the environment, that over the file. Those "
      "marked "
      "*live* take effect in a running role on SIGHUP. [How to configure](../how-to/configure.md).\n";
  for (CLI::App* command : configurable(declared)) {
    out += fmt::format("\n## tickcast {}\n\n{}.\n\n", command->get_name(), command->get_description());
    out += "| flag | environment | value | default | |\n|---|---|---|---|---|\n";
    for (const CLI::Option* option : settable(*command)) {
      const std::string preset = default_of(*option);
      out += fmt::format("| `{}` | `{}` | {} | {} | {}{}{} |\n", option->get_name(), option->get_envname(),
                         cell(type_of(*option)), preset.empty() ? "" : "`" + preset + "`",
                         cell(option->get_description()), option->get_required() ? "; required" : "",
                         changes_live(key_of(*option)) ? " *live*" : "");
    }
  }
  return out;
}

LiveSettings::LiveSettings(Words words) : words_(std::move(words)), path_(lay_over(words_).path) {
  if (path_.empty()) return;
  if (auto values = effective_values(words_)) held_ = std::move(*values);
}

std::optional<Command> LiveSettings::read_again() {
  const Overlay overlay = lay_over(words_);
  auto values = effective_values(words_);
  Words faults = overlay.faults;
  if (faults.empty() && !values) faults.push_back(values.error().message);
  for (const std::string& fault : faults) log_error("app", "{}; nothing was changed", fault);
  if (!faults.empty()) return std::nullopt;
  bool any = false;
  for (std::size_t i = 0; i < held_.size(); ++i) {
    const Effective& now = (*values)[i];
    if (now.raw == held_[i].raw) continue;
    any = true;
    if (changes_live(now.key)) {
      log_info("app", "{} is {} now (was {})", now.key, now.text, held_[i].text);
      held_[i] = now;
    } else {
      log_warning("app", "{} would be {}, but takes a restart; it stays {}", now.key, now.text,
                  held_[i].text);
    }
  }
  if (!any) log_info("app", "{}: nothing changed", path_);
  return parse_words(words_);
}

int run_config(const ConfigCommand& command) {
  if (command.action != ConfigCommand::Action::show && (!command.words.empty() || command.origin))
    return usage("only show takes flags");
  switch (command.action) {
    case ConfigCommand::Action::init:
      return write_default(command.what);
    case ConfigCommand::Action::check:
      return check(command.what);
    case ConfigCommand::Action::show:
      return show(command);
  }
  return kUsage;
}

}  // namespace tickcast::app
