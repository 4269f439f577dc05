// SPDX-License-Identifier: Apache-2.0
//
// WebSocket frames, RFC 6455 section 5, both roles: bytes <-> messages; compressed ones too (RFC 7692 section
// 6: RSV1 on a message's first frame). No I/O, no clock, no thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace tickcast::wire {

class Inflater;

// Which end of the connection we are: a client masks what it sends and refuses masked frames, a server the
// reverse.
enum class Role : std::uint8_t { server, client };

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// RFC 6455 section 7.4. Never sent: 1005 (no code), 1006 (no close frame).
enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  no_code = 1005,
  abnormal = 1006,
  invalid_payload = 1007,
  policy = 1008,
  too_big = 1009,
  internal_error = 1011,
  service_restart = 1012,
  try_again_later = 1013,
};

inline constexpr std::size_t kFrameHeaderBytesMax = 14;  // 2, 8 for a 64-bit length, 4 for the mask
inline constexpr std::size_t kControlPayloadBytesMax = 125;

// Bytes that an unmasked header for a payload of this size takes: 2, 4 or 10.
constexpr std::size_t frame_header_bytes(std::size_t payload_bytes) {
  return payload_bytes <= 125 ? 2 : payload_bytes <= 0xffff ? 4 : 10;
}

// Writes the unmasked header of a frame (room for kFrameHeaderBytesMax) and returns its end.
char* write_frame_header(char* out, Opcode opcode, std::size_t payload_bytes, bool final = true);

// The same for a whole message whose payload a Deflater made.
char* write_compressed_header(char* out, Opcode opcode, std::size_t payload_bytes);

// Appends a whole frame to `out`; masked with `mask` when the sender is a client.
void append_frame(std::string& out, Role sender, Opcode opcode, std::string_view payload, std::uint32_t mask,
                  bool final = true);

// The payload of a close frame: the code in network order, then the reason, cut to fit at a character's edge.
std::string close_payload(CloseCode code, std::string_view reason);

// XORs `bytes` with the mask (its first byte in memory order first), starting at `offset` in the payload.
void apply_mask(std::span<char> bytes, std::uint32_t mask, std::size_t offset);

// Validates UTF-8 that arrives in pieces; refuses as soon as a byte can't be right (section 8.1).
class Utf8Validator {
 public:
  bool feed(std::span<const char> bytes);  // false: not UTF-8
  bool complete() const { return pending_ == 0; }
  void reset() { *this = {}; }

 private:
  bool begin(unsigned lead);

  std::uint8_t pending_ = 0;  // continuation bytes still to come
  std::uint8_t low_ = 0x80;   // bounds of the next one: narrower after E0, ED, F0, F4
  std::uint8_t high_ = 0xbf;
};

struct Message {
  Opcode kind = Opcode::text;  // text, binary, ping, pong or close
  std::span<char> payload;  // whole and unmasked; of a close: its reason. Valid until the reader's next call
  CloseCode close_code = CloseCode::no_code;  // of a close, or what to close with after a violation
  const char* violation = "";                 // what the peer did wrong: static text
};

struct MessageLimits {
  std::uint32_t message_bytes_max = 64 * 1024;  // over it: violation 1009, before anything is allocated for
                                                // it; of a compressed message: as it came, and inflated
  std::uint32_t fragments_max = 1024;           // per message; over it: violation 1008
};

struct FrameHeader;  // the reader's own

// Turns a connection's bytes into messages: fragments joined, masks removed, UTF-8, lengths and close codes
// checked. A whole unfragmented frame is handed out where it lies in the input; only what is torn by the end
// of the input or comes in fragments is copied. Between messages a reader holds no heap memory.
class MessageReader {
 public:
  enum class Status : std::uint8_t {
    need_more,  // the input is used up
    message,    // there is one
    violation,  // the peer broke the protocol: the reader is finished
  };

  MessageReader(Role role, const MessageLimits& limits);
  ~MessageReader();
  MessageReader(MessageReader&&) noexcept;
  MessageReader& operator=(MessageReader&&) noexcept;

  // permessage-deflate was agreed on: compressed messages are inflated (their payload lies in the inflater,
  // until it is used again). Until then one is a violation.
  void accept_compressed(Inflater& inflater);
  bool accepts_compressed() const { return compressed_; }
  // From now on compressed messages are not inflated but handed out empty: for one who reads on, but only
  // waits for a close frame.
  void stop_inflating() { inflater_ = nullptr; }

  // Uses up bytes from the front of `input`, and may unmask them in place, until a message is whole or none
  // are left. `out` is set unless it says need_more. To be called until it does, which also frees what the
  // last message was kept in.
  Status next(std::span<char>& input, Message& out);

 private:
  struct Partial;  // what a torn or fragmented message needs; freed when it is whole

  Status take_header(std::span<char>& input, FrameHeader& frame, Message& out);
  Status within_limits(const FrameHeader& frame, Message& out);
  void begin_payload(const FrameHeader& frame);
  Status take_payload(std::span<char>& input, Message& out);
  Status inflate(Opcode kind, std::span<char> compressed, Message& out);
  Status hand_out(Opcode kind, std::span<char> payload, Message& out);
  Status not_utf8(Message& out);
  Status violation(CloseCode code, const char* reason, Message& out);

  MessageLimits limits_;
  std::unique_ptr<Partial> partial_;
  Inflater* inflater_ = nullptr;
  Role role_;
  bool compressed_ = false;  // RSV1 may be set
  bool finished_ = false;    // by a violation
};

}  // namespace tickcast::wire
