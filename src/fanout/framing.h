// SPDX-License-Identifier: Apache-2.0
//
// Framing: how an event becomes bytes on a connection, and what its stream is called there: raw or combined
// in a WebSocket text frame (RFC 6455 section 5), or combined as a server-sent event (HTML standard, section
// 9.2); arrays also compressed, by permessage-deflate (RFC 7692). A binary event goes into a binary frame as
// it is, without its stream's name. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tickcast::fanout {

class Compressor;

// What a client gets of a symbol; bits, so that one entry of a watchlist carries all its channels.
enum Channels : std::uint8_t {
  kBookTicker = 1,
  kQuote = 2,
  kBestBidAsk = 4,
};

// Whose events a stream carries.
enum class Scope : std::uint8_t {
  listed,  // <symbol>@<channel>: symbols by name
  all,     // !<channel>: every symbol there is or will be, an event each
  array,   // !<channel>@arr: the same, several events in one message
};

// A kind of stream, whatever its channel: clients of one form are served alike.
struct Form {
  Scope scope = Scope::listed;
  std::uint32_t pace_ms = 0;  // 0: as fast as the connection takes them
  friend bool operator==(const Form&, const Form&) = default;
};

enum class Encoding : std::uint8_t {
  raw,       // the event alone in a text frame
  combined,  // {"stream":"...","data":<event>} in a text frame
  events,    // data: {"stream":"...","data":<event>}, a server-sent event
  // Of arrays only, as raw and combined, where the compressor takes the message:
  raw_deflated,
  combined_deflated,
};
inline constexpr std::size_t kEventEncodings = 3;  // of single events: the first ones
inline constexpr std::size_t kEncodings = 5;

// The compressed twin of raw or combined.
constexpr Encoding deflated(Encoding encoding) {
  return encoding == Encoding::raw ? Encoding::raw_deflated : Encoding::combined_deflated;
}

// An array message ends with the event that brings it to this size; what is left comes in the next one. The
// whole of a market of 1,400 symbols is one message: 170 kB of bookTicker, 330 kB of quote.
inline constexpr std::size_t kArrayBytesMax = 512 * 1024;

class Framing {
 public:
  // The compressor must outlive it; null when no encoding is a compressed one.
  Framing(Form form, Compressor* compressor);

  // Appends one message with this payload. `stream_symbol` is the symbol as streams spell it; only a listed
  // form needs it.
  void append(std::string& out, Encoding encoding, Channels channel, std::string_view stream_symbol,
              std::string_view payload) const;

  // The same for an array. `shared`: more than one client may get this message.
  void append_array(std::string& out, Encoding encoding, Channels channel, std::string_view payload,
                    std::int64_t now_ns, bool shared) const;

  // Appends one binary message: the same in every encoding. Server-sent events carry none.
  static void append_binary(std::string& out, std::string_view payload);

 private:
  std::string_view prefix(std::span<char> buffer, Channels channel, std::string_view stream_symbol) const;

  Form form_;
  Compressor* compressor_;
  // By channel: `quote@1000ms` of a listed form, `{"stream":"!quote@1000ms","data":` of the others.
  std::array<std::string, 3> names_;
};

}  // namespace tickcast::fanout
