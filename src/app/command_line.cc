// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <variant>

#include "app/configuration.h"
#include "app/declarations.h"
#include "kafka/topic_reader.h"
#include "kafka/topic_sink.h"

namespace tickcast::app {
namespace {

// "--lissten is not a flag of serve; did you mean --listen?"
std::string unknown_words(CLI::App& command, const std::vector<std::string>& words) {
  const std::string flag = words.front().substr(0, words.front().find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) names.push_back(option->get_name());
  const std::string meant = nearest(flag, names);
  const std::string what = flag.starts_with("-") ? "is not a flag of " : "is not understood by ";
  return flag + " " + what + command.get_name() + (meant.empty() ? "" : "; did you mean " + meant + "?");
}

Exit usage_error(const std::string& command, const std::string& message) {
  std::fprintf(stderr, "%s: %s\nSee '%s --help'.\n", command.c_str(), message.c_str(), command.c_str());
  return Exit{kUsage};
}

Exit usage_error(const CLI::App& root, const std::string& message) {
  const auto chosen = root.get_subcommands();
  return usage_error(chosen.empty() ? "tickcast" : "tickcast " + chosen.front()->get_name(), message);
}

// Whether Kafka's settings go together, which no option can judge alone.
struct CheckKafka {
  Status operator()(const ProducerCommand& command) const { return kafka::TopicSink::check(command.sink); }
  Status operator()(const EmitterCommand& command) const {
    return kafka::TopicReader::check(command.topic.settings);
  }
  Status operator()(const TopicCommand& command) const { return kafka::TopicReader::check(command.settings); }
  template <class Other>
  Status operator()(const Other&) const {
    return Done{};
  }
};

// Where a role's settings of Kafka come from: "flag", "TICKCAST_KAFKA_CONFIG", "tickcast.toml:3", "default".
std::string kafka_config_origin(const std::vector<std::string>& words) {
  const auto values = effective_values(words);
  if (!values) return "default";
  const auto found = std::ranges::find(*values, "kafka-config", &Effective::key);
  return found == values->end() ? "default" : found->origin;
}

Exit refuse_kafka_config(const std::vector<std::string>& words, const Error& error) {
  const std::string origin = kafka_config_origin(words);
  if (origin == "flag" || origin == "default") return usage_error("tickcast " + words.front(), error.message);
  std::fprintf(stderr, "tickcast: %s: %s\n", origin.c_str(), error.message.c_str());
  return Exit{kBadConfiguration};
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  Command asked = parse_words(words);
  if (const Status taken = std::visit(CheckKafka{}, asked); !taken)
    return refuse_kafka_config(words, taken.error());
  return asked;
}

Command parse_words(const std::vector<std::string>& given) {
  const Overlay overlay = lay_over(given);
  if (!overlay.faults.empty()) {
    for (const std::string& fault : overlay.faults) std::fprintf(stderr, "tickcast: %s\n", fault.c_str());
    return Exit{kBadConfiguration};
  }
  Declarations declared;
  declared.listen_to(given.empty() ? "" : given.front());
  try {
    declared.root.parse(std::vector<std::string>(overlay.words.rbegin(), overlay.words.rend()));
  } catch (const CLI::CallForHelp&) {
    std::fputs(declared.root.help().c_str(), stdout);
    return Exit{0};
  } catch (const CLI::ParseError& error) {
    return usage_error(declared.root, error.what() + overlay.remark());
  }

  const auto chosen = declared.root.get_subcommands();
  CLI::App& command = chosen.empty() ? declared.root : *chosen.front();
  const auto words = command.remaining();
  if (!words.empty() && &command != declared.config_app)
    return usage_error(declared.root, unknown_words(command, words));
  if (chosen.empty()) {
    std::fputs(declared.root.help().c_str(), stderr);
    return Exit{kUsage};
  }
  auto asked = declared.chosen();
  if (!asked) return usage_error(declared.root, asked.error().message + overlay.remark());
  return std::move(*asked);
}

}  // namespace tickcast::app
