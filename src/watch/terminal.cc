// SPDX-License-Identifier: Apache-2.0
#include "watch/terminal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/core.h>
#include <langinfo.h>
#include <termios.h>

#include "base/check.h"

namespace tickcast::watch {
namespace {

// Alternate screen, no cursor, no wrapping at the edge; and back. CAN ends a sequence that was cut off.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J";
constexpr std::string_view kLeave = "\x18\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

constexpr std::array<int, 8> kCrashes = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGQUIT, SIGSYS, SIGTRAP};
constexpr std::size_t kHeldBytesMax = 64 * 1024;
constexpr int kPatienceMs = 300;  // for a terminal that takes nothing, when it is given back

// What a signal handler needs. Written before handlers are installed, and by them.
struct Taken {
  int fd = -1;
  termios before{};
  termios ours{};
  int real_stderr = -1;  // -1: stderr is not held back
  int held = -1;
  std::array<struct sigaction, kCrashes.size()> crashes_before{};
  struct sigaction stop_before {};
  volatile std::sig_atomic_t is_ours = 0;
  volatile std::sig_atomic_t was_away = 0;
};
Taken taken;
alignas(16) char handler_stack[64 * 1024];  // an overflown stack has no room for a handler

// From here to the next line of its kind: called by signal handlers, so nothing but what POSIX allows there
// (signal-safety(7)).

void write_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(fd, bytes, size);
    if (written > 0) {
      bytes += written;
      size -= static_cast<std::size_t>(written);
      continue;
    }
    if (written < 0 && errno == EINTR) continue;
    pollfd ready{fd, POLLOUT, 0};
    if (written == 0 || errno != EAGAIN || poll(&ready, 1, kPatienceMs) <= 0) return;
  }
}

void hold_stderr_back() {
  if (taken.real_stderr >= 0) dup2(taken.held, STDERR_FILENO);
}

void tell_what_was_held() {
  if (taken.real_stderr < 0) return;
  dup2(taken.real_stderr, STDERR_FILENO);
  const off_t bytes = lseek(taken.held, 0, SEEK_CUR);
  char piece[512];
  for (off_t at = 0; at < bytes;) {
    const ssize_t got = pread(taken.held, piece,
                              std::min<std::size_t>(sizeof piece, static_cast<std::size_t>(bytes - at)), at);
    if (got <= 0) break;
    write_all(STDERR_FILENO, piece, static_cast<std::size_t>(got));
    at += got;
  }
  lseek(taken.held, 0, SEEK_SET);
}

void enter() {
  tcsetattr(taken.fd, TCSANOW, &taken.ours);
  write_all(taken.fd, kEnter.data(), kEnter.size());
  hold_stderr_back();
  taken.is_ours = 1;
}

void leave() {
  if (taken.is_ours == 0) return;
  taken.is_ours = 0;
  write_all(taken.fd, kLeave.data(), kLeave.size());
  tcflush(taken.fd, TCIFLUSH);
  tcsetattr(taken.fd, TCSANOW, &taken.before);
  tell_what_was_held();
}

void on_crash(int signal) {
  const int error = errno;
  leave();
  errno = error;
  raise(signal);  // by its default action now (SA_RESETHAND), as soon as we return
}

void on_stop(int) {
  const int error = errno;
  leave();
  raise(SIGSTOP);
  enter();
  taken.was_away = 1;
  errno = error;
}

// --- no signal handler below ---

termios raw(termios mode) {
  mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ECHONL | IEXTEN);  // ISIG stays: Ctrl-C is SIGINT
  mode.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL | INLCR | IGNCR | ISTRIP | BRKINT);
  mode.c_cc[VMIN] = 1;
  mode.c_cc[VTIME] = 0;
  return mode;
}

