// SPDX-License-Identifier: Apache-2.0
#include "ws/connection.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/check.h"
#include "ws/random.h"

namespace tickcast::ws {
namespace {

// One readiness is good for so much; more waits for the next turn, so that a fast peer does not starve the
// others.
constexpr std::size_t kReadBytesPerReadiness = 512 * 1024;
constexpr int kReadsPerReadiness = 64;  // TLS: one record each

// Replies collected during a read are written early when they reach this size.
constexpr std::size_t kCorkedBytesMax = 64 * 1024;

std::string_view text_of(std::span<const char> bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

Connection::Connection(const ConnectionOwner& owner, net::Stream stream)
    : owner_(owner),
      stream_(std::move(stream)),
      last_sent_ns_(owner.loop.now_ns()),
      reader_(owner.role, owner.options.limits),
      last_received_ns_(owner.loop.now_ns()) {
  owner_.loop.add(stream_.fd(), interest_, *this);
}

Connection::~Connection() { abandon(); }

void Connection::start(std::span<char> already_read) {
  if (!already_read.empty()) take_messages(already_read, wall_ns());
  if (!live()) return;
  if (stream_.has_pending()) owner_.loop.again(stream_.fd(), net::kReadable, *this);
  flush();
}

// --- in ---

void Connection::on_ready(std::uint32_t what) {
  if (state_ == State::dropped) return end(std::move(farewell_->ended));
  if ((what & (net::kWritable | net::kBroken)) && blocked_) go_on_writing();
  const bool readable = (what & (net::kReadable | net::kBroken)) || stream_.wants_write();
  if (!readable || !live()) return;
  // A broken socket would be reported over and over while nobody reads from it.
  if (paused_ && (what & net::kBroken)) return handle_end_of_stream("the connection broke");
  if (!paused_) read_some();
}

void Connection::read_some() {
  const std::span<char> buffer = owner_.loop.read_buffer();
  std::size_t bytes = 0;
  bool more = true;
  for (int reads = 0; more && reads < kReadsPerReadiness && bytes < kReadBytesPerReadiness; ++reads) {
    const net::IoResult result = stream_.read(buffer);
    bytes += result.bytes;
    more = take_in(result, buffer) && !paused_ && (result.bytes == buffer.size() || stream_.has_pending());
  }
  if (!live()) return;
  if (more && stream_.has_pending()) owner_.loop.again(stream_.fd(), net::kReadable, *this);
  watch();
}

// False when there is nothing more to read.
bool Connection::take_in(net::IoResult result, std::span<char> buffer) {
  switch (result.status) {
    case net::IoStatus::ok:
      last_received_ns_ = owner_.loop.now_ns();
      if (handles_messages()) take_messages(buffer.first(result.bytes), wall_ns());
      return live();
    case net::IoStatus::would_block:
      return false;
    case net::IoStatus::closed:
      handle_end_of_stream("the peer closed the connection without a close frame");
      return false;
    case net::IoStatus::failed:
      handle_end_of_stream(stream_.failure());
      return false;
  }
  return false;
}

void Connection::take_messages(std::span<char> bytes, std::int64_t received_ns) {
  if (speaks_events_) {
    ++frames_received_;
    return owner_.events.on_read_end(*this);
  }
  corked_ = true;
  auto status = wire::MessageReader::Status::message;
  wire::Message message;
  while (status == wire::MessageReader::Status::message && handles_messages()) {
    status = reader_.next(bytes, message);
    if (status == wire::MessageReader::Status::message) handle(message, received_ns);
  }
  if (status == wire::MessageReader::Status::violation && handles_messages()) {
    refuse(message.close_code, message.violation);
  }
  if (live()) owner_.events.on_read_end(*this);
  corked_ = false;
  settle();
}

void Connection::handle(const wire::Message& message, std::int64_t received_ns) {
  ++frames_received_;
  switch (message.kind) {
    case wire::Opcode::text:
    case wire::Opcode::binary:
      if (state_ == State::open) owner_.events.on_message(*this, message, received_ns);
      break;
    case wire::Opcode::ping:
      send(wire::Opcode::pong, text_of(message.payload));
      break;
    case wire::Opcode::pong:
      handle_pong(text_of(message.payload));
      break;
    case wire::Opcode::close:
      handle_close(message.close_code, text_of(message.payload));
      break;
    case wire::Opcode::continuation:
      break;  // the reader joins fragments
  }
}

// Any of the pings since the oldest unanswered one will do: the peer may answer the last alone
// (section 5.5.3).
void Connection::handle_pong(std::string_view payload) {
  std::int64_t moment = 0;
  for (const char digit : payload) {
    if (digit < '0' || digit > '9' || moment > owner_.loop.now_ns()) return;
    moment = moment * 10 + (digit - '0');
  }
  if (ping_sent_ns_ != 0 && moment >= ping_sent_ns_ && moment <= owner_.loop.now_ns()) ping_sent_ns_ = 0;
}

void Connection::handle_close(wire::CloseCode code, std::string_view reason) {
  if (state_ == State::closing) {
    farewell_->ended.code = code;
    state_ = State::closed;
    return;
  }
  const std::string payload = code == wire::CloseCode::no_code ? "" : wire::close_payload(code, "");
  say_farewell(State::closed, payload, {code, std::string(reason), false});
}

void Connection::refuse(wire::CloseCode code, std::string_view reason) {
  if (state_ == State::closing) {
    state_ = State::discarding;
    return;
  }
  say_farewell(State::discarding, wire::close_payload(code, reason),
               {wire::CloseCode::abnormal, std::string(reason), true});
}

void Connection::handle_end_of_stream(std::string_view why) {
  if (farewell_) return end(std::move(farewell_->ended));
  end({wire::CloseCode::abnormal, std::string(why), false});
}

// --- out ---

Connection::Unsent& Connection::unsent() {
  if (!unsent_) unsent_ = std::make_unique<Unsent>();
  return *unsent_;
}

void Connection::append(wire::Opcode opcode, std::string_view payload) {
  if (speaks_events_) return append_event(opcode, payload);
  const std::uint32_t mask = owner_.role == wire::Role::client ? random_mask() : 0;
  wire::append_frame(unsent().bytes, owner_.role, opcode, payload, mask);
}

void Connection::append_event(wire::Opcode opcode, std::string_view payload) {
  if (opcode == wire::Opcode::text) unsent().bytes.append("data: ").append(payload).append("\n\n");
  if (opcode == wire::Opcode::ping) unsent().bytes.append(": ping\n\n");
}

void Connection::send(wire::Opcode opcode, std::string_view payload) {
  if (state_ != State::open) return;
  append(opcode, payload);
  push();
}

void Connection::append_frames(std::string_view frames) {
  if (state_ == State::open && !frames.empty()) unsent().bytes.append(frames);
}

void Connection::flush() {
  if (state_ == State::open && unsent_) push();
}

void Connection::push() {
  if (corked_ && unsent_bytes() < kCorkedBytesMax) return;
  if (!blocked_) write_unsent();
  if (unsent_bytes() > owner_.options.unsent_bytes_max) {
    abort(fmt::format("the peer reads too slowly: {} bytes are unsent", unsent_bytes()));
  }
}

std::size_t Connection::offer(std::span<const char> frames) {
  CHECK(can_offer(), "bytes were offered to a connection that can't take them");
  if (unsent_) {
    write_unsent();
    if (!can_offer()) return 0;
  }
  if (frames.empty()) return 0;
  return stream_.secure() ? offer_records(frames) : offer_bytes(frames);
}

std::size_t Connection::offer_bytes(std::span<const char> frames) {
  const net::IoResult result = stream_.write(frames);
  if (result.status == net::IoStatus::ok) last_sent_ns_ = owner_.loop.now_ns();
  if (result.bytes == frames.size()) return result.bytes;
  if (result.status == net::IoStatus::failed) {
    drop({wire::CloseCode::abnormal, stream_.failure(), false});
  } else {
    set_blocked(true);
  }
  return result.bytes;
}

// A record that the socket did not take whole is made already: its bytes count as taken, and are kept to be
// written again.
std::size_t Connection::offer_records(std::span<const char> frames) {
  std::size_t taken = 0;
  while (taken < frames.size()) {
    const auto record = frames.subspan(taken, std::min(frames.size() - taken, net::Stream::kTlsRecordBytes));
    const net::IoResult result = stream_.write(record);
    if (result.status == net::IoStatus::ok) {
      last_sent_ns_ = owner_.loop.now_ns();
      taken += result.bytes;
      continue;
    }
    if (result.status == net::IoStatus::failed) {
      drop({wire::CloseCode::abnormal, stream_.failure(), false});
      return taken;
    }
    unsent().bytes.append(record.data(), record.size());
    set_blocked(true);
    return taken + record.size();
  }
  return taken;
}

void Connection::finish(std::span<const char> rest_of_torn_frame) {
  append_frames(text_of(rest_of_torn_frame));
}

void Connection::write_unsent() {
  while (unsent_) {
    const auto rest = std::span<const char>(unsent_->bytes).subspan(unsent_->written);
    const net::IoResult result = stream_.write(rest);
    if (result.status == net::IoStatus::failed)
      return drop({wire::CloseCode::abnormal, stream_.failure(), false});
    if (result.status != net::IoStatus::ok) {
      // A peer that never quite catches up must not keep what it was sent already: each byte is moved at most
      // once.
      if (unsent_->written >= unsent_bytes()) {
        unsent_->bytes.erase(0, unsent_->written);
        unsent_->written = 0;
      }
      return set_blocked(true);
    }
    last_sent_ns_ = owner_.loop.now_ns();
    unsent_->written += result.bytes;
    if (unsent_->written == unsent_->bytes.size()) unsent_.reset();
  }
  set_blocked(false);
}

// The loop's part of writing: what may end the connection.

void Connection::go_on_writing() {
  write_unsent();
  settle();
  if (can_offer()) owner_.events.on_writable(*this);
}

void Connection::settle() {
  if (open()) return flush();
  if (!live()) return;
  if (unsent_ && !blocked_) write_unsent();
  if (!unsent_ && live()) all_written();
}

void Connection::all_written() {
  if (state_ == State::closing) return;
  // The server ends the TCP connection first (section 7.1.1), so that the client is not left with the port in
  // TIME_WAIT. After a violation bytes may still be under way to us: a socket closed over them would send a
  // reset, and the reset could overtake our close frame.
  if (state_ == State::closed && owner_.role == wire::Role::server) return end(std::move(farewell_->ended));
  stream_.shutdown_write();
}

// --- the end ---

void Connection::close(wire::CloseCode code, std::string_view reason) {
  if (!open()) return;
  if (speaks_events_) {
    say_farewell(State::closed, "", {wire::CloseCode::abnormal, std::string(reason), true});
    return set_blocked(true);  // ended by the loop, when what is unsent is out
  }
  say_farewell(State::closing, wire::close_payload(code, reason),
               {wire::CloseCode::abnormal, std::string(reason), true});
  if (!blocked_ && !corked_) write_unsent();
}

void Connection::say_farewell(State state, std::string_view close_frame, Ended ended) {
  append(wire::Opcode::close, close_frame);
  state_ = state;
  reader_.stop_inflating();
  farewell_ = std::make_unique<Farewell>();
  farewell_->ended = std::move(ended);
  farewell_->timer = owner_.loop.after(owner_.options.close_timeout_ns, [this] { time_out(); });
}

void Connection::time_out() {
  if (state_ != State::closed) state_ = State::dropped;
  end(std::move(farewell_->ended));
}

void Connection::abort(std::string_view why) { drop({wire::CloseCode::abnormal, std::string(why), true}); }

void Connection::drop(Ended ended) {
  if (!live()) return;
  if (!farewell_) {
    farewell_ = std::make_unique<Farewell>();
    farewell_->ended = std::move(ended);
  }
  state_ = State::dropped;
  unsent_.reset();
  owner_.loop.again(stream_.fd(), net::kBroken, *this);
}

void Connection::end(Ended ended) {
  release();
  owner_.events.on_ended(*this, ended);
}

void Connection::abandon() {
  if (state_ == State::ended) return;
  state_ = State::dropped;
  release();
}

void Connection::release() {
  owner_.loop.remove(stream_.fd(), *this);
  if (farewell_) owner_.loop.cancel(farewell_->timer);
  if (state_ == State::dropped) {
    stream_.abort();
  } else {
    stream_.close();
  }
  state_ = State::ended;
  unsent_.reset();
  farewell_.reset();
  reader_ = wire::MessageReader(owner_.role, owner_.options.limits);
}

// --- watching ---

void Connection::ping() {
  if (!open()) return;
  if (ping_sent_ns_ == 0 && !speaks_events_) ping_sent_ns_ = owner_.loop.now_ns();
  send(wire::Opcode::ping, std::to_string(owner_.loop.now_ns()));
}

void Connection::pause_reading(bool paused) {
  paused_ = paused;
  if (!live()) return;
  watch();
  if (!paused && stream_.has_pending()) owner_.loop.again(stream_.fd(), net::kReadable, *this);
}

void Connection::set_blocked(bool blocked) {
  blocked_ = blocked;
  watch();
}

void Connection::watch() {
  const bool writable = blocked_ || stream_.wants_write();
  const auto interest =
      static_cast<std::uint8_t>((paused_ ? 0 : net::kReadable) | (writable ? net::kWritable : 0));
  if (interest == interest_) return;
  interest_ = interest;
  owner_.loop.change(stream_.fd(), interest, *this);
}

}  // namespace tickcast::ws
