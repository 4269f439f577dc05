// SPDX-License-Identifier: Apache-2.0
#include "app/recorder.h"

#include <cerrno>
#include <cstring>

#include <zlib.h>

#include "base/log.h"
#include "wire/recording.h"

namespace tickcast::app {
namespace {

gzFile handle(void* file) { return static_cast<gzFile>(file); }

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::open(const std::string& path) {
  std::unique_ptr<Recorder> recorder(new Recorder(path));
  // "T": zlib writes the bytes as they are. Level 1 keeps up with a crash day on a fraction of a core.
  recorder->file_ = gzopen(path.c_str(), path.ends_with(".gz") ? "wb1" : "wbT");
  if (recorder->file_ == nullptr) return Error{"cannot write " + path + ": " + std::strerror(errno)};
  gzbuffer(handle(recorder->file_), 256 * 1024);
  return recorder;
}

Recorder::~Recorder() {
  if (file_ != nullptr) gzclose(handle(file_));
}

void Recorder::write(std::int64_t received_ns, std::string_view frame) {
  if (broken_) return;
  line_.clear();
  wire::append_recording_line(line_, received_ns, frame);
  if (gzwrite(handle(file_), line_.data(), static_cast<unsigned>(line_.size())) <= 0) {
    broken_ = true;
    log_error("record", "cannot write to {}: the recording ends after {} frames", path_, frames_);
    return;
  }
  ++frames_;
}

Status Recorder::finish() {
  const int closed = gzclose(handle(std::exchange(file_, nullptr)));
  if (broken_ || closed != Z_OK)
    return Error{"the end of " + path_ + " could not be written: is the disk full?"};
  return Done{};
}

}  // namespace tickcast::app
