// SPDX-License-Identifier: Apache-2.0
#include "follower.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>

#include "base/check.h"
#include "base/clock.h"
#include "wire/http.h"

namespace tickcast::bench {
namespace {

constexpr std::size_t kMessageBytesMax = std::size_t{256} << 20;  // NATS sends all it has queued as one
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

net::Socket begin(const net::Endpoint& server) {
  auto socket = net::start_connect(server);
  CHECK(socket.has_value(),
        "a client of the comparison could not connect: descriptors or ports have run out");
  return std::move(socket).value();
}

}  // namespace

Follower::Follower(net::Loop& loop, const net::Endpoint& server, const Dialect& dialect,
                   const std::vector<std::string>& symbols, bool prompt, FollowerEvents& events)
    : loop_(loop),
      dialect_(dialect),
      symbols_(symbols),
      events_(events),
      socket_(begin(server)),
      reader_(wire::Role::client, {.message_bytes_max = kMessageBytesMax}),
      prompt_(prompt) {
  loop_.add(socket_.fd(), net::kWritable, *this);
}

Follower::~Follower() {
  if (socket_ && watched_) loop_.remove(socket_.fd(), *this);
}

void Follower::on_ready(std::uint32_t) {
  if (state_ == State::connecting) return ask();
  read_some();
  if (prompt_ || !served_ || state_ != State::open) return;
  loop_.remove(socket_.fd(), *this);
  watched_ = false;
  events_.on_patient(*this, socket_.fd());
}

void Follower::ask() {
  if (const Status connected = net::connect_outcome(socket_); !connected)
    return lose(connected.error().message);
  const std::string request = wire::handshake_request("127.0.0.1", dialect_.target(symbols_), kKey);
  if (send(socket_.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return lose(std::strerror(errno));
  state_ = State::asking;
  loop_.change(socket_.fd(), net::kReadable, *this);
}

void Follower::read_some() {
  const std::span<char> buffer = loop_.read_buffer();
  const ssize_t count = recv(socket_.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return lose(count < 0 ? std::strerror(errno) : "the server ended the connection");
  read_ns_ = wall_ns();
  const auto bytes = buffer.first(static_cast<std::size_t>(count));
  state_ == State::asking ? take_head(bytes) : take_frames(bytes);
}

void Follower::take_head(std::span<char> bytes) {
  const std::size_t before = head_.size();
  head_.append(bytes.data(), bytes.size());
  const std::size_t end = head_.find("\r\n\r\n");
  if (end == head_.npos) return;
  if (!head_.starts_with("HTTP/1.1 101 ")) return lose(head_.substr(0, head_.find('\r')));
  const std::size_t rest = end + 4 - before;
  head_ = {};
  state_ = State::open;
  events_.on_open();
  const std::string greeting = dialect_.greeting(symbols_);
  if (!greeting.empty()) say(dialect_.kind(), greeting);
  take_frames(bytes.subspan(rest));
}

void Follower::take_frames(std::span<char> bytes) {
  wire::Message message;
  while (state_ == State::open) {
    const auto status = reader_.next(bytes, message);
    if (status == wire::MessageReader::Status::need_more) return;
    if (status == wire::MessageReader::Status::violation) return lose(message.violation);
    take_message(message);
  }
}

void Follower::take_message(const wire::Message& message) {
  const std::string_view text(message.payload.data(), message.payload.size());
  if (message.kind == wire::Opcode::ping) return say(wire::Opcode::pong, text);
  if (message.kind == wire::Opcode::close)
    return lose(std::to_string(static_cast<unsigned>(message.close_code)) + " " + std::string(text));
  for_each_update(text, [&](std::int64_t id) {
    served_ = true;
    events_.on_update(id, read_ns_, prompt_);
  });
  const std::string_view answer = dialect_.answer(text);
  if (!answer.empty()) say(dialect_.kind(), answer);
}

void Follower::say(wire::Opcode kind, std::string_view payload) {
  std::string frame;
  wire::append_frame(frame, wire::Role::client, kind, payload, 0x01020304);
  if (send(socket_.fd(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    lose(std::strerror(errno));
}

void Follower::lose(const std::string& why) {
  state_ = State::lost;
  if (watched_) loop_.remove(socket_.fd(), *this);
  socket_.reset();
  events_.on_lost(why);
}

}  // namespace tickcast::bench
