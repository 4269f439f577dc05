// SPDX-License-Identifier: Apache-2.0
//
// CHECK: a bug stops the program with a sentence. Kept in release builds. Never for input from outside: that
// is a Result.
#pragma once

namespace tickcast {

[[noreturn]] void check_failed(const char* condition, const char* sentence, const char* file, int line);

}  // namespace tickcast

#define CHECK(condition, sentence)                   \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::tickcast::check_failed(#condition, sentence, __FILE__, __LINE__))
