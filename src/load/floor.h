// SPDX-License-Identifier: Apache-2.0
//
// Floor: the least that a delivery can cost on this machine: a process that does nothing but accept clients
// and, at a given rate, send() one message of a given size to each of them, in turn, from one thread. No
// subscriptions, no conflation, no memory of what a client was sent: what a socket does not take is thrown
// away. It speaks just enough of the protocol that the same clients measure it as measure a server.
//
// Thread: the owner's, which must be the only one of its process at the start (the floor is a fork of it).
#pragma once

#include <cstdint>
#include <memory>

#include <sys/types.h>

#include "base/result.h"

namespace tickcast::load {

struct FloorOptions {
  double messages_per_s = 100;      // to each client
  std::size_t message_bytes = 240;  // about: one quote, or an array of so many that they come near it
};

class Floor {
 public:
  // For so many clients; an error also when its process, being one, has no descriptors for them.
  static Result<std::unique_ptr<Floor>> start(const FloorOptions& options, std::uint32_t clients);
  ~Floor();  // ends it
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;

  std::uint16_t port() const { return port_; }  // on 127.0.0.1
  pid_t pid() const { return pid_; }
  static constexpr const char* kStream = "floorusdt@quote";  // what there is to follow

 private:
  Floor(pid_t pid, std::uint16_t port) : pid_(pid), port_(port) {}

  pid_t pid_;
  std::uint16_t port_;
};

}  // namespace tickcast::load
