// SPDX-License-Identifier: Apache-2.0
//
// Encoder: the newest quotes as the bytes that clients are sent. It holds each symbol's newest quote and
// makes batches of them: an event for each symbol, or several in a message (Scope::array). An event that is
// the same for everybody is encoded once per change and encoding.
//
// Thread: the fan-out's. Bound: 410 bytes a symbol, and the frames encoded of it; of arrays one message.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanout/batch.h"
#include "fanout/framing.h"
#include "fanout/position.h"
#include "fanout/symbol_state.h"
#include "market/book.h"
#include "market/symbol_table.h"

namespace tickcast::fanout {

// For whom a batch is made.
struct Recipient {
  const Position& position;
  Encoding encoding{};
  bool shared = false;      // others may get the same bytes
  std::int64_t now_ns = 0;  // epoch; becomes emitterTime
};

class Encoder {
 public:
  // Both must outlive it; a compressor is only needed for recipients with a compressed encoding.
  Encoder(const market::SymbolTable& symbols, Form form, Compressor* compressor);

  // There are so many symbols now: more than before.
  void resize(std::size_t symbols) { states_.resize(symbols); }

  // Takes in the newest entry of a symbol, as the fan-out's change of this number: one more than the last.
  // False: it was taken in before, and is ignored.
  bool take(market::SymbolId symbol, const market::Book::Entry& entry, std::uint64_t number) {
    SymbolState& state = states_[market::index(symbol)];
    if (entry.sequence <= state.book_sequence) return false;
    state.take(entry, number);
    newest_ = number;
    return true;
  }

  // Makes the batch anew: the recipient's fresh watches that changed up to its cursor, and then `changed`:
  // what it watches and changed since, oldest change first.
  void encode(Batch& batch, std::span<const Watch> changed, const Recipient& to);

 private:
  SymbolState& state_of(market::SymbolId symbol) { return states_[market::index(symbol)]; }
  void append_unit(Batch& batch, const Watch& watch, std::uint64_t sequence, const Recipient& to);
  void append_book_ticker(std::string& out, market::SymbolId symbol, Encoding encoding);
  void append_best_bid_ask(std::string& out, market::SymbolId symbol);
  std::string_view quote_event(std::span<char> buffer, market::SymbolId symbol, const Recipient& to);
  void append_arrays(Batch& batch, std::span<const Watch> changed, const Recipient& to);

  const market::SymbolTable& symbols_;
  const Form form_;
  const Framing framing_;
  std::vector<SymbolState> states_;  // by symbol
  std::uint64_t newest_ = 0;         // change taken in
  std::string array_;                // scratch of append_arrays()
};

}  // namespace tickcast::fanout
