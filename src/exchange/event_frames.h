// SPDX-License-Identifier: Apache-2.0
//
// EventFrames: one book ticker as WebSocket frames, raw and combined, each encoded at most once however many
// connections get it. Pure.
//
// Thread: the exchange's. Views are valid until the next set().
#pragma once

#include <array>
#include <string_view>

#include "exchange/board.h"
#include "wire/stream_name.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

namespace tickcast::exchange {

class EventFrames {
 public:
  void set(SymbolNumber symbol, std::string_view name, std::string_view stream_symbol,
           const market::Quote& quote);

  SymbolNumber symbol() const { return symbol_; }
  std::string_view name() const { return name_; }
  std::string_view stream_symbol() const { return stream_symbol_; }
  const market::Quote& quote() const { return *quote_; }

  // The whole frame, and its payload alone.
  std::string_view frame(bool combined) { return combined ? combined_frame() : raw_.frame; }
  std::string_view payload(bool combined) {
    return combined ? (combined_frame(), combined_.payload) : raw_.payload;
  }

 private:
  template <std::size_t kPayloadBytesMax>
  struct Encoded {
    // The payload's place is fixed; the header is written right before it, once its length is known.
    std::array<char, wire::kFrameHeaderBytesMax + kPayloadBytesMax> bytes;
    std::string_view frame;
    std::string_view payload;

    char* begin() { return bytes.data() + wire::kFrameHeaderBytesMax; }
    void end_at(const char* end);
  };

  std::string_view combined_frame();

  SymbolNumber symbol_ = 0;
  std::string_view name_;
  std::string_view stream_symbol_;
  const market::Quote* quote_ = nullptr;
  Encoded<wire::kBookTickerBytesMax> raw_;
  Encoded<wire::kCombinedPrefixBytesMax + wire::kBookTickerBytesMax + 1> combined_;
  bool combined_made_ = false;
};

}  // namespace tickcast::exchange
