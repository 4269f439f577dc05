// SPDX-License-Identifier: Apache-2.0
#include "watch/display.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace tickcast::watch {
namespace {

constexpr std::int64_t kEscapeNs = 50 * kNsPerMs;  // an Escape that nothing follows in this time is the key

// no-color.org: set, and not to nothing.
bool wants_colour() {
  const char* const no_colour = std::getenv("NO_COLOR");
  return no_colour == nullptr || *no_colour == '\0';
}

}  // namespace

Display::Display(net::Loop& loop, std::unique_ptr<Terminal> terminal)
    : loop_(loop),
      terminal_(std::move(terminal)),
      marks_(Terminal::knows_unicode()),
      colour_(wants_colour()) {
  loop_.add(terminal_->fd(), net::kReadable, *this);
}

Display::~Display() { loop_.remove(terminal_->fd(), *this); }

std::int64_t Display::wait_ns(std::int64_t now_ns) const {
  return terminal_->idle() ? std::clamp<std::int64_t>(next_ns_ - now_ns, 0, kPeriodNs) : kPeriodNs;
}

void Display::show(Screen screen, std::int64_t now_ns) {
  if (terminal_->was_away()) redraw();
  next_ns_ = now_ns + kPeriodNs;
  std::string bytes = difference(shown_ ? &*shown_ : nullptr, screen, colour_);
  shown_ = std::move(screen);
  if (bytes.empty()) return;
  terminal_->write(std::move(bytes));
  watch();
}

std::vector<Key> Display::keys(std::int64_t now_ns) {
  if (now_ns - typed_ns_ > kEscapeNs) reader_.settle(keys_);
  return std::exchange(keys_, {});
}

void Display::on_ready(std::uint32_t what) {
  if (what & net::kWritable) terminal_->go_on_writing();
  if (what & (net::kReadable | net::kBroken)) {
    reader_.take(terminal_->read(), keys_);
    typed_ns_ = loop_.now_ns();
  }
  watch();
}

void Display::watch() {
  loop_.change(terminal_->fd(), net::kReadable | (terminal_->idle() ? 0 : net::kWritable), *this);
}

}  // namespace tickcast::watch
