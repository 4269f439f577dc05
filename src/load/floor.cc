// SPDX-License-Identifier: Apache-2.0
#include "load/floor.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/check.h"
#include "base/clock.h"
#include "load/fleet.h"
#include "net/socket.h"
#include "wire/http.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

namespace tickcast::load {
namespace {

constexpr int kEventsPerTurn = 256;
constexpr std::size_t kRequestBytesMax = 4096;  // of one read

// Messages as a server of ours would send them, each with the next update ids and the time.
class Messages {
 public:
  explicit Messages(std::size_t bytes) {
    quote_.bid_price = *market::Decimal::parse("61685.99000000");
    quote_.bid_quantity = *market::Decimal::parse("1.25869000");
    quote_.ask_price = *market::Decimal::parse("61686.00000000");
    quote_.ask_quantity = *market::Decimal::parse("2.44816000");
    quote_.update_id = 50'000'000'000;
    const std::size_t one = event().size();
    per_message_ = std::max<std::size_t>(1, (bytes + one / 2) / one);
  }

  const std::string& next_frame() {
    payload_.clear();
    for (std::size_t i = 0; i < per_message_; ++i) payload_.append(payload_.empty() ? "[" : ",") += event();
    std::string_view message = payload_;
    if (per_message_ == 1) {
      message.remove_prefix(1);
    } else {
      message = payload_.append("]");
    }
    frame_.clear();
    wire::append_frame(frame_, wire::Role::server, wire::Opcode::text, message, 0);
    return frame_;
  }

 private:
  std::string event() {
    ++quote_.update_id;
    quote_.admitted_ns = wall_ns();
    char out[wire::kQuoteEventBytesMax];
    return {out, wire::write_quote_event(out, "FLOORUSDT", quote_, quote_.admitted_ns, 1)};
  }

  market::Quote quote_;
  std::size_t per_message_ = 1;
  std::string payload_;
  std::string frame_;
};

struct Client {
  net::Socket socket;
  bool open = false;    // it has asked, and was answered
  std::string request;  // until then
  std::string rest;     // of a frame that its socket did not take as a whole; nothing else is sent before it
};

// The sending process: one epoll for who comes and goes, and a loop over all clients for what is sent.
class Sender {
 public:
  Sender(net::Socket listener, const FloorOptions& options)
      : options_(options), listener_(std::move(listener)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    CHECK(epoll_ >= 0, "no descriptor left for the floor");
    watch(EPOLL_CTL_ADD, listener_.fd(), EPOLLIN);
  }

  [[noreturn]] void run() {
    Messages messages(options_.message_bytes);
    const double period_ns = 1e9 / options_.messages_per_s;
    const std::int64_t began_ns = steady_ns();
    for (std::int64_t n = 1;; ++n) {
      const auto due_ns = began_ns + static_cast<std::int64_t>(static_cast<double>(n) * period_ns);
      do {
        take_events(due_ns - steady_ns());
      } while (steady_ns() < due_ns);
      const std::string& frame = messages.next_frame();
      for (Client& client : clients_) {
        if (client.open && client.rest.empty()) send_frame(client, frame);
      }
    }
  }

 private:
  void watch(int operation, int fd, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    CHECK(epoll_ctl(epoll_, operation, fd, &event) == 0, "the floor can't watch a descriptor");
  }

  void take_events(std::int64_t wait_ns) {
    epoll_event events[kEventsPerTurn];
    const auto wait_ms = static_cast<int>(std::max<std::int64_t>(wait_ns, 0) / kNsPerMs);
    const int count = epoll_wait(epoll_, events, kEventsPerTurn, wait_ms);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.fd == listener_.fd()) {
        accept_all();
        continue;
      }
      Client& client = clients_[static_cast<std::size_t>(events[i].data.fd)];
      if (events[i].events & EPOLLOUT) send_rest(client);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) take_bytes(client);
    }
  }

  void accept_all() {
    for (;;) {
      net::Endpoint peer;
      auto accepted = net::accept_tcp(listener_, peer);
      if (!accepted || !*accepted) return;
      const auto fd = static_cast<std::size_t>(accepted->fd());
      if (fd >= clients_.size()) clients_.resize(fd + 1);
      watch(EPOLL_CTL_ADD, accepted->fd(), EPOLLIN);
      clients_[fd].socket = std::move(*accepted);
    }
  }

  // The request of one that is not open; what an open one says does not matter here.
  void take_bytes(Client& client) {
    char buffer[kRequestBytesMax];
    const ssize_t count = recv(client.socket.fd(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      client = {};
      return;
    }
    if (client.open) return;
    client.request.append(buffer, static_cast<std::size_t>(count));
    const wire::ParsedRequest parsed = wire::parse_request_head(client.request);
    if (parsed.status == wire::HeadStatus::need_more) return;
    const auto answer = wire::answer_handshake(parsed.request);
    if (parsed.status != wire::HeadStatus::complete || !answer.accepted) {
      client = {};
      return;
    }
    client.request = {};
    client.open = true;
    send_frame(client, answer.bytes);
  }

  void send_frame(Client& client, std::string_view bytes) const {
    const ssize_t sent = send(client.socket.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 || static_cast<std::size_t>(sent) == bytes.size())
      return;  // all or, in a full socket, nothing
    client.rest = bytes.substr(static_cast<std::size_t>(sent));
    watch(EPOLL_CTL_MOD, client.socket.fd(), EPOLLIN | EPOLLOUT);
  }

  void send_rest(Client& client) const {
    const ssize_t sent =
        send(client.socket.fd(), client.rest.data(), client.rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) client.rest.erase(0, static_cast<std::size_t>(sent));
    if (client.rest.empty()) watch(EPOLL_CTL_MOD, client.socket.fd(), EPOLLIN);
  }

  FloorOptions options_;
  net::Socket listener_;
  int epoll_;
  std::vector<Client> clients_;  // by descriptor
};

[[noreturn]] void send_forever(net::Socket listener, const FloorOptions& options) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  net::raise_descriptor_limit();
  Sender(std::move(listener), options).run();
}

}  // namespace

Result<std::unique_ptr<Floor>> Floor::start(const FloorOptions& options, std::uint32_t clients) {
  if (const std::uint32_t room = clients_with(net::raise_descriptor_limit()); clients > room) {
    return Error{fmt::format(
        "the floor is one process, which has descriptors for {} clients here, not for {}", room, clients)};
  }
  auto listener = net::listen_tcp({"127.0.0.1", 0}, {});
  if (!listener) return listener.error();
  const auto at = net::local_endpoint(*listener);
  if (!at) return at.error();
  std::fflush(nullptr);  // or the fork would write what is still in our buffers once more
  const pid_t pid = fork();
  if (pid < 0) return Error{"another process can't be started: is there a limit on processes?"};
  if (pid == 0) send_forever(std::move(*listener), options);
  return std::unique_ptr<Floor>(new Floor(pid, at->port()));
}

Floor::~Floor() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

}  // namespace tickcast::load
