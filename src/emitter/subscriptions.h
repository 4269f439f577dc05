// SPDX-License-Identifier: Apache-2.0
//
// Subscriptions: what one client has asked for, between the names it spells and the watches the fan-out
// knows. Pure.
//
// Names that can be served become watches; all others (unknown symbols, streams that are not served) are kept
// as text: acknowledged, listed, silent.
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

class Subscriptions {
 public:
  // How many streams the client would have with these added (names it has already are not counted twice).
  std::size_t count_with(std::span<const wire::StreamName> names, const market::SymbolTable& symbols,
                         std::span<const fanout::Watch> watches) const;

  // Adds or removes names; `watches` is what the fan-out has for the client, in its order, and is changed to
  // what it should have.
  void add(std::span<const wire::StreamName> names, const market::SymbolTable& symbols,
           std::vector<fanout::Watch>& watches);
  void remove(std::span<const wire::StreamName> names, const market::SymbolTable& symbols,
              std::vector<fanout::Watch>& watches);

  // Names whose symbol has been listed since they were asked for become watches. True when any did.
  bool resolve(const market::SymbolTable& symbols, std::vector<fanout::Watch>& watches);

  std::vector<std::string> list(const market::SymbolTable& symbols,
                                std::span<const fanout::Watch> watches) const;

  bool status() const { return status_; }  // subscribed to !status
  bool has_silent() const { return silent_ != nullptr; }

 private:
  bool add_silent(std::string_view name);

  bool status_ = false;
  std::unique_ptr<std::vector<std::string>> silent_;  // null when empty: nearly always
};

}  // namespace tickcast::emitter
