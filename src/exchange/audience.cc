// SPDX-License-Identifier: Apache-2.0
#include "exchange/audience.h"

#include <algorithm>

#include "wire/stream_name.h"

namespace tickcast::exchange {

std::optional<SymbolNumber> Audience::symbol_of(std::string_view stream) const {
  const auto name = wire::parse_stream_name(stream);
  const bool book_ticker = name.well_formed && name.channel == wire::Channel::book_ticker;
  if (!book_ticker || name.all_symbols || name.array || name.pace_ms != 0) return std::nullopt;
  return board_.find_stream_symbol(name.symbol);
}

void Audience::add(std::string_view stream, Session& session) {
  const auto symbol = symbol_of(stream);
  if (symbol) by_symbol_[*symbol].push_back(&session);
}

void Audience::remove(std::string_view stream, const Session& session) {
  const auto symbol = symbol_of(stream);
  if (!symbol) return;
  auto& sessions = by_symbol_[*symbol];
  const auto found = std::find(sessions.begin(), sessions.end(), &session);
  if (found == sessions.end()) return;
  *found = sessions.back();
  sessions.pop_back();
}

void Audience::remove_all(const Session& session) {
  for (const auto& stream : session.streams()) remove(stream, session);
}

}  // namespace tickcast::exchange
