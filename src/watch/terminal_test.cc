// SPDX-License-Identifier: Apache-2.0
//
// A terminal is given back however the program ends: each ending in a process of its own, on a pseudo
// terminal.
#include "watch/terminal.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <termios.h>

#include "base/check.h"

namespace tickcast::watch {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kEntered = "\x1b[?1049h";
constexpr const char* kLeft = "\x1b[?7h\x1b[?25h\x1b[?1049l";

struct Pty {
  Pty() {
    master = posix_openpt(O_RDWR | O_NOCTTY);
    EXPECT_EQ(grantpt(master), 0);
    EXPECT_EQ(unlockpt(master), 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    const winsize size{30, 100, 0, 0};
    ioctl(slave, TIOCSWINSZ, &size);
  }
  ~Pty() {
    close(master);
    close(slave);
  }

  termios mode() const {
    termios out{};
    EXPECT_EQ(tcgetattr(slave, &out), 0);
    return out;
  }

  // What the program writes until it has ended; its status as waitpid() tells it.
  std::string run(const std::function<void()>& program, int& status) const {
    std::fflush(nullptr);
    const pid_t pid = fork();
    if (pid == 0) {
      const rlimit no_core{0, 0};
      setrlimit(RLIMIT_CORE, &no_core);
      setsid();
      ioctl(slave, TIOCSCTTY, 0);
      for (int fd = 0; fd <= 2; ++fd) dup2(slave, fd);
      setenv("TERM", "xterm", 1);
      program();
      std::fflush(nullptr);
      _exit(7);
    }
    std::string out;
    for (bool ended = false;;) {
      pollfd ready{master, POLLIN, 0};
      char bytes[4096];
      if (poll(&ready, 1, 20) > 0) {
        const ssize_t got = read(master, bytes, sizeof bytes);
        if (got > 0) out.append(bytes, static_cast<std::size_t>(got));
      } else if (ended) {
        return out;
      }
      ended = ended || waitpid(pid, &status, WNOHANG) == pid;
    }
  }

  int master = -1;
  int slave = -1;
};

bool same(const termios& a, const termios& b) {
  return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_lflag == b.c_lflag && a.c_cflag == b.c_cflag;
}

// Takes the terminal over, does what is asked, and ends.
struct TerminalTest : testing::Test {
  std::string run(const std::function<void(Terminal&)>& body) {
    const termios before = pty.mode();
    const std::string out = pty.run(
        [&] {
          if (!Terminal::usable()) _exit(1);
          auto terminal = Terminal::take_over();
          if (!terminal) _exit(2);
          body(**terminal);
        },
        status);
    EXPECT_TRUE(same(pty.mode(), before)) << "its modes are as they were";
    return out;
  }
  Pty pty;
  int status = 0;
};

TEST_F(TerminalTest, IsGivenBackAtTheEnd) {
  const std::string out = run([](Terminal& terminal) {
    if (!(terminal.size() == Size{30, 100})) _exit(3);
    termios mode{};
    tcgetattr(terminal.fd(), &mode);
    if ((mode.c_lflag & (ICANON | ECHO)) != 0) _exit(4);
    terminal.write("picture");
  });
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_THAT(out, StartsWith(kEntered));
  EXPECT_THAT(out, HasSubstr("picture"));
  EXPECT_THAT(out, EndsWith(kLeft));
}

TEST_F(TerminalTest, IsGivenBackBeforeTheSentenceOfAFailedCheck) {
  const std::string out = run([](Terminal&) { CHECK(1 + 1 == 3, "sums must be right"); });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
  const std::size_t left = out.find(kLeft);
  ASSERT_NE(left, std::string::npos);
  EXPECT_THAT(out.substr(left), HasSubstr("tickcast: bug: sums must be right"));
  EXPECT_THAT(out.substr(0, left), Not(HasSubstr("sums"))) << "it would be lost with the alternate screen";
}

TEST_F(TerminalTest, IsGivenBackByEverySignalThatTellsOfACrash) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer reports them in its own way";
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGQUIT}) {
    const std::string out = run([signal](Terminal&) { raise(signal); });
    EXPECT_TRUE(WIFSIGNALED(status)) << signal;
    EXPECT_EQ(WTERMSIG(status), signal);
    EXPECT_THAT(out, EndsWith(kLeft)) << signal;
  }
}

// Never: but a compiler can't know.
volatile int last_depth = -1;
int overflow(int depth) {
  volatile char room[4096];
  room[0] = static_cast<char>(depth);
  if (depth == last_depth) return room[0];
  return overflow(depth + 1) + room[0];
}

TEST_F(TerminalTest, IsGivenBackWhenTheStackIsUsedUp) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer reports it in its own way";
  const std::string out = run([](Terminal&) {
    const rlimit small{256 * 1024, 256 * 1024};
    setrlimit(RLIMIT_STACK, &small);
    std::fprintf(stderr, "%d", overflow(0));
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGSEGV);
  EXPECT_THAT(out, EndsWith(kLeft));
}

TEST_F(TerminalTest, WhatIsWrittenToStderrIsToldWhenThePictureIsGone) {
  const std::string out = run([](Terminal& terminal) {
    std::fprintf(stderr, "something went wrong\n");
    terminal.write("picture");
  });
  EXPECT_LT(out.find("picture"), out.find(kLeft));
  EXPECT_LT(out.find(kLeft), out.find("something went wrong"));
  EXPECT_NE(out.find("something went wrong"), std::string::npos);
}

TEST_F(TerminalTest, AFloodOnStderrIsCutOff) {
  const std::string out = run([](Terminal&) {
    for (int i = 0; i < 10'000; ++i) std::fprintf(stderr, "line %06d of a flood\n", i);
  });
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_THAT(out, HasSubstr("line 000100 of a flood"));
  EXPECT_LT(out.size(), 80u * 1024);
}

TEST_F(TerminalTest, ASecondCrashHandlerOfTheProgramIsBackAfterwards) {
  run([](Terminal&) {});
  struct sigaction before {};
  sigaction(SIGSEGV, nullptr, &before);
  Pty other;
  int ended = 0;
  other.run(
      [&before] {
        { auto terminal = Terminal::take_over(); }
        struct sigaction now {};
        sigaction(SIGSEGV, nullptr, &now);
        _exit(now.sa_handler == before.sa_handler ? 0 : 1);
      },
      ended);
  EXPECT_EQ(WEXITSTATUS(ended), 0);
}

TEST(Terminal, IsOnlyUsableWhenItIsOne) {
  Pty pty;
  const auto usable = [&pty](const char* term, bool with_stdin) {
    int status = 0;
    pty.run(
        [=] {
          if (term == nullptr) {
            unsetenv("TERM");
          } else {
            setenv("TERM", term, 1);
          }
          if (!with_stdin) close(0);
          _exit(Terminal::usable() ? 0 : 1);
        },
        status);
    return WEXITSTATUS(status) == 0;
  };
  EXPECT_TRUE(usable("xterm", true));
  EXPECT_FALSE(usable("dumb", true));
  EXPECT_FALSE(usable("", true));
  EXPECT_FALSE(usable(nullptr, true));
  EXPECT_FALSE(usable("xterm", false));
}

}  // namespace
}  // namespace tickcast::watch
