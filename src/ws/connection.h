// SPDX-License-Identifier: Apache-2.0
//
// Connection: one open WebSocket connection, either role: the state machine between a Stream and whole
// messages (RFC 6455 sections 5 to 7: control frames, closing handshake). The server and the client below
// make one once the opening handshake is done.
//
// Thread: its loop's. Owned by the server or the client that made it; an owner's callbacks may send, close
// and abort, never destroy it. Small, and without heap memory of its own while idle: a server holds very
// many.
//
// The same can be an event stream (server-sent events, HTML standard section 9.2): then what is sent are
// `data:` and comment lines, what the peer sends is counted and thrown away, and closing is the end of the
// stream.
//
// Two ways out, so that nothing stale is ever queued:
//   send()   replies and events that must all arrive: kept until the socket takes them, up to
//   unsent_bytes_max, beyond which
//            the connection is aborted.
//   offer()  late-bound bytes: written as far as the socket takes them now. The caller remembers its position
//   and hands back with
//            finish() only the rest of the frame that was torn.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "net/loop.h"
#include "net/stream.h"
#include "wire/ws_frame.h"

namespace tickcast::ws {

class Connection;

// Why a connection ended, for the one who used it.
struct Ended {
  wire::CloseCode code = wire::CloseCode::abnormal;  // the peer's close code; no_code: a close frame without
                                                     // one; abnormal: none came
  std::string reason;                                // the peer's words, or ours when we ended it
  bool by_us = false;  // we closed or aborted first, or the peer broke the protocol
};

// What a connection tells its owner. All calls come from the loop, none from inside a call of the owner's:
// abort() in one's own loop over connections calls nobody back before that loop is done.
class ConnectionEvents {
 public:
  // `received_ns`: wall clock, read once when the bytes were taken from the socket. text or binary only. The
  // payload may be changed in place and is valid during the call.
  virtual void on_message(Connection& connection, const wire::Message& message, std::int64_t received_ns) = 0;
  // A read from the socket has been worked off: what was taken in may be passed on now. Comes after
  // on_message, and alone when the read brought control frames or half a message. Not called once the
  // connection has ended.
  virtual void on_read_end(Connection&) {}
  // can_offer() has become true again after it was false.
  virtual void on_writable(Connection& connection) = 0;
  // The last call.
  virtual void on_ended(Connection& connection, const Ended& ended) = 0;

 protected:
  ~ConnectionEvents() = default;
};

struct ConnectionOptions {
  wire::MessageLimits limits;
  std::size_t unsent_bytes_max = 64 * 1024;
  std::int64_t close_timeout_ns =
      2 * kNsPerSecond;  // from our close frame to an abort, when the peer does not answer
};

// What all connections of one owner have in common.
struct ConnectionOwner {
  net::Loop& loop;
  wire::Role role;
  const ConnectionOptions& options;
  ConnectionEvents& events;
};

// An owner that notes more of each connection derives from it.
class Connection : private net::Ready {
 public:
  // The stream's descriptor is watched from here on. The owner must stay until the connection has ended.
  Connection(const ConnectionOwner& owner, net::Stream stream);
  virtual ~Connection();  // as abandon()
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Takes in bytes that came with the handshake. Once, before the loop's next turn.
  void start(std::span<char> already_read);

  // Makes it an event stream, for good: before start(), role server.
  void speak_events() { speaks_events_ = true; }
  // permessage-deflate was agreed on: before start(). Messages that come compressed are inflated, and the
  // owner may offer frames that are. send() compresses nothing. The inflater must outlive the connection.
  void accept_compressed(wire::Inflater& inflater) { reader_.accept_compressed(inflater); }
  bool accepts_compressed() const { return reader_.accepts_compressed(); }

  // Queues one message and writes what the socket takes: at once, or at the end of the read when called from
  // on_message, so that the replies to all that was read together cost one write. Ignored once closing.
  void send(wire::Opcode opcode, std::string_view payload);
  // The same for bytes that are whole frames already (server role: unmasked), but only flush() writes them:
  // so a batch costs one write.
  void append_frames(std::string_view frames);
  void flush();

  // Late-bound writing. REQUIRES can_offer(). Returns how many bytes the socket took (under TLS, with those
  // of one record that is kept until it takes them); when that is short, finish() must get the rest of the
  // frame in which the cut lies, before anything else is sent (nothing when it lies between two), and
  // can_offer() is false until on_writable.
  bool can_offer() const { return state_ == State::open && !blocked_; }
  std::size_t offer(std::span<const char> frames);
  void finish(std::span<const char> rest_of_torn_frame);

