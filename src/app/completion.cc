// SPDX-License-Identifier: Apache-2.0
#include "app/completion.h"

#include <vector>

#include <fmt/core.h>

#include "app/declarations.h"

namespace tickcast::app {
namespace {

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

std::vector<CLI::App*> commands_of(Declarations& declared) { return declared.root.get_subcommands({}); }

bool takes_a_file(const CLI::Option& option) { return type_of(option) == "FILE"; }

// What may be anything: of these a shell knows nothing better than files.
bool is_open_word(const CLI::Option& option) { return option.get_positional() && choices_of(option).empty(); }

// The text in single quotes, as sh and zsh read it.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// With a backslash before each of some letters.
std::string escaped(const std::string& text, std::string_view letters) {
  std::string out;
  for (const char c : text) {
    if (letters.find(c) != letters.npos) out += '\\';
    out += c;
  }
  return out;
}

// --- bash ---

// One branch of a case: what follows the flag `name` of `command`.
std::string bash_value(const std::string& command, const std::string& name, const CLI::Option& option) {
  const auto choices = choices_of(option);
  std::string action = "return 0";
  if (!choices.empty()) action = fmt::format("words='{}'", joined(choices, " "));
  if (takes_a_file(option)) action = "files=1";
  return fmt::format("    {}:{}) {} ;;\n", command, name, action);
}

struct BashCommand {
  std::string values;  // branches of what follows a flag
  std::string words;   // else
  bool files = false;
};

BashCommand bash_command(CLI::App& command) {
  BashCommand out;
  std::vector<std::string> words;
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (is_open_word(*option)) out.files = true;
    if (option->get_positional()) {
      for (const std::string& choice : choices_of(*option)) words.push_back(choice);
      continue;
    }
    words.push_back(name);
    if (is_flag(*option)) continue;
    out.values += bash_value(command.get_name(), name, *option);
    if (name == "--config") out.values += bash_value(command.get_name(), "-c", *option);
  }
  out.words = joined(words, " ");
  return out;
}

std::string bash(Declarations& declared) {
  std::vector<std::string> names;
  std::string values;
  std::string words;
  for (CLI::App* command : commands_of(declared)) {
    const BashCommand each = bash_command(*command);
    names.push_back(command->get_name());
    values += each.values;
    words += fmt::format("    {}:*) words='{}'{} ;;\n", command->get_name(), each.words,
                         each.files ? " files=1" : "");
  }
  return fmt::format(
      "# bash completion for tickcast, written by: tickcast completion bash\n"
      "_tickcast() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} words='' files=''\n"
      "  COMPREPLY=()\n"
      "  ((COMP_CWORD > 1)) || words='{}'\n"
      "  ((COMP_CWORD < 2)) || case ${{COMP_WORDS[1]}}:${{COMP_WORDS[COMP_CWORD - 1]}} in\n{}{}  esac\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
      "  [[ -n $files && $word != -* ]] || return 0\n"
      "  compopt -o filenames 2>/dev/null || true\n"
      "  mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -f -- \"$word\")\n"
      "}}\n"
      "complete -F _tickcast tickcast\n",
      joined(names, " "), values, words);
}

// --- zsh ---

std::string zsh_text(const std::string& text) { return escaped(text, "[]:\\"); }

std::string zsh_value(const CLI::Option& option) {
  const auto choices = choices_of(option);
  const std::string what = zsh_text(option.get_positional() ? option.get_name() : type_of(option));
  if (!choices.empty()) return fmt::format(":{}:({})", what, joined(choices, " "));
  return fmt::format(":{}:{}", what, takes_a_file(option) || is_open_word(option) ? "_files" : "");
}

std::string zsh_option(const CLI::Option& option) {
  if (option.get_positional()) return quoted((option.get_required() ? "" : ":") + zsh_value(option));
  const std::string help = "[" + zsh_text(option.get_description()) + "]";
  const std::string value = is_flag(option) ? "" : zsh_value(option);
  const std::string several = option.get_items_expected_max() > 1 ? "*" : "";
  std::string out = quoted(several + option.get_name() + help + value);
  if (option.get_name() == "--config") out += " " + quoted("-c" + help + value);
  return out;
}

std::string zsh(Declarations& declared) {
  std::string commands;
  std::string cases;
  for (CLI::App* command : commands_of(declared)) {
    const std::string name = command->get_name();
    commands += "    " + quoted(escaped(name, ":") + ":" + command->get_description()) + "\n";
    cases += fmt::format("    {}) _arguments", name);
    for (const CLI::Option* option : command->get_options()) cases += " \\\n      " + zsh_option(*option);
    cases += " ;;\n";
  }
  return fmt::format(
      "#compdef tickcast\n"
      "# zsh completion for tickcast, written by: tickcast completion zsh\n"
      "_tickcast() {{\n"
      "  local -a commands=(\n{}  )\n"
      "  if ((CURRENT == 2)); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  shift words\n"
      "  ((CURRENT -= 1))\n"
      "  case $words[1] in\n{}  esac\n"
      "}}\n"
      "if [[ $funcstack[1] == _tickcast ]]; then _tickcast \"$@\"; else compdef _tickcast tickcast; fi\n",
      commands, cases);
}

// --- fish ---

std::string fish_text(const std::string& text) { return "'" + escaped(text, "\\'") + "'"; }

std::string fish_option(const std::string& command, const CLI::Option& option) {
  const std::string when = fmt::format("complete -c tickcast -n '__fish_seen_subcommand_from {}'", command);
  const auto choices = choices_of(option);
  const std::string help = " -d " + fish_text(option.get_description());
  if (is_open_word(option)) return when + " -F\n";
  if (option.get_positional()) return when + fmt::format(" -a '{}'", joined(choices, " ")) + help + "\n";
  std::string out = when + (option.get_name() == "--config" ? " -s c" : "") + " -l " + key_of(option);
  if (takes_a_file(option)) {
    out += " -r -F";
  } else if (!choices.empty()) {
    out += fmt::format(" -x -a '{}'", joined(choices, " "));
  } else if (!is_flag(option)) {
    out += " -x";
  }
  return out + help + "\n";
}

std::string fish(Declarations& declared) {
  std::string out =
      "# fish completion for tickcast, written by: tickcast completion fish\n"
      "complete -c tickcast -f\n";
  for (CLI::App* command : commands_of(declared)) {
    out += fmt::format("complete -c tickcast -n __fish_use_subcommand -a {} -d {}\n", command->get_name(),
                       fish_text(command->get_description()));
    for (const CLI::Option* option : command->get_options()) out += fish_option(command->get_name(), *option);
  }
  return out;
}

}  // namespace

std::string completion(Shell shell) {
  Declarations declared;
  switch (shell) {
    case Shell::bash:
      return bash(declared);
    case Shell::zsh:
      return zsh(declared);
    case Shell::fish:
      return fish(declared);
  }
  return {};
}

}  // namespace tickcast::app
