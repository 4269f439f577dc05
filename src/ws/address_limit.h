// SPDX-License-Identifier: Apache-2.0
//
// AddressLimit: counts connections per address, and refuses those over the limit. An IPv6 address counts as
// its /64: that is what one customer has. Thread: its server's. Bounds: one entry per address that has a
// connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "net/socket.h"

namespace tickcast::ws {

class AddressLimit {
 public:
  // One counted connection; uncounted when it goes. Must not outlive the limit.
  class Ticket {
   public:
    Ticket() = default;

   private:
    friend class AddressLimit;
    struct Uncount {
      void operator()(void* entry) const;
    };
    explicit Ticket(void* entry) : entry_(entry) {}
    std::unique_ptr<void, Uncount> entry_;
  };

  explicit AddressLimit(std::size_t connections_max)
      : connections_max_(connections_max) {}  // 0: no limit, nothing is counted
  AddressLimit(const AddressLimit&) = delete;
  AddressLimit& operator=(const AddressLimit&) = delete;

  // Holds for connections to come; those that came while there was no limit were not counted.
  void set_most(std::size_t connections_max) { connections_max_ = connections_max; }

  std::optional<Ticket> admit(const net::Endpoint& peer);
  std::size_t addresses() const { return entries_.size(); }

 private:
  using Key = std::array<std::uint8_t, 8>;
  struct Entry {
    AddressLimit* limit = nullptr;
    Key key{};
    std::size_t connections = 0;
  };

  static Key key_of(const net::Endpoint& peer);

  std::size_t connections_max_;
  std::map<Key, Entry> entries_;
};

}  // namespace tickcast::ws