  // Starts the closing handshake; ended when the peer answers or after close_timeout_ns. The reason is cut to
  // 123 bytes.
  void close(wire::CloseCode code, std::string_view reason);
  // Drops the connection: the peer sees a reset, what is unsent is thrown away. on_ended comes in the loop's
  // next turn.
  void abort(std::string_view why);
  // Drops it silently: no event follows.
  void abandon();

  bool open() const { return state_ == State::open; }
  bool ended() const { return state_ == State::ended; }
  bool blocked() const { return blocked_; }  // the socket was full at the last write
  std::size_t unsent_bytes() const { return unsent_ ? unsent_->bytes.size() - unsent_->written : 0; }
  std::size_t unsent_memory_bytes() const {  // what is held for them
    return unsent_ ? unsent_->bytes.capacity() : 0;
  }
  std::int64_t last_received_ns() const { return last_received_ns_; }  // steady clock: any byte from the peer
  std::int64_t last_sent_ns() const { return last_sent_ns_; }  // steady clock: the socket took bytes from us

  // Sends a ping; only a pong with its payload answers it (an unsolicited pong does not). The steady-clock
  // moment of the oldest ping not yet answered; 0: none.
  void ping();
  std::int64_t ping_sent_ns() const { return ping_sent_ns_; }

  // Messages and control frames from the peer since the last call, for rate rules.
  std::uint32_t take_frames_received() { return std::exchange(frames_received_, 0); }

  // Stops taking bytes from the socket, and takes them again: for faults and for back-pressure. What a read
  // has brought already is still handed on.
  void pause_reading(bool paused);
  // Before reading on after a small receive buffer has held the peer back.
  void widen_receive_buffer(int bytes) { net::widen_receive_buffer(stream_.fd(), bytes); }

  // For the owner's own use: an index, a pointer.
  std::uint64_t tag = 0;

 private:
  enum class State : std::uint8_t {
    open,
    closing,     // our close frame is on its way, the peer's is awaited
    closed,      // both close frames have been written or read; the socket is to end
    discarding,  // the peer broke the protocol: our close frame is on its way, what it sends is thrown away
    dropped,     // on_ended is due
    ended,
  };
  struct Unsent {
    std::string bytes;
    std::size_t written = 0;
  };
  struct Farewell {
    Ended ended;
    net::Loop::TimerId timer = 0;
  };

  void on_ready(std::uint32_t what) override;
  void read_some();
  bool take_in(net::IoResult result, std::span<char> buffer);
  void take_messages(std::span<char> bytes, std::int64_t received_ns);
  void append_event(wire::Opcode opcode, std::string_view payload);
  void handle(const wire::Message& message, std::int64_t received_ns);
  void handle_pong(std::string_view payload);
  void handle_close(wire::CloseCode code, std::string_view reason);
  void handle_end_of_stream(std::string_view why);
  void refuse(wire::CloseCode code, std::string_view reason);
  bool handles_messages() const { return state_ == State::open || state_ == State::closing; }
  bool live() const { return state_ < State::dropped; }

  std::size_t offer_bytes(std::span<const char> frames);
  std::size_t offer_records(std::span<const char> frames);
  Unsent& unsent();
  void append(wire::Opcode opcode, std::string_view payload);
  void push();
  void write_unsent();
  void go_on_writing();
  void settle();
  void all_written();
  void say_farewell(State state, std::string_view close_frame, Ended ended);
  void drop(Ended ended);
  void time_out();
  void set_blocked(bool blocked);
  void watch();
  void end(Ended ended);
  void release();

  // What an offer touches comes first: 64 bytes with the tag.
  const ConnectionOwner& owner_;
  net::Stream stream_;
  std::unique_ptr<Unsent> unsent_;  // null unless something is unsent
  std::int64_t last_sent_ns_;
  State state_ = State::open;
  bool blocked_ = false;
  bool paused_ = false;
  bool corked_ = false;  // inside a read: replies are collected
  bool speaks_events_ = false;
  std::uint8_t interest_ = net::kReadable;  // what the loop watches for
  wire::MessageReader reader_;
  std::unique_ptr<Farewell> farewell_;  // null while open
  std::int64_t last_received_ns_;
  std::int64_t ping_sent_ns_ = 0;
  std::uint32_t frames_received_ = 0;  // last: what is derived begins in the padding behind it
};

static_assert(sizeof(Connection) <= 128, "an idle connection is what a server holds most of");

}  // namespace tickcast::ws
