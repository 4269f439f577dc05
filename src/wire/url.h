// SPDX-License-Identifier: Apache-2.0
//
// Addresses a person types: URLs of the exchange, and host:port to listen on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tickcast::wire {

// ws://host[:port][/path][?query], and wss, http, https.
struct Url {
  std::string scheme;  // lower case
  std::string host;    // without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::string target;  // path and query, "" when the URL has none; its path never ends in '/'

  bool secure() const { return scheme == "wss" || scheme == "https"; }
  std::string authority()
      const;  // host:port as a Host header has it: port left out when it is the scheme's own
  std::string text() const;
};

// `expected` is the family of schemes that makes sense: "ws" (ws, wss) or "http" (http, https).
Result<Url> parse_url(std::string_view text, std::string_view expected);

// host:port, :port (every address of this machine), [v6]:port. Port 0 lets the kernel choose.
struct ListenAddress {
  std::string host;  // "" for every address
  std::uint16_t port = 0;
  std::string text() const;
};
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace tickcast::wire
