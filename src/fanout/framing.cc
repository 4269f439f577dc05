// SPDX-License-Identifier: Apache-2.0
#include "fanout/framing.h"

#include <fmt/core.h>

#include "base/check.h"
#include "fanout/compressor.h"
#include "wire/stream_name.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

namespace tickcast::fanout {
namespace {

std::string_view name_of(Channels channel) {
  return wire::channel_name(channel == kQuote ? wire::Channel::quote : wire::Channel::book_ticker);
}

}  // namespace

Framing::Framing(Form form, Compressor* compressor) : form_(form), compressor_(compressor) {
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

void Framing::append_binary(std::string& out, std::string_view payload) {
  char header[wire::kFrameHeaderBytesMax];
  out.append(header, wire::write_frame_header(header, wire::Opcode::binary, payload.size())).append(payload);
}

void Framing::append_array(std::string& out, Encoding encoding, Channels channel, std::string_view payload,
                           std::int64_t now_ns, bool shared) const {
  if (encoding != Encoding::raw_deflated && encoding != Encoding::combined_deflated)
    return append(out, encoding, channel, {}, payload);
  CHECK(compressor_ != nullptr, "a client was given a compressed encoding where nothing compresses");
  const bool combined = encoding == Encoding::combined_deflated;
  const std::string_view parts[] = {combined ? names_[channel] : std::string_view(), payload,
                                    combined ? "}" : ""};
  const auto compressed = compressor_->compress(parts, now_ns, shared);
  if (!compressed) return append(out, combined ? Encoding::combined : Encoding::raw, channel, {}, payload);
  char header[wire::kFrameHeaderBytesMax];
  char* const header_end = wire::write_compressed_header(header, wire::Opcode::text, compressed->size());
  out.append(header, header_end).append(*compressed);
}

}  // namespace tickcast::fanout
