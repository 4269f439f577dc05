// SPDX-License-Identifier: Apache-2.0
//
// What the emitter's user-space code adds to the kernel's price of a delivery: CPU per delivered frame of one
// shard, against a bare loop that does nothing but send() the same bytes to the same number of sockets at the
// same rate. Both in one run, in turn, so that the ratio holds where absolute times drift.
//
//   fanout_floor [clients] [updates per second] [seconds per run] [runs]      defaults: 1000 100 3 5
//
// The sending side is pinned to processor 0, the receivers (a child process that reads and discards) to
// processor 1. Run it in a clean network namespace (`make bench` does): firewall hooks on loopback cost both
// sides, unequally.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sched.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "emitter/emitter.h"
#include "net/socket.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

namespace tickcast {
namespace {

struct Load {
  int clients = 1000;
  int updates_per_second = 100;
  int seconds = 3;
};

struct Measured {
  double us_per_delivery = 0;
  double delivered_share = 0;  // of clients * updates
};

void pin_to(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof set,
                    &set);  // refused in some containers: then the scheduler decides, for both alike
}

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// The one hot symbol: every frame of equal size, so that bytes count deliveries.
market::Quote quote_number(std::int64_t number) {
  market::Quote quote;
  quote.update_id = 50'000'000'000 + number;
  quote.bid_price = *market::Decimal::parse("61685.99000000");
  quote.bid_quantity = *market::Decimal::parse("1.25869000");
  quote.ask_price = *market::Decimal::parse("61686.00000000");
  quote.ask_quantity = *market::Decimal::parse("2.44816000");
  return quote;
}

std::string frame_number(std::int64_t number) {
  char event[wire::kBookTickerBytesMax];
  char* const end = wire::write_book_ticker(event, "BTCUSDT", quote_number(number));
  std::string frame;
  wire::append_frame(frame, wire::Role::server, wire::Opcode::text, {event, end}, 0);
  return frame;
}

// --- the receiving side: a child process ---

int connect_to(std::uint16_t port, const std::string& request) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0,
        "a receiver could not connect");
  if (!request.empty()) {
    CHECK(write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size()),
          "a receiver could not ask");
    char answer[1024];
    CHECK(read(fd, answer, sizeof answer) > 12, "a receiver was not let in");
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

// Reads and discards until `stop` closes; then tells how many bytes came.
[[noreturn]] void receive(std::uint16_t port, const std::string& request, int clients, int ready, int stop,
                          int report) {
  pin_to(1);
  const int epoll = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  for (int i = 0; i < clients; ++i) {
    event.data.fd = connect_to(port, request);
    epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
  }
  event.data.fd = stop;
  epoll_ctl(epoll, EPOLL_CTL_ADD, stop, &event);
  char byte = 1;
  [[maybe_unused]] ssize_t n = write(ready, &byte, 1);

  std::uint64_t bytes = 0;
  char buffer[64 * 1024];
  for (bool stopping = false; !stopping;) {
    epoll_event events[1024];
    const int count = epoll_wait(epoll, events, 1024, -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.fd == stop) {
        stopping = true;
        continue;
      }
      n = read(events[i].data.fd, buffer, sizeof buffer);
      if (n > 0) bytes += static_cast<std::uint64_t>(n);
      if (n == 0) epoll_ctl(epoll, EPOLL_CTL_DEL, events[i].data.fd, nullptr);
    }
  }
  n = write(report, &bytes, sizeof bytes);
  _exit(0);
}

class Receivers {
 public:
  Receivers(std::uint16_t port, const std::string& request, int clients) {
    int ready[2];
    CHECK(pipe(ready) == 0 && pipe(stop_) == 0 && pipe(report_) == 0,
          "no descriptors left for the bench's pipes");
    child_ = fork();
    if (child_ == 0) {
      close(stop_[1]);
      receive(port, request, clients, ready[1], stop_[0], report_[1]);
    }
    close(stop_[0]);
    ready_ = ready[0];
  }
  void wait_ready() const {
    char byte = 0;
    CHECK(read(ready_, &byte, 1) == 1, "the receivers ended early");
  }
  std::uint64_t finish() {
    close(stop_[1]);
    std::uint64_t bytes = 0;
    CHECK(read(report_[0], &bytes, sizeof bytes) == sizeof bytes, "the receivers ended early");
    waitpid(child_, nullptr, 0);
    close(report_[0]);
    close(report_[1]);
    close(ready_);
    return bytes;
  }

 private:
  pid_t child_ = 0;
  int ready_ = -1;
  int stop_[2];
  int report_[2];
};

