// SPDX-License-Identifier: Apache-2.0
//
// Watch: what a client asks for of one symbol. ClientId: which client. The words that a fan-out and all its
// parts share.
#pragma once

#include <cstdint>

#include "market/quote.h"

namespace tickcast::fanout {

// One line of a watchlist.
struct Watch {
  market::SymbolId symbol{};
  std::uint8_t channels = 0;  // bits of Channels (framing.h)
  friend bool operator==(const Watch&, const Watch&) = default;
};

// A client's number in its fan-out; reused after remove_client().
enum class ClientId : std::uint32_t {};

}  // namespace tickcast::fanout
