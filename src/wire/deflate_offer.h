// SPDX-License-Identifier: Apache-2.0
//
// How a server agrees on permessage-deflate: the header Sec-WebSocket-Extensions (RFC 6455 section 9.1) and
// the extension's parameters (RFC 7692 section 7.1). Pure.
//
// What is agreed on here is always without context take-over in both directions and with a window of 32 KiB
// from us, since one compressed message goes to everybody. So of the parameters:
//   server_no_context_takeover, client_no_context_takeover   are answered, whether they were offered or not
//   client_max_window_bits, with or without a value          is taken: every window is good to us
//   server_max_window_bits=15                                is taken and answered
//   server_max_window_bits=8 to 14                           declines the offer
//   unknown, twice, with a value that is not theirs          declines the offer
// An offer that is declined loses nothing but itself: the next one counts, and without any the connection is
// opened uncompressed.
#pragma once

#include <string>
#include <string_view>

namespace tickcast::wire {

struct DeflateAnswer {
  bool well_formed =
      true;              // false: not the header's grammar, which fails the handshake (RFC 6455 section 9.1)
  std::string accepted;  // the header's value to answer with; empty: nothing was accepted
};

// `extensions`: the header's value; of several headers, their values with commas between.
DeflateAnswer answer_deflate_offers(std::string_view extensions);

}  // namespace tickcast::wire
