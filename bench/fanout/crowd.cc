// SPDX-License-Identifier: Apache-2.0
#include "crowd.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <new>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>
#include <sched.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "net/socket.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

namespace tickcast::bench {
namespace {

constexpr std::int64_t kFirstId = 50'000'000'000;
constexpr std::size_t kIdDigits = 11;
constexpr std::size_t kNotedMax = 1 << 16;

template <class T>
T* shared_memory() {
  void* const memory = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED, "no memory left for the bench");
  return new (memory) T();
}

struct Noted {
  std::atomic<std::int64_t> published_ns[kNotedMax];
};
Noted& noted() {
  static Noted& instance = *shared_memory<Noted>();
  return instance;
}

double seconds_of(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

}  // namespace

void pin_to(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (processor == kAnyProcessor || processor == i) CPU_SET(i, &set);
  }
  sched_setaffinity(0, sizeof set, &set);  // refused in some containers: the scheduler decides, for all alike
}

double cpu_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

std::string symbol_name(std::size_t symbol) { return fmt::format("S{:06}", symbol); }

market::Quote sample_quote(std::int64_t number) {
  static const market::Quote sample = [] {
    market::Quote quote;
    quote.bid_price = *market::Decimal::parse("61685.99000000");
    quote.bid_quantity = *market::Decimal::parse("1.25869000");
    quote.ask_price = *market::Decimal::parse("61686.00000000");
    quote.ask_quantity = *market::Decimal::parse("2.44816000");
    return quote;
  }();
  market::Quote quote = sample;
  quote.update_id = kFirstId + number;
  return quote;
}

std::string sample_frame(std::size_t symbol, std::int64_t number) {
  char event[wire::kBookTickerBytesMax];
  char* const end = wire::write_book_ticker(event, symbol_name(symbol), sample_quote(number));
  std::string frame;
  wire::append_frame(frame, wire::Role::server, wire::Opcode::text, {event, end}, 0);
  return frame;
}

void note_published(std::int64_t number) {
  noted().published_ns[static_cast<std::size_t>(number) % kNotedMax].store(steady_ns(),
                                                                           std::memory_order_relaxed);
}

void Ages::add(std::int64_t age_ns) {
  const double step = std::log(std::max(1.0, static_cast<double>(age_ns) / 1e3)) / std::log(1.05);
  ++counts[std::min(kSteps - 1, static_cast<std::size_t>(step))];
}

double Ages::quantile_ms(double share) const {
  std::uint64_t total = 0;
  for (const std::uint64_t count : counts) total += count;
  auto left = static_cast<std::uint64_t>(share * static_cast<double>(total));
  for (std::size_t step = 0; step < kSteps; ++step) {
    if (counts[step] > left) return std::pow(1.05, static_cast<double>(step) + 0.5) / 1e3;
    left -= counts[step];
  }
  return 0;
}

struct Crowd::Shared {
  std::atomic<std::uint64_t> frames{0};
  std::atomic<std::uint64_t> target{~std::uint64_t{0}};
  std::atomic<std::int64_t> connecting_ns{0};
  Ages all{};
  Ages first{};
  Ages last{};
};

namespace {

// The child's world: one loop over its clients.
template <class Shared>
class Members {
 public:
  Members(const CrowdPlan& plan, Shared& shared, int ready, int reached)
      : plan_(plan),
        shared_(shared),
        ready_(ready),
        reached_(reached),
        epoll_(epoll_create1(0)),
        members_(static_cast<std::size_t>(plan.clients)),
        frame_bytes_(sample_frame(0, 0).size()),
        id_at_(sample_frame(0, 0).find(std::to_string(kFirstId))),
        buffer_(256 * 1024) {
    net::raise_descriptor_limit();
  }

  [[noreturn]] void run() {
    const std::int64_t begin_ns = steady_ns();
    for (;;) {
      while (begun_ < members_.size() && begun_ - connected_ < static_cast<std::size_t>(plan_.connecting_max))
        connect_one(begun_++);
      if (connected_ == members_.size() && !told_) {
        told_ = true;
        shared_.connecting_ns = steady_ns() - begin_ns;
        tell(ready_);
      }
      epoll_event events[1024];
      if (told_ && plan_.slow_bytes > 0) read_slowly();
      const int count = epoll_wait(epoll_, events, 1024, -1);
      for (int i = 0; i < count; ++i) on_ready(events[i].data.u32, events[i].events);
      if (shared_.frames.load() >= shared_.target.load()) {
        shared_.target = ~std::uint64_t{0};
        tell(reached_);
      }
    }
  }

