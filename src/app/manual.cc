// SPDX-License-Identifier: Apache-2.0
#include "app/manual.h"

#include <cctype>

#include <fmt/core.h>

#include "app/declarations.h"

namespace tickcast::app {
namespace {

// Text that roff shows as it is: no line of it is a request, and a dash is the one that is typed.
std::string shown(const std::string& text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_begins = c == '\n';
  }
  return out;
}

std::string bold(const std::string& text) { return "\\fB" + shown(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + shown(text) + "\\fR"; }

// As it stands, line for line.
std::string as_typed(const std::string& text) { return ".PP\n.nf\n" + shown(text) + "\n.fi\n"; }

// "Exchange to WebSocket clients" to "exchange to WebSocket clients".
std::string within_a_sentence(std::string text) {
  text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// What stands behind its description: where else it is set, and what it is unless it is set.
std::string remarks(const CLI::Option& option) {
  std::string out;
  const auto add = [&out](const std::string& remark) { out += (out.empty() ? "" : "; ") + remark; };
  if (option.get_required()) add("required");
  if (const std::string preset = option.get_default_str(); !preset.empty()) add("default " + shown(preset));
  if (const auto range = type_of(option); range.starts_with('[')) add(shown(range));
  if (!option.get_envname().empty()) add(shown(option.get_envname()));
  if (!option.get_positional() && changes_live(key_of(option))) add("taken in on SIGHUP");
  const std::string end = option.get_description().ends_with('.') ? "" : ".";
  return out.empty() ? end : end + " (" + out + ")";
}

std::string value_of(const CLI::Option& option) {
  if (is_flag(option) || option.get_positional()) return "";
  const std::string type = type_of(option);
  return " " + italic(type.starts_with('[') ? "N" : type);
}

std::string entry(const CLI::Option& option) {
  const bool is_config = option.get_name() == "--config";
  const std::string name = is_config ? bold("-c") + ", " + bold("--config") : bold(option.get_name());
  return ".TP\n" + name + value_of(option) + "\n" + shown(option.get_description()) + remarks(option) + "\n";
}

std::string section(CLI::App& command) {
  std::string out =
      ".SS tickcast " + shown(command.get_name()) + "\n" + shown(command.get_description()) + ".\n";
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_name() != "--help") out += entry(*option);
  }
  return out + as_typed(command.get_footer());
}

std::string item(const std::string& name, const std::string& text) {
  return ".TP\n" + bold(name) + "\n" + shown(text) + "\n";
}

std::string words_around_options() {
  return ".SH OPTIONS EVERYWHERE\n" +
         shown(
             "An option is a flag (--max-age 2), an environment variable (TICKCAST_MAX_AGE=2) and a key of "
             "the "
             "configuration file (max-age = 2). A flag wins over the environment, that over the file. Only "
             "roles and "
             "the commands record and topic read a file. --help of each command tells what it takes.") +
         "\n";
}

std::string signals() {
  return ".SH SIGNALS\n" +
         item("SIGTERM, SIGINT",
              "stop as planned: not ready any more, clients are told and closed over the time of --drain. A "
              "second one "
              "ends the process where it is.") +
         item("SIGHUP",
              "read the configuration file and the certificate again; a role that has neither stops.");
}

std::string exit_statuses() {
  return ".SH EXIT STATUS\n" + item("0", "done, or stopped as asked.") + item("1", "failed while running.") +
         item(fmt::format("{}", kUsage), "a command line that makes no sense.") +
         item(fmt::format("{}", kBadConfiguration),
              "a configuration file or an environment variable that makes none.") +
         item("130, 143", "ended by a second signal.");
}

std::string surroundings() {
  return ".SH ENVIRONMENT\n" +
         item("TICKCAST_...", "an option each, named with it above. An empty one is unset.") +
         item("NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID",
              "a service manager that wants to be told (sd_notify(3)); serve, producer, emitter, demo and "
              "exchange do.") +
         ".SH FILES\n" +
         item("/etc/tickcast/tickcast.toml",
              "what the Debian package's unit tickcast@ROLE.service is configured by.") +
         ".SH SEE ALSO\n" + shown("systemctl(1), systemd.service(5), sd_notify(3)") + "\n";
}

}  // namespace

std::string manual_page() {
  Declarations declared;
  std::string out = fmt::format(".TH TICKCAST 1 \"\" \"tickcast {}\" \"User Commands\"\n.nh\n.ad l\n",
                                shown(TICKCAST_VERSION));
  out += ".SH NAME\ntickcast \\- " + shown(within_a_sentence(declared.root.get_description())) + "\n";
  out += ".SH SYNOPSIS\n.B tickcast\n.I command\n.RI [ options ]\n.SH COMMANDS\n";
  for (CLI::App* command : declared.root.get_subcommands({})) out += section(*command);
  return out + words_around_options() + signals() + exit_statuses() + surroundings();
}

}  // namespace tickcast::app
