// SPDX-License-Identifier: Apache-2.0
//
// Display: a terminal in an event loop: keys in, pictures out. A picture goes out as what differs from the
// one before; none is made while the terminal still takes the last one in, so a slow one gets fewer pictures
// and never old ones.
//
// The terminal's size is asked before each picture, ten times a second: SIGWINCH would tell the same a moment
// sooner and has a handler to get right.
//
// Thread: its loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "net/loop.h"
#include "watch/frame.h"
#include "watch/keys.h"
#include "watch/screen.h"
#include "watch/terminal.h"

namespace tickcast::watch {

class Display final : private net::Ready {
 public:
  static constexpr std::int64_t kPeriodNs = 100 * kNsPerMs;  // between two pictures

  Display(net::Loop& loop, std::unique_ptr<Terminal> terminal);
  ~Display();

  // Whether it is time for a picture and the terminal can take one.
  bool due(std::int64_t now_ns) const { return now_ns >= next_ns_ && terminal_->idle(); }
  // A picture as soon as the terminal can take one: something was typed.
  void hurry() { next_ns_ = 0; }
  // How long the loop may sleep before the next picture.
  std::int64_t wait_ns(std::int64_t now_ns) const;
  Size size() const { return terminal_->size(); }
  const Marks& marks() const { return marks_; }
  void show(Screen screen, std::int64_t now_ns);
  // The next picture is sent as a whole.
  void redraw() { shown_.reset(); }

  // What was typed since the last call.
  std::vector<Key> keys(std::int64_t now_ns);
  bool gone() const { return terminal_->gone(); }

 private:
  void on_ready(std::uint32_t what) override;
  void watch();

  net::Loop& loop_;
  std::unique_ptr<Terminal> terminal_;
  Marks marks_;
  bool colour_;
  KeyReader reader_;
  std::vector<Key> keys_;
  std::optional<Screen> shown_;
  std::int64_t typed_ns_ = 0;
  std::int64_t next_ns_ = 0;
};

}  // namespace tickcast::watch
