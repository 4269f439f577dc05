// SPDX-License-Identifier: Apache-2.0
#include "exchange/event_frames.h"

#include <cstring>

namespace tickcast::exchange {

template <std::size_t kPayloadBytesMax>
void EventFrames::Encoded<kPayloadBytesMax>::end_at(const char* end) {
  const auto payload_bytes = static_cast<std::size_t>(end - begin());
  const std::size_t header_bytes = wire::frame_header_bytes(payload_bytes);
  char* start = begin() - header_bytes;
  wire::write_frame_header(start, wire::Opcode::text, payload_bytes);
  frame = {start, header_bytes + payload_bytes};
  payload = {begin(), payload_bytes};
}

void EventFrames::set(SymbolNumber symbol, std::string_view name, std::string_view stream_symbol,
                      const market::Quote& quote) {
  symbol_ = symbol;
  name_ = name;
  stream_symbol_ = stream_symbol;
  quote_ = &quote;
  raw_.end_at(wire::write_book_ticker(raw_.begin(), name, quote));
  combined_made_ = false;
}

std::string_view EventFrames::combined_frame() {
  if (!combined_made_) {
    char* out = wire::write_combined_prefix(combined_.begin(), stream_symbol_,
                                            wire::channel_name(wire::Channel::book_ticker));
    std::memcpy(out, raw_.payload.data(), raw_.payload.size());
    out += raw_.payload.size();
    *out++ = '}';
    combined_.end_at(out);
    combined_made_ = true;
  }
  return combined_.frame;
}

}  // namespace tickcast::exchange