 private:
  struct Member {
    int fd = -1;
    std::uint32_t offset = 0;  // bytes of a frame that has begun
    bool in = false;
  };

  // For good.
  void read_slowly() {
    const auto bytes = static_cast<std::size_t>(plan_.slow_bytes);
    for (std::int64_t due_ns = steady_ns();; due_ns += 10 * kNsPerMs) {
      const timespec due{due_ns / kNsPerSecond, due_ns % kNsPerSecond};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr);
      for (std::size_t at = 0; at < members_.size(); ++at) {
        const ssize_t n = read(members_[at].fd, buffer_.data(), bytes);
        if (n > 0) take(at, std::string_view(buffer_.data(), static_cast<std::size_t>(n)));
      }
    }
  }

  bool is_stalled(std::size_t at) const {
    return plan_.stalled_every > 0 && at % static_cast<std::size_t>(plan_.stalled_every) == 0;
  }

  static void tell(int fd) {
    const std::uint64_t one = 1;
    CHECK(write(fd, &one, sizeof one) == sizeof one, "the bench's event descriptor is broken");
  }

  void watch(std::size_t at, std::uint32_t events, int operation) {
    epoll_event event{};
    event.events = events;
    event.data.u32 = static_cast<std::uint32_t>(at);
    epoll_ctl(epoll_, operation, members_[at].fd, &event);
  }

