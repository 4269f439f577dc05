// SPDX-License-Identifier: Apache-2.0
#include "app/manual.h"

#include <set>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/declarations.h"

namespace tickcast::app {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string with_typed_dashes(std::string text) {
  for (std::size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
  return text;
}

TEST(Manual, HasEveryCommandAndEveryOptionOfIt) {
  const std::string page = manual_page();
  Declarations declared;
  std::size_t options = 0;
  for (CLI::App* command : declared.root.get_subcommands({})) {
    const std::size_t begin = page.find(".SS tickcast " + command->get_name() + "\n");
    ASSERT_NE(begin, page.npos) << command->get_name();
    const std::string section = page.substr(begin, page.find("\n.S", begin + 1) - begin);
    for (const CLI::Option* option : command->get_options()) {
      if (option->get_name() == "--help") continue;
      EXPECT_THAT(section, HasSubstr("\\fB" + with_typed_dashes(option->get_name()) + "\\fR"));
      EXPECT_THAT(section, HasSubstr(with_typed_dashes(option->get_envname())));
      ++options;
    }
  }
  EXPECT_GT(options, 100u);
}

TEST(Manual, NoLineOfTextIsTakenForARequest) {
  const std::string page = manual_page();
  std::istringstream lines(page);
  const std::set<std::string> ours = {".TH", ".SH", ".SS", ".TP", ".PP", ".B",
                                      ".I",  ".RI", ".nf", ".fi", ".nh", ".ad"};
  for (std::string line; std::getline(lines, line);) {
    const bool request = line.starts_with('.');
    EXPECT_TRUE(!request || ours.contains(line.substr(0, line.find(' ')))) << line;
  }
  EXPECT_THAT(page, Not(HasSubstr("\n'")));
  EXPECT_THAT(page, Not(HasSubstr("..\n"))) << "a sentence ends once";
}

}  // namespace
}  // namespace tickcast::app
