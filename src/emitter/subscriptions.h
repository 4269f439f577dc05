// SPDX-License-Identifier: Apache-2.0
//
// Subscriptions: what one client has asked for, between the names it spells and what the fan-out's lanes
// know. Pure.
//
// Names that can be served become selections; all others (unknown symbols, streams that are not served) are
// kept as text: acknowledged, listed, silent.
//
// Thread: the shard's. Bound: streams_per_connection_max names per client, each at most
// wire::kStreamNameBytesMax bytes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanout/fanout.h"
#include "market/symbol_table.h"
#include "wire/stream_name.h"

namespace tickcast::emitter {

// What one client wants of one form of stream: symbols by name, or a channel of the whole market.
struct Selection {
  fanout::Form form;
  std::uint8_t market_channel = 0;     // of a form of the whole market; 0: a listed form
  std::vector<fanout::Watch> watches;  // of a listed form, in the fan-out's order
};
// The first is that of listed symbols without a pace, and may be empty; the others are not. Each form (and
// channel, of the whole market) once.
using Selections = std::vector<Selection>;

class Subscriptions {
 public:
  // How many streams the client would have with these added (names it has already are not counted twice).
  std::size_t count_with(std::span<const wire::StreamName> names, const market::SymbolTable& symbols,
                         const Selections& selections) const;

  // Adds or removes names; `selections` is what the lanes have for the client, and is changed to what they
  // should have.
  void add(std::span<const wire::StreamName> names, const market::SymbolTable& symbols,
           Selections& selections);
  void remove(std::span<const wire::StreamName> names, const market::SymbolTable& symbols,
              Selections& selections);

  // Names whose symbol has been listed since they were asked for become selections. True when any did.
  bool resolve(const market::SymbolTable& symbols, Selections& selections);

  std::vector<std::string> list(const market::SymbolTable& symbols, const Selections& selections) const;

  bool status() const { return status_; }  // subscribed to !status
  bool has_silent() const { return silent_ != nullptr; }

 private:
  bool add_silent(std::string_view name);

  std::unique_ptr<std::vector<std::string>> silent_;  // null when empty: nearly always
  bool status_ = false;
};

}  // namespace tickcast::emitter