  void connect_one(std::size_t at) {
    Member& member = members_[at];
    member.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const linger reset{.l_onoff = 1, .l_linger = 0};  // else thousands of ports wait a minute for their reuse
    setsockopt(member.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    const int window = 8 * 1024;
    if (plan_.slow_bytes > 0 || is_stalled(at))
      setsockopt(member.fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    // The kernel looks for a free port one by one: from few addresses that takes it milliseconds in the end.
    const int one = 1;
    setsockopt(member.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + static_cast<std::uint32_t>(at / 2048));
    CHECK(bind(member.fd, reinterpret_cast<sockaddr*>(&from), sizeof from) == 0,
          "a client of the bench could not choose its address");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(plan_.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(member.fd >= 0 &&
              (connect(member.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 || errno == EINPROGRESS),
          "a client of the bench could not connect: descriptors or ports have run out");
    watch(at, EPOLLOUT, EPOLL_CTL_ADD);
  }

  void on_ready(std::size_t at, std::uint32_t events) {
    Member& member = members_[at];
    if ((events & EPOLLOUT) != 0) {
      if (plan_.path) {
        const std::string request = fmt::format(
            "GET {} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            plan_.path(static_cast<int>(at)));
        CHECK(write(member.fd, request.data(), request.size()) == static_cast<ssize_t>(request.size()),
              "a client of the bench could not ask");
      } else {
        member.in = true;
        ++connected_;
      }
      return watch(at, EPOLLIN, EPOLL_CTL_MOD);
    }
    const ssize_t n = read(member.fd, buffer_.data(), buffer_.size());
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
      CHECK(member.in, "a client of the bench was turned away");
      epoll_ctl(epoll_, EPOLL_CTL_DEL, member.fd, nullptr);
    }
    if (n > 0) take(at, std::string_view(buffer_.data(), static_cast<std::size_t>(n)));
    if (member.in && is_stalled(at)) epoll_ctl(epoll_, EPOLL_CTL_DEL, member.fd, nullptr);
  }

  void take(std::size_t at, std::string_view bytes) {
    Member& member = members_[at];
    if (!member.in) {
      const std::size_t end = bytes.find("\r\n\r\n");
      CHECK(bytes.starts_with("HTTP/1.1 101 ") && end != std::string_view::npos,
            "a client of the bench was not let in");
      member.in = true;
      ++connected_;
      bytes.remove_prefix(end + 4);
    }
    if (member.offset == 0 && bytes.size() > 2 && bytes[0] == '\x89') return answer_ping(member, bytes);
    const std::size_t total = member.offset + bytes.size();
    member.offset = static_cast<std::uint32_t>(total % frame_bytes_);
    const std::size_t whole = total / frame_bytes_;
    if (whole == 0) return;
    shared_.frames += whole;
    if (bytes.size() >= frame_bytes_ + member.offset)
      take_age(at, bytes.substr(bytes.size() - member.offset - frame_bytes_, frame_bytes_));
  }

  void take_age(std::size_t at, std::string_view frame) {
    std::int64_t id = 0;
    for (const char digit : frame.substr(id_at_, kIdDigits)) id = id * 10 + (digit - '0');
    const std::int64_t published_ns =
        noted().published_ns[static_cast<std::size_t>(id - kFirstId) % kNotedMax].load();
    if (published_ns == 0) return;
    const std::int64_t age_ns = steady_ns() - published_ns;
    shared_.all.add(age_ns);
    if (at < members_.size() / 10) shared_.first.add(age_ns);
    if (at >= members_.size() - members_.size() / 10) shared_.last.add(age_ns);
  }

  // The ping is alone in its read: nobody else sends to an idle client.
  static void answer_ping(const Member& member, std::string_view ping) {
    std::string pong;
    wire::append_frame(pong, wire::Role::client, wire::Opcode::pong, ping.substr(2), 0x01020304);
    CHECK(write(member.fd, pong.data(), pong.size()) == static_cast<ssize_t>(pong.size()),
          "a client of the bench could not answer a ping");
  }

  const CrowdPlan& plan_;
  Shared& shared_;
  const int ready_;
  const int reached_;
  const int epoll_;
  std::vector<Member> members_;
  const std::size_t frame_bytes_;
  const std::size_t id_at_;
  std::vector<char> buffer_;
  std::size_t begun_ = 0;
  std::size_t connected_ = 0;
  bool told_ = false;
};

// A bench whose clients have failed must not wait for them.
void wait_for(int event, pid_t child) {
  pollfd waiting{.fd = event, .events = POLLIN, .revents = 0};
  while (poll(&waiting, 1, 500) == 0)
    CHECK(waitpid(child, nullptr, WNOHANG) == 0, "the bench's clients ended early");
  std::uint64_t count = 0;
  CHECK(read(event, &count, sizeof count) == sizeof count, "the bench's event descriptor is broken");
}

}  // namespace

Crowd::Crowd(const CrowdPlan& plan)
    : shared_(shared_memory<Shared>()), ready_(eventfd(0, 0)), reached_(eventfd(0, 0)) {
  CHECK(ready_ >= 0 && reached_ >= 0, "no descriptors left for the bench");
  noted();  // shared with the child
  child_ = fork();
  CHECK(child_ >= 0, "no process left for the bench's clients");
  if (child_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pin_to(plan.processor);
  if (plan.first) setpriority(PRIO_PROCESS, 0, -10);  // refused without privileges
  // What the serving side has open must not stay open with us.
  for (int fd = 3; fd < 20'000; ++fd) {
    if (fd != ready_ && fd != reached_) close(fd);
  }
  Members<Shared>(plan, *shared_, ready_, reached_).run();
}

void Crowd::end() {
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
  child_ = 0;
}

Crowd::~Crowd() {
  if (child_ != 0) end();
  close(ready_);
  close(reached_);
  munmap(shared_, sizeof(Shared));
}

void Crowd::wait_connected() const { wait_for(ready_, child_); }
double Crowd::connecting_seconds() const { return static_cast<double>(shared_->connecting_ns.load()) / 1e9; }
double Crowd::cpu_seconds() const {
  clockid_t clock{};
  CHECK(clock_getcpuclockid(child_, &clock) == 0, "the bench's clients ended early");
  return seconds_of(clock);
}
std::uint64_t Crowd::frames() const { return shared_->frames.load(); }

void Crowd::wait_frames(std::uint64_t count) const {
  shared_->target = count;
  if (frames() < count) return wait_for(reached_, child_);
  // Reached meanwhile: the child tells at its next turn, or has told.
  if (shared_->target.exchange(~std::uint64_t{0}) != count) wait_for(reached_, child_);
}

void Crowd::forget_ages() { shared_->all = shared_->first = shared_->last = {}; }
const Ages& Crowd::all() const { return shared_->all; }
const Ages& Crowd::first_tenth() const { return shared_->first; }
const Ages& Crowd::last_tenth() const { return shared_->last; }

}  // namespace tickcast::bench
