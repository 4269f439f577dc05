// SPDX-License-Identifier: Apache-2.0
//
// Follower: one client of the server that is compared: dials it, asks for its symbols, and tells what it
// gets. A prompt one reads as soon as there is something to read. A thousand of them on one core would wait
// for each other, which is not the server's doing: so most are idle ones, which read when their owner says
// so, and what they get is counted but tells no age.
//
// Thread: its loop's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dialect.h"
#include "net/loop.h"
#include "net/socket.h"
#include "wire/ws_frame.h"

namespace tickcast::bench {

class Follower;

// What a follower tells.
class FollowerEvents {
 public:
  virtual void on_patient(Follower& follower, int fd) = 0;  // has been served: the owner sees to its reads
  virtual void on_open() = 0;
  virtual void on_update(std::int64_t update_id, std::int64_t read_ns, bool prompt) = 0;  // epoch
  virtual void on_lost(const std::string& why) = 0;                                       // the last call

 protected:
  ~FollowerEvents() = default;
};

class Follower final : private net::Ready {
 public:
  // All that it is given must outlive it.
  Follower(net::Loop& loop, const net::Endpoint& server, const Dialect& dialect,
           const std::vector<std::string>& symbols, bool prompt, FollowerEvents& events);
  ~Follower();

  bool served() const { return served_; }  // has got an update at all
  void read_some();                        // of what has come

 private:
  enum class State : std::uint8_t { connecting, asking, open, lost };

  void on_ready(std::uint32_t what) override;
  void ask();
  void take(std::span<char> bytes);
  void take_head(std::span<char> bytes);
  void take_frames(std::span<char> bytes);
  void take_message(const wire::Message& message);
  void say(wire::Opcode kind, std::string_view payload);
  void lose(const std::string& why);

  net::Loop& loop_;
  const Dialect& dialect_;
  const std::vector<std::string>& symbols_;
  FollowerEvents& events_;
  net::Socket socket_;
  wire::MessageReader reader_;
  std::string head_;  // of the answer to the handshake, so far
  std::int64_t read_ns_ = 0;
  State state_ = State::connecting;
  const bool prompt_;
  bool watched_ = true;  // by the loop
  bool served_ = false;
};

}  // namespace tickcast::bench
