// SPDX-License-Identifier: Apache-2.0
#include "fanout/framing.h"

#include <fmt/core.h>

#include "wire/stream_name.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

namespace tickcast::fanout {
namespace {

std::string_view name_of(Channels channel) {
  return wire::channel_name(channel == kQuote ? wire::Channel::quote : wire::Channel::book_ticker);
}

}  // namespace

Framing::Framing(Form form) : form_(form) {
  const std::string pace = form.pace_ms == 0 ? "" : fmt::format("@{}ms", form.pace_ms);
  for (const Channels channel : {kBookTicker, kQuote}) {
    std::string& name = names_[channel];
    name = name_of(channel);
    if (form.scope == Scope::array) name += "@arr";
    name += pace;
    if (form.scope != Scope::listed) name = fmt::format(R"({{"stream":"!{}","data":)", name);
  }
}

std::string_view Framing::prefix(std::span<char> buffer, Channels channel,
                                 std::string_view stream_symbol) const {
  if (form_.scope != Scope::listed) return names_[channel];
  return {buffer.data(), wire::write_combined_prefix(buffer.data(), stream_symbol, names_[channel])};
}

void Framing::append(std::string& out, Encoding encoding, Channels channel, std::string_view stream_symbol,
                     std::string_view payload) const {
  char buffer[wire::kCombinedPrefixBytesMax];
  const std::string_view wrapper =
      encoding == Encoding::raw ? std::string_view() : prefix(buffer, channel, stream_symbol);
  if (encoding == Encoding::events) {
    out.append("data: ").append(wrapper).append(payload).append("}\n\n");
    return;
  }
  char header[wire::kFrameHeaderBytesMax];
  char* const header_end = wire::write_frame_header(
      header, wire::Opcode::text, wrapper.size() + payload.size() + (wrapper.empty() ? 0 : 1));
  out.append(header, header_end).append(wrapper).append(payload);
  if (!wrapper.empty()) out.push_back('}');
}

}  // namespace tickcast::fanout
