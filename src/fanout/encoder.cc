// SPDX-License-Identifier: Apache-2.0
#include "fanout/encoder.h"

#include <algorithm>

#include "wire/sbe_best_bid_ask.h"
#include "wire/ticker.h"

namespace tickcast::fanout {
namespace {

using market::SymbolId;

std::int64_t known_since_ns(const market::Quote& quote) {
  return quote.event_ns != 0 ? quote.event_ns : quote.admitted_ns;
}

}  // namespace

Encoder::Encoder(const market::SymbolTable& symbols, Form form, Compressor* compressor)
    : symbols_(symbols), form_(form), framing_(form, compressor) {}

void Encoder::encode(Batch& batch, std::span<const Watch> changed, const Recipient& to) {
  batch.clear();
  batch.from = to.position.cursor();
  batch.to = newest_;
  for (const Watch& watch : to.position.fresh()) {
    const std::uint64_t number = state_of(watch.symbol).sequence;
    if (number != 0 && number <= batch.from) append_unit(batch, watch, 0, to);
  }
  if (form_.scope == Scope::array) return append_arrays(batch, changed, to);
  for (const Watch& watch : changed) append_unit(batch, watch, state_of(watch.symbol).sequence, to);
}

void Encoder::append_unit(Batch& batch, const Watch& watch, std::uint64_t sequence, const Recipient& to) {
  if ((watch.channels & kBookTicker) != 0) append_book_ticker(batch.bytes, watch.symbol, to.encoding);
  if ((watch.channels & kQuote) != 0) {
    char buffer[wire::kQuoteEventBytesMax];
    framing_.append(batch.bytes, to.encoding, kQuote, symbols_.stream_name(watch.symbol),
                    quote_event(buffer, watch.symbol, to));
  }
  if ((watch.channels & kBestBidAsk) != 0) append_best_bid_ask(batch.bytes, watch.symbol);
  if (sequence != 0 && batch.from != 0)
    batch.newest_ns = std::max(batch.newest_ns, known_since_ns(state_of(watch.symbol).quote));
  batch.units.push_back({batch.bytes.size(), sequence, batch.units.size() + 1});
}

void Encoder::append_best_bid_ask(std::string& out, SymbolId symbol) {
  SymbolState& state = state_of(symbol);
  SymbolState::Frame& frame = state.best_bid_ask;
  if (frame.sequence != state.sequence) {
    char event[wire::kBestBidAskBytesMax];
    char* const end = wire::write_best_bid_ask(event, symbols_.name(symbol), state.quote);
    frame.bytes.clear();
    if (end != nullptr) Framing::append_binary(frame.bytes, {event, end});
    frame.sequence = state.sequence;
  }
  out += frame.bytes;
}

void Encoder::append_book_ticker(std::string& out, SymbolId symbol, Encoding encoding) {
  SymbolState& state = state_of(symbol);
  SymbolState::Frame& frame = state.book_ticker[static_cast<std::size_t>(encoding)];
  if (frame.sequence != state.sequence) {
    char event[wire::kBookTickerBytesMax];
    char* const end = wire::write_book_ticker(event, symbols_.name(symbol), state.quote);
    frame.bytes.clear();
    framing_.append(frame.bytes, encoding, kBookTicker, symbols_.stream_name(symbol), {event, end});
    frame.sequence = state.sequence;
  }
  out += frame.bytes;
}

std::string_view Encoder::quote_event(std::span<char> buffer, SymbolId symbol, const Recipient& to) {
  const SymbolState& state = state_of(symbol);
  const bool fresh = (to.position.fresh_channels(symbol) & kQuote) != 0;
  const std::uint64_t merged = fresh ? 0 : state.updates_since(to.position);
  return {buffer.data(),
          wire::write_quote_event(buffer.data(), symbols_.name(symbol), state.quote, to.now_ns, merged)};
}

// A message is one unit: the client has all of its symbols or none of them. What is torn is finished.
void Encoder::append_arrays(Batch& batch, std::span<const Watch> changed, const Recipient& to) {
  char buffer[std::max(wire::kQuoteEventBytesMax, wire::kBookTickerBytesMax)];
  std::uint64_t updates = 0;
  for (auto at = changed.begin(); at != changed.end();) {
    const auto channel = static_cast<Channels>(at->channels);  // the same of all
    array_.assign(1, '[');
    std::uint64_t last_sequence = 0;
    for (; at != changed.end() && array_.size() < kArrayBytesMax; ++at) {
      const SymbolState& state = state_of(at->symbol);
      if (last_sequence != 0) array_ += ',';
      last_sequence = state.sequence;
      ++updates;
      if (batch.from != 0) batch.newest_ns = std::max(batch.newest_ns, known_since_ns(state.quote));
      array_ += channel == kQuote
                    ? quote_event(buffer, at->symbol, to)
                    : std::string_view(
                          buffer, wire::write_book_ticker(buffer, symbols_.name(at->symbol), state.quote));
    }
    array_ += ']';
    framing_.append_array(batch.bytes, to.encoding, channel, array_, to.now_ns, to.shared);
    batch.units.push_back({batch.bytes.size(), last_sequence, updates});
  }
}

}  // namespace tickcast::fanout
