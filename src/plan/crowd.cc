// SPDX-License-Identifier: Apache-2.0
#include "plan/crowd.h"

#include <cerrno>
#include <chrono>
#include <string_view>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/core.h>
#include <pthread.h>

#include "base/check.h"
#include "wire/http.h"

namespace tickcast::plan {
namespace {

constexpr int kEventsPerTurn = 256;
constexpr int kStepLimitMs = 5'000;  // of connecting, for each step of one client
constexpr auto kQuiet = std::chrono::milliseconds(20);
constexpr int kQuietsMax = 250;
constexpr std::string_view kKey = "dGlja2Nhc3QgcGxhbnMgIQ==";  // nobody is to be told from another by it

bool ready(int fd, short events) {
  pollfd poll_for{fd, events, 0};
  return poll(&poll_for, 1, kStepLimitMs) == 1;
}

Result<net::Socket> connect_to(const net::Endpoint& server) {
  auto socket = net::start_connect(server);
  if (!socket) return socket.error();
  if (!ready(socket->fd(), POLLOUT)) return Error{"it does not accept"};
  if (const Status connected = net::connect_outcome(*socket); !connected) return connected.error();
  return socket;
}

Status shake_hands(net::Stream& stream) {
  for (;;) {
    const net::IoStatus status = stream.handshake();
    if (status == net::IoStatus::ok) return Done{};
    const bool again =
        status == net::IoStatus::would_block && ready(stream.fd(), stream.wants_write() ? POLLOUT : POLLIN);
    if (!again) return Error{"TLS: " + stream.failure()};
  }
}

// Asks for the WebSocket and reads until the answer has come, and more if more is there.
Status upgrade(net::Stream& stream, const std::string& target) {
  const std::string request = wire::handshake_request("127.0.0.1", target, kKey);
  if (stream.write(request).bytes != request.size()) return Error{"a request does not fit its socket"};
  std::string answer;
  char buffer[16 * 1024];
  while (answer.find("\r\n\r\n") == std::string::npos) {
    const net::IoResult got = stream.read(buffer);
    if (got.status == net::IoStatus::ok) answer.append(buffer, got.bytes);
    if (got.status == net::IoStatus::would_block && !ready(stream.fd(), POLLIN))
      return Error{"it does not answer"};
    if (got.status == net::IoStatus::closed || got.status == net::IoStatus::failed)
      return Error{"it closes the connection"};
  }
  const wire::ParsedResponse parsed = wire::parse_response_head(answer);
  if (parsed.status != wire::HeadStatus::complete) return Error{"it does not speak HTTP"};
  return wire::check_handshake_response(parsed.response, kKey);
}

// The stream's own half of TLS is not kept: what comes is thrown away as it is.
Result<net::Socket> open_client(const net::Endpoint& server, const net::TlsContext* tls,
                                const std::string& target) {
  auto socket = connect_to(server);
  if (!socket) return socket.error();
  net::Socket second(dup(socket->fd()));
  if (!second) return Error{"no descriptor is left; raise the limit (ulimit -n)"};
  net::Stream stream =
      tls == nullptr ? net::Stream(std::move(second)) : net::Stream(std::move(second), *tls, "127.0.0.1");
  if (const Status shaken = shake_hands(stream); !shaken) return shaken.error();
  if (const Status upgraded = upgrade(stream, target); !upgraded) return upgraded.error();
  return socket;
}

}  // namespace

Drain::Drain() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  CHECK(epoll_ >= 0, "no descriptor left to read with");
  stop_.arm();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = stop_.fd();
  CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, stop_.fd(), &event) == 0, "epoll refuses an eventfd");
  thread_ = std::thread([this] { run(); });
}

Drain::~Drain() {
  stop_.notify();
  thread_.join();
  ::close(epoll_);
}

void Drain::add(const net::Socket& client) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = client.fd();
  CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd(), &event) == 0, "epoll refuses a socket");
}

void Drain::run() {
  epoll_event events[kEventsPerTurn];
  for (;;) {
    const int count = epoll_wait(epoll_, events, kEventsPerTurn, -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.fd == stop_.fd()) return;
      take(events[i].data.fd);
    }
    if (bytes_.load() < expected_.load()) continue;
    const std::lock_guard lock(mutex_);
    reached_.notify_all();
  }
}

void Drain::take(int fd) {
  // Of TCP, MSG_TRUNC throws away without copying (tcp(7)): the room stays untouched.
  const ssize_t taken = recv(fd, room_.get(), kTakenMax, MSG_DONTWAIT | MSG_TRUNC);
  if (taken > 0) {
    bytes_.fetch_add(static_cast<std::uint64_t>(taken));
  } else if (taken == 0 || (errno != EAGAIN && errno != EINTR)) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  }
}

void Drain::expect(std::uint64_t bytes) {
  bytes_.store(0);
  expected_.store(bytes);
}

bool Drain::wait(std::int64_t limit_ns) {
  std::unique_lock lock(mutex_);
  return reached_.wait_for(lock, std::chrono::nanoseconds(limit_ns),
                           [this] { return bytes_.load() >= expected_.load(); });
}

void Drain::wait_for_quiet() const {
  std::uint64_t before = ~std::uint64_t{0};
  for (int i = 0; i < kQuietsMax && bytes_.load() != before; ++i) {
    before = bytes_.load();
    std::this_thread::sleep_for(kQuiet);
  }
}

std::int64_t Drain::cpu_ns() const {
  clockid_t clock{};
  timespec t{};
  // The thread is there as long as the object, so neither can fail.
  pthread_getcpuclockid(const_cast<std::thread&>(thread_).native_handle(), &clock);
  clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * kNsPerSecond + t.tv_nsec;
}

Result<Crowd> Crowd::open(const CrowdOptions& options, Drain& drain) {
  auto server = net::resolve("127.0.0.1", options.port);
  if (!server) return server.error();
  Crowd out;
  out.clients_.reserve(options.clients);
  const std::int64_t end_ns = steady_ns() + options.limit_ns;
  for (std::uint32_t i = 0; i < options.clients && (i < options.clients_least || steady_ns() < end_ns); ++i) {
    auto client = open_client(server->front(), options.tls, options.target(i));
    if (!client)
      return Error{fmt::format("client {} of {} can't connect to this machine's own server: {}", i + 1,
                               options.clients, client.error().message)};
    drain.add(*client);
    out.clients_.push_back(std::move(*client));
  }
  return out;
}

Crowd::~Crowd() {
  for (net::Socket& client : clients_) client.abort();
}

}  // namespace tickcast::plan
