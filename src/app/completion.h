// SPDX-License-Identifier: Apache-2.0
//
// completion(): a script that lets a shell complete commands, flags, files and the values that are few, from
// the declarations of commands and options. Each works both where the shell loads it by its name and when it
// is sourced. Thread: main.
#pragma once

#include <string>

#include "app/command_line.h"

namespace tickcast::app {

std::string completion(Shell shell);

}  // namespace tickcast::app
