// SPDX-License-Identifier: Apache-2.0
//
// Terminal: the terminal that the process runs on, taken over for a full-screen view: keys come one by one
// and unechoed, the picture is on the alternate screen. Whatever ends the view, the terminal is given back
// as it was: the destructor, a failed CHECK or another crash (SIGABRT, SIGSEGV and their kin), a stop by
// Ctrl-Z (and taken over again when the process goes on). Only SIGKILL leaves it as it is: `reset` helps.
//
// What is written to stderr meanwhile, if that is a terminal too, is held back (the first 64 KiB) and told
// when the terminal is given back: it would tear the picture, and be lost with it.
//
// It is opened once more, for a description of its own that does not block: the shell's stays as it is, and a
// terminal that takes nothing holds up nobody.
//
// Thread: main. One at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "watch/screen.h"

namespace tickcast::watch {

class Terminal {
 public:
  // Whether stdin and stdout are a terminal that knows escape sequences (TERM is set, and not "dumb").
  static bool usable();
  static bool knows_unicode();  // by the locale of the environment

  // Takes it over. REQUIRES: usable(), and no other object.
  static Result<std::unique_ptr<Terminal>> take_over();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  int fd() const { return fd_; }
  Size size() const;

  // What was typed since the last call. gone() tells when there is no one any more who could.
  std::string read();
  bool gone() const { return gone_; }

  // Queues the bytes and writes what the terminal takes. REQUIRES: idle(): a picture is drawn when it can be
  // shown, not before.
  void write(std::string bytes);
  void go_on_writing();
  bool idle() const { return unwritten_.empty(); }

  // True once after the process was stopped and goes on: nothing of the picture is there any more.
  bool was_away();

 private:
  explicit Terminal(int fd) : fd_(fd) {}

  int fd_;
  std::string unwritten_;
  bool gone_ = false;
};

}  // namespace tickcast::watch
