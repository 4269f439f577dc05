// SPDX-License-Identifier: Apache-2.0
#include "ws/address_limit.h"

#include <netinet/in.h>
#include <string.h>

namespace tickcast::ws {

void AddressLimit::Ticket::Uncount::operator()(void* entry) const {
  auto* const counted = static_cast<Entry*>(entry);
  if (--counted->connections == 0) counted->limit->entries_.erase(Key(counted->key));
}

std::optional<AddressLimit::Ticket> AddressLimit::admit(const net::Endpoint& peer) {
  if (connections_max_ == 0) return Ticket();
  const Key key = key_of(peer);
  Entry& entry = entries_.try_emplace(key, Entry{this, key}).first->second;
  if (entry.connections >= connections_max_) return std::nullopt;
  ++entry.connections;
  return Ticket(&entry);
}

// The first half of an IPv6 address; an IPv4 address behind a mark that no routed IPv6 address begins with.
AddressLimit::Key AddressLimit::key_of(const net::Endpoint& peer) {
  Key key{};
  if (peer.storage.ss_family == AF_INET6) {
    const in6_addr& address = reinterpret_cast<const sockaddr_in6&>(peer.storage).sin6_addr;
    const bool four = IN6_IS_ADDR_V4MAPPED(&address);
    if (!four) {
      memcpy(key.data(), address.s6_addr, key.size());
      return key;
    }
    memcpy(key.data() + 4, address.s6_addr + 12, 4);
  } else {
    memcpy(key.data() + 4, &reinterpret_cast<const sockaddr_in&>(peer.storage).sin_addr, 4);
  }
  key[0] = 0xff;
  key[1] = 0xff;
  return key;
}

}  // namespace tickcast::ws
