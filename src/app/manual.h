// SPDX-License-Identifier: Apache-2.0
//
// manual_page(): tickcast(1), as man reads it (roff, man(7) macros), from the declarations of commands and
// options. Thread: main.
#pragma once

#include <string>

namespace tickcast::app {

std::string manual_page();

}  // namespace tickcast::app
