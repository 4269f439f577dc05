// SPDX-License-Identifier: Apache-2.0
//
// Recorder: a sink that writes frames to a file as they came (wire/recording.h), compressed when the name
// ends in .gz.
//
// Thread: ingest writes; open() and finish() before and after. A full disk loses the recording's rest, said
// once; nothing else stops.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tickcast::app {

class Recorder {
 public:
  // Creates the file, or replaces it.
  static Result<std::unique_ptr<Recorder>> open(const std::string& path);
  ~Recorder();

  void write(std::int64_t received_ns, std::string_view frame);
  // Writes what is still in memory and closes. The error says what was lost.
  Status finish();

  std::uint64_t frames() const { return frames_; }

 private:
  explicit Recorder(std::string path) : path_(std::move(path)) {}

  std::string path_;
  void* file_ = nullptr;  // zlib's gzFile, owned
  std::string line_;
  std::uint64_t frames_ = 0;
  bool broken_ = false;
};

}  // namespace tickcast::app
