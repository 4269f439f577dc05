// SPDX-License-Identifier: Apache-2.0
//
// docs/reference/metrics.md is what the declarations say. TICKCAST_WRITE_DOCS=1 writes it instead.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "metrics/families.h"

namespace tickcast::metrics {
namespace {

TEST(Reference, ThePageOfMetricsIsWhatTheDeclarationsSay) {
  const char* const source = std::getenv("TICKCAST_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "TICKCAST_SOURCE_DIR is the source tree; ctest sets it";
  const std::string path = std::string(source) + "/docs/reference/metrics.md";
  if (std::getenv("TICKCAST_WRITE_DOCS") != nullptr) std::ofstream(path) << reference_page();
  std::ifstream file(path);
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(page, reference_page()) << "make docs writes it anew";
}

}  // namespace
}  // namespace tickcast::metrics
