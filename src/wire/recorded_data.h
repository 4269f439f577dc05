// SPDX-License-Identifier: Apache-2.0
//
// For tests: recordings and REST dumps of the real exchange, which are not part of the project. They lie at
// $TICKCAST_SHARED_DATA, or in shared/data beside the source directory or beside one above it; tests that
// want them are skipped where they are missing.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <zlib.h>

namespace tickcast::wire::testing {

inline std::optional<std::filesystem::path> recorded_data(std::string_view name) {
  namespace fs = std::filesystem;
  if (const char* const given = std::getenv("TICKCAST_SHARED_DATA")) {
    const fs::path path = fs::path(given) / name;
    return fs::exists(path) ? std::optional(path) : std::nullopt;
  }
  const char* const source = std::getenv("TICKCAST_SOURCE_DIR");
  for (fs::path at = fs::absolute(source ? source : fs::current_path());; at = at.parent_path()) {
    const fs::path path = at / "shared" / "data" / name;
    if (fs::exists(path)) return path;
    if (at == at.parent_path()) return std::nullopt;
  }
}

// The content of a gzip file.
inline std::string gunzip(const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error("cannot open " + path.string());
  std::string out;
  std::string block(1 << 20, '\0');
  int bytes = 0;
  while ((bytes = gzread(file, block.data(), static_cast<unsigned>(block.size()))) > 0) {
    out.append(block, 0, static_cast<std::size_t>(bytes));
  }
  gzclose(file);
  if (bytes < 0) throw std::runtime_error("cannot read " + path.string());
  return out;
}

template <class OnLine>
void each_line(std::string_view text, OnLine&& on_line) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    on_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace tickcast::wire::testing
