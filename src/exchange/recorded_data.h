// SPDX-License-Identifier: Apache-2.0
//
// Where the recordings that some tests replay lie, if they do: they are not part of the repository.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace tickcast::exchange {

// The path of `name` under $TICKCAST_SHARED_DATA, or under ../shared/data beside the source tree; "" when it
// is not there.
inline std::string recording_path(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (const char* data = std::getenv("TICKCAST_SHARED_DATA")) {
    const fs::path file = fs::path(data) / name;
    return fs::exists(file, error) ? file.string() : "";
  }
  const char* source = std::getenv("TICKCAST_SOURCE_DIR");
  for (fs::path at = source != nullptr ? fs::path(source) : fs::current_path(error); !at.empty();
       at = at.parent_path()) {
    const fs::path file = at / ".." / "shared" / "data" / name;
    if (fs::exists(file, error)) return file.lexically_normal().string();
    if (at == at.root_path()) break;
  }
  return "";
}

}  // namespace tickcast::exchange
