// SPDX-License-Identifier: Apache-2.0
//
// Audience: which sessions get the events of which symbol. Pure.
//
// Thread: the exchange's. Holds no session alive; whoever ends one takes it out first, outside of any
// delivery.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "exchange/board.h"
#include "exchange/session.h"

namespace tickcast::exchange {

class Audience {
 public:
  explicit Audience(const Board& board) : board_(board), by_symbol_(board.size()) {}

  const std::vector<Session*>& of(SymbolNumber symbol) const { return by_symbol_[symbol]; }

  // The symbol whose events a stream carries; nothing for a stream that stays silent: another channel, no
  // such symbol, upper case.
  std::optional<SymbolNumber> symbol_of(std::string_view stream) const;

  // Streams that stay silent are ignored. A session is added at most once per stream.
  void add(std::string_view stream, Session& session);
  void remove(std::string_view stream, const Session& session);
  void remove_all(const Session& session);

  // The board has got new symbols; sessions that had asked for one before are added by the caller.
  void grow() { by_symbol_.resize(board_.size()); }

 private:
  const Board& board_;
  std::vector<std::vector<Session*>> by_symbol_;
};

}  // namespace tickcast::exchange