// Calls update(n) at the load's rate, on time; returns the CPU seconds spent meanwhile by this process.
double drive(const Load& load, const std::function<void(std::int64_t)>& update) {
  const double before = cpu_seconds();
  const std::int64_t begin_ns = steady_ns();
  const std::int64_t updates = static_cast<std::int64_t>(load.updates_per_second) * load.seconds;
  for (std::int64_t n = 0; n < updates; ++n) {
    const std::int64_t due_ns = begin_ns + n * kNsPerSecond / load.updates_per_second;
    timespec due{due_ns / kNsPerSecond, due_ns % kNsPerSecond};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) == EINTR) continue;
    update(n);
  }
  const timespec rest{0, 200'000'000};  // what is still on its way belongs to the run
  nanosleep(&rest, nullptr);
  return cpu_seconds() - before;
}

Measured result(const Load& load, double cpu, std::uint64_t bytes) {
  const double deliveries = static_cast<double>(bytes) / static_cast<double>(frame_number(1).size());
  const double asked = static_cast<double>(load.clients) * load.updates_per_second * load.seconds;
  return {cpu * 1e6 / deliveries, deliveries / asked};
}

Measured run_floor(const Load& load) {
  auto listener = net::listen_tcp({"127.0.0.1", 0}, {});
  CHECK(listener.has_value(), "the bench could not listen");
  Receivers receivers(net::local_endpoint(*listener)->port(), "", load.clients);
  std::vector<net::Socket> sockets;
  while (sockets.size() < static_cast<std::size_t>(load.clients)) {
    net::Endpoint peer;
    auto accepted = net::accept_tcp(*listener, peer);
    CHECK(accepted.has_value(), "the bench could not accept");
    if (*accepted) sockets.push_back(std::move(*accepted));
  }
  receivers.wait_ready();
  const double cpu = drive(load, [&](std::int64_t n) {
    const std::string frame = frame_number(n);
    for (const net::Socket& socket : sockets) {
      [[maybe_unused]] const ssize_t sent =
          send(socket.fd(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  });
  return result(load, cpu, receivers.finish());
}

Measured run_emitter(const Load& load) {
  market::SymbolTable symbols;
  market::Book book;
  const market::SymbolId symbol = *symbols.put_name("BTCUSDT");
  emitter::Options options;
  options.listen = {"127.0.0.1", 0};
  options.shards = 1;
  options.drain_ns = 0;
  auto emitter = emitter::Emitter::start(options, symbols, book);
  CHECK(emitter.has_value(), "the bench could not start an emitter");
  Receivers receivers(
      (*emitter)->port(),
      "GET /ws/btcusdt@bookTicker HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      load.clients);
  receivers.wait_ready();
  const double cpu = drive(load, [&](std::int64_t n) {
    book.admit(symbol, quote_number(n));
    book.publish();
  });
  return result(load, cpu, receivers.finish());
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

int argument(int argc, char** argv, int position, int preset) {
  return argc > position ? std::atoi(argv[position]) : preset;
}

}  // namespace
}  // namespace tickcast

int main(int argc, char** argv) {
  using namespace tickcast;
  const Load load{argument(argc, argv, 1, 1000), argument(argc, argv, 2, 100), argument(argc, argv, 3, 3)};
  const int runs = argument(argc, argv, 4, 5);
  signal(SIGPIPE, SIG_IGN);
  pin_to(0);
  std::printf(
      "%d clients of one symbol, %d updates/s, %d s a run; us of CPU per delivery (share delivered)\n",
      load.clients, load.updates_per_second, load.seconds);
  std::vector<double> ratios;
  std::vector<double> floors;
  std::vector<double> ours;
  for (int i = 0; i < runs; ++i) {
    const Measured floor = run_floor(load);
    const Measured emitter = run_emitter(load);
    ratios.push_back(emitter.us_per_delivery / floor.us_per_delivery);
    floors.push_back(floor.us_per_delivery);
    ours.push_back(emitter.us_per_delivery);
    std::printf("  bare send() %.2f (%.3f)   emitter %.2f (%.3f)   ratio %.2f\n", floor.us_per_delivery,
                floor.delivered_share, emitter.us_per_delivery, emitter.delivered_share, ratios.back());
  }
  std::printf("median: bare send() %.2f, emitter %.2f, ratio %.2f (%.2f to %.2f over %d runs)\n",
              median(floors), median(ours), median(ratios), *std::ranges::min_element(ratios),
              *std::ranges::max_element(ratios), runs);
  return 0;
}