void install_handlers() {
  stack_t stack{};
  stack.ss_sp = handler_stack;
  stack.ss_size = sizeof handler_stack;
  sigaltstack(&stack, nullptr);
  struct sigaction crash {};
  crash.sa_handler = on_crash;
  crash.sa_flags = static_cast<int>(SA_RESETHAND | SA_ONSTACK);
  sigemptyset(&crash.sa_mask);
  for (std::size_t i = 0; i < kCrashes.size(); ++i) sigaction(kCrashes[i], &crash, &taken.crashes_before[i]);
  struct sigaction stop {};
  stop.sa_handler = on_stop;
  stop.sa_flags = SA_RESTART;
  sigemptyset(&stop.sa_mask);
  sigaction(SIGTSTP, &stop, &taken.stop_before);
}

void restore_handlers() {
  for (std::size_t i = 0; i < kCrashes.size(); ++i) sigaction(kCrashes[i], &taken.crashes_before[i], nullptr);
  sigaction(SIGTSTP, &taken.stop_before, nullptr);
}

// A file in memory that never grows: what does not fit is refused to whoever writes it.
int memory_for_stderr() {
  const int fd = memfd_create("stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -1;
  if (ftruncate(fd, kHeldBytesMax) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0) return fd;
  close(fd);
  return -1;
}

int open_terminal() {
  constexpr int kFlags = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  char name[256];
  int fd = -1;
  if (ttyname_r(STDOUT_FILENO, name, sizeof name) == 0) fd = open(name, kFlags);
  return fd >= 0 ? fd : open("/dev/tty", kFlags);
}

}  // namespace

bool Terminal::usable() {
  const char* const kind = std::getenv("TERM");
  return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && kind != nullptr && *kind != '\0' &&
         std::strcmp(kind, "dumb") != 0;
}

bool Terminal::knows_unicode() {
  std::setlocale(LC_CTYPE, "");
  const bool utf8 = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  std::setlocale(LC_CTYPE, "C");
  return utf8;
}

Result<std::unique_ptr<Terminal>> Terminal::take_over() {
  CHECK(taken.fd < 0, "the terminal was taken over twice");
  const int fd = open_terminal();
  if (fd < 0 || tcgetattr(fd, &taken.before) != 0) {
    const std::string why = std::strerror(errno);
    if (fd >= 0) close(fd);
    return Error{"the terminal can't be opened: " + why + " (piped through cat, this prints plain lines)"};
  }
  taken.fd = fd;
  taken.ours = raw(taken.before);
  if (isatty(STDERR_FILENO) == 1) {
    taken.held = memory_for_stderr();
    if (taken.held >= 0) taken.real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  }
  install_handlers();
  enter();
  return std::unique_ptr<Terminal>(new Terminal(fd));
}

Terminal::~Terminal() {
  leave();
  restore_handlers();
  close(fd_);
  if (taken.held >= 0) close(taken.held);
  if (taken.real_stderr >= 0) close(taken.real_stderr);
  taken.fd = taken.held = taken.real_stderr = -1;
}

Size Terminal::size() const {
  winsize window{};
  if (ioctl(fd_, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0) return {};
  return {window.ws_row, window.ws_col};
}

std::string Terminal::read() {
  std::string out;
  char bytes[256];
  for (;;) {
    const ssize_t got = ::read(fd_, bytes, sizeof bytes);
    if (got > 0) {
      out.append(bytes, static_cast<std::size_t>(got));
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else {
      gone_ = gone_ || got == 0 || errno != EAGAIN;
      return out;
    }
  }
}

void Terminal::write(std::string bytes) {
  CHECK(idle(), "a picture was drawn while the one before was still being written");
  unwritten_ = std::move(bytes);
  go_on_writing();
}

void Terminal::go_on_writing() {
  while (!unwritten_.empty()) {
    const ssize_t written = ::write(fd_, unwritten_.data(), unwritten_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      gone_ = gone_ || errno != EAGAIN;
      return;
    }
    unwritten_.erase(0, static_cast<std::size_t>(written));
  }
}

bool Terminal::was_away() {
  if (taken.was_away == 0) return false;
  taken.was_away = 0;
  unwritten_.clear();
  return true;
}

}  // namespace tickcast::watch
