// SPDX-License-Identifier: Apache-2.0
//
// For tests: the other end of a connection, as raw as a test needs it, with a frame codec of its own so that
// the one under test is not judged by itself. Everything runs in one thread: while the peer waits it turns
// the loop of what is tested.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/loop.h"
#include "net/socket.h"

namespace tickcast::ws::test {

inline constexpr std::int64_t kDeadlineNs = 30 * kNsPerSecond;  // generous: sanitizers, busy machines

// Turns the loop until the condition holds; false when it does not within the deadline.
bool turn_until(net::Loop& loop, const std::function<bool()>& condition,
                std::int64_t deadline_ns = kDeadlineNs);
// Turns it for a while, to see that nothing happens.
void turn_for(net::Loop& loop, std::int64_t duration_ns);

// A frame as the RFC draws it (section 5.2).
struct Frame {
  std::uint8_t opcode = 1;
  std::string payload = {};
  bool final = true;
  std::uint8_t reserved = 0;  // RSV1 = 4, RSV2 = 2, RSV3 = 1
  friend bool operator==(const Frame&, const Frame&) = default;
};

enum class LengthForm : std::uint8_t { shortest, in_16_bits, in_64_bits };

std::string encode(const Frame& frame, bool masked, LengthForm form = LengthForm::shortest);
// Takes a whole frame off the front, if there is one. `masked` tells whether it was.
std::optional<Frame> decode(std::string& bytes, bool& masked);

Frame text(std::string payload);
Frame binary(std::string payload);
Frame ping(std::string payload = "");
Frame pong(std::string payload = "");
Frame close(int code, std::string reason = "");
Frame empty_close();
Frame fragment(std::uint8_t opcode, std::string payload, bool final);
int close_code(const Frame& frame);  // 1005 when it has none; -1 when it is no close frame

class TestPeer {
 public:
  TestPeer(net::Loop& loop, net::Socket socket) : loop_(loop), socket_(std::move(socket)) {}
  static TestPeer dial(net::Loop& loop, std::uint16_t port);
  static TestPeer accept(net::Loop& loop, const net::Socket& listener);

  // The opening handshake as a client; returns the answer's head.
  std::string open(std::string_view target = "/", std::string_view more_headers = "");
  // The same as a server; returns the request's head.
  std::string answer(std::string_view behind = "");

  // What the peer masks and expects masked.
  void act_as_client() { client_ = true; }

  void send(std::string_view bytes);  // all of it
  void send_in_pieces(std::string_view bytes,
                      std::size_t piece_bytes);  // each seen by the other side as a read of its own
  void send(const Frame& frame) { send(encode(frame, client_)); }

  std::string read_bytes(std::size_t count);      // exactly
  std::string read_until(std::string_view mark);  // to the end of the mark
  std::string read_to_end();                      // until the other side ends
  std::optional<Frame> read_frame();              // nothing at the end
  bool wait_for_end();                   // throws away what comes; true when the end came, by FIN or reset
  bool reset() const { return reset_; }  // the end was a reset
  bool ended() const { return ended_; }
  std::size_t available();  // bytes read so far, unused

  void shutdown_write();
  void abort() { socket_.abort(); }
  void close() { socket_.reset(); }
  int fd() const { return socket_.fd(); }
  bool wrongly_masked() const {
    return wrongly_masked_;
  }  // a frame's mask bit was not what the role asks for

 private:
  bool read_some();  // false: nothing came

  net::Loop& loop_;
  net::Socket socket_;
  std::string in_;
  bool ended_ = false;
  bool reset_ = false;
  bool client_ = false;
  bool wrongly_masked_ = false;
};

}  // namespace tickcast::ws::test
