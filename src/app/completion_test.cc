// SPDX-License-Identifier: Apache-2.0
//
// bash is asked what it would complete; of the scripts of other shells it is seen that nothing is left out.
#include "app/completion.h"

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/declarations.h"

namespace tickcast::app {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// What bash offers behind these words; the last is the one that is being typed.
std::vector<std::string> offered(const std::vector<std::string>& words) {
  const std::string path = testing::TempDir() + "tickcast_completion_" + std::to_string(getpid());
  std::ofstream script(path);
  script << completion(Shell::bash) << "COMP_WORDS=(tickcast";
  for (const std::string& word : words) script << " '" << word << "'";
  script << ")\nCOMP_CWORD=" << words.size() << "\n_tickcast\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
  script.close();
  FILE* const bash = popen(("bash --norc -eu " + path + " 2>&1").c_str(), "r");
  std::string text;
  for (int c = std::fgetc(bash); c != EOF; c = std::fgetc(bash)) text += static_cast<char>(c);
  EXPECT_EQ(pclose(bash), 0) << text;
  std::remove(path.c_str());
  std::vector<std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) out.push_back(line);
  }
  return out;
}

TEST(Completion, BashOffersCommandsThenTheirFlags) {
  EXPECT_THAT(offered({"em"}), ElementsAre("emitter"));
  EXPECT_THAT(offered({"serve", "--tls"}), ElementsAre("--tls-certificate", "--tls-key"));
  EXPECT_THAT(offered({"serve", ""}), Not(Contains("--brokers")));
  EXPECT_THAT(offered({"emitter", "--listen", ":8080", "--bro"}), ElementsAre("--brokers"));
}

TEST(Completion, BashOffersTheValuesThatAreFewAndFilesWhereOneIsMeant) {
  EXPECT_THAT(offered({"topic", "s"}), ElementsAre("stats"));
  EXPECT_THAT(offered({"serve", "--log-level", ""}), ElementsAre("debug", "info", "warning", "error"));
  EXPECT_THAT(offered({"serve", "--listen", ""}), IsEmpty());
  EXPECT_THAT(offered({"serve", "--config", "/etc/pass"}), Contains("/etc/passwd"));
  EXPECT_THAT(offered({"serve", "-c", "/etc/pass"}), Contains("/etc/passwd"));
  EXPECT_THAT(offered({"config", "check", "/etc/pass"}), Contains("/etc/passwd"));
}

TEST(Completion, EveryShellKnowsEveryCommandAndFlag) {
  Declarations declared;
  for (const Shell shell : {Shell::bash, Shell::zsh, Shell::fish}) {
    const std::string script = completion(shell);
    for (CLI::App* command : declared.root.get_subcommands({})) {
      EXPECT_THAT(script, HasSubstr(command->get_name()));
      for (const CLI::Option* option : command->get_options()) {
        const bool is_word = option->get_positional();
        if (is_word && choices_of(*option).empty()) continue;
        const std::string flag = shell == Shell::fish ? "-l " + key_of(*option) + " " : option->get_name();
        EXPECT_THAT(script, HasSubstr(is_word ? choices_of(*option).front() : flag));
      }
    }
  }
}

}  // namespace
}  // namespace tickcast::app
