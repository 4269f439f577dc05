// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tickcast {

void check_failed(const char* condition, const char* sentence, const char* file, int line) {
  std::fprintf(stderr, "tickcast: bug: %s (%s is false at %s:%d)\n", sentence, condition, file, line);
  std::abort();
}

}  // namespace tickcast
