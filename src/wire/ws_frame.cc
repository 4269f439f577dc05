// SPDX-License-Identifier: Apache-2.0
//
// The frame writer, the mask, the UTF-8 check and the message reader. The reader decides by the first byte
// that can decide, so that what it answers does not depend on how the network cut the bytes. Order of its
// checks: frame header (5.2, 5.4, 5.5), then limits, then payload.
#include "wire/ws_frame.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "wire/deflate.h"

namespace tickcast::wire {

struct FrameHeader {
  std::uint64_t payload_bytes = 0;
  std::uint32_t mask = 0;
  std::uint8_t header_bytes = 0;
  Opcode opcode = Opcode::continuation;
  bool final = true;
  bool compressed = false;
};

namespace {

constexpr unsigned kFinalBit = 0x80;
constexpr unsigned kReservedBits = 0x70;
constexpr unsigned kCompressedBit = 0x40;  // RSV1
constexpr unsigned kMaskBit = 0x80;
constexpr unsigned kLengthIn16Bits = 126;
constexpr unsigned kLengthIn64Bits = 127;
constexpr std::size_t kMaskBytes = 4;
constexpr std::size_t kReserveBytesMax = 4096;

constexpr bool is_control(Opcode opcode) { return static_cast<unsigned>(opcode) >= 8; }

template <std::size_t n>
std::uint64_t read_big_endian(const char* at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < n; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

template <std::size_t n>
char* write_big_endian(char* out, std::uint64_t value) {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<char>(value >> (8 * (n - 1 - i)));
  return out + n;
}

// What is wrong with the first byte of a frame; nullptr when nothing is.
const char* judge_first_byte(unsigned byte, bool inside_message, bool may_be_compressed) {
  const unsigned opcode = byte & 0x0f;
  const bool begins_message = opcode == 1 || opcode == 2;
  const unsigned allowed = may_be_compressed && begins_message ? kCompressedBit : 0;
  if ((byte & kReservedBits & ~allowed) != 0) {
    return may_be_compressed ? "reserved bit set where the extension has no use for it"
                             : "reserved bit set without an extension";
  }
  if (opcode > 10 || (opcode > 2 && opcode < 8)) return "reserved opcode";
  if (opcode >= 8) return (byte & kFinalBit) != 0 ? nullptr : "fragmented control frame";
  if (opcode == 0) return inside_message ? nullptr : "continuation without a message to continue";
  return inside_message ? "new message inside a fragmented one" : nullptr;
}

const char* judge_second_byte(unsigned byte, bool control, Role role) {
  if ((byte & kMaskBit) == 0 && role == Role::server) return "frame from a client without a mask";
  if ((byte & kMaskBit) != 0 && role == Role::client) return "frame from a server with a mask";
  if (control && (byte & ~kMaskBit) > kControlPayloadBytesMax) return "control frame of more than 125 bytes";
  return nullptr;
}

enum class HeaderStatus : std::uint8_t { need_more, whole, bad };

// Reads the header at the front of `bytes`. `inside_message`: fragments came and the last is still to come.
inline HeaderStatus read_header(std::span<const char> bytes, Role role, bool inside_message,
                                bool may_be_compressed, FrameHeader& header, const char*& reason) {
  if (bytes.empty()) return HeaderStatus::need_more;
  const unsigned first = static_cast<unsigned char>(bytes[0]);
  reason = judge_first_byte(first, inside_message, may_be_compressed);
  if (reason != nullptr) return HeaderStatus::bad;
  header.opcode = static_cast<Opcode>(first & 0x0f);
  header.final = (first & kFinalBit) != 0;
  header.compressed = (first & kCompressedBit) != 0;

  if (bytes.size() < 2) return HeaderStatus::need_more;
  const unsigned second = static_cast<unsigned char>(bytes[1]);
  reason = judge_second_byte(second, is_control(header.opcode), role);
  if (reason != nullptr) return HeaderStatus::bad;

  const unsigned length = second & ~kMaskBit;
  std::size_t at = 2;
  header.payload_bytes = length;
  if (length == kLengthIn16Bits) {
    if (bytes.size() < 4) return HeaderStatus::need_more;
    header.payload_bytes = read_big_endian<2>(&bytes[2]);
    at = 4;
  } else if (length == kLengthIn64Bits) {
    if (bytes.size() < 10) return HeaderStatus::need_more;
    header.payload_bytes = read_big_endian<8>(&bytes[2]);
    at = 10;
  }
  if (at != frame_header_bytes(header.payload_bytes)) reason = "length not in its shortest form";
  if (header.payload_bytes >> 63 != 0) reason = "length of more than 63 bits";
  if (reason != nullptr) return HeaderStatus::bad;

  if (role == Role::server) {
    if (bytes.size() < at + kMaskBytes) return HeaderStatus::need_more;
    std::memcpy(&header.mask, &bytes[at], kMaskBytes);
    at += kMaskBytes;
  }
  header.header_bytes = static_cast<std::uint8_t>(at);
  return HeaderStatus::whole;
}

// Codes that a close frame may carry (7.4 and the IANA registry). 1004 to 1006 and 1015 never travel.
constexpr bool may_be_sent(unsigned code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

bool is_utf8(std::span<const char> bytes) {
  Utf8Validator validator;
  return validator.feed(bytes) && validator.complete();
}

}  // namespace

char* write_frame_header(char* out, Opcode opcode, std::size_t payload_bytes, bool final) {
  *out++ = static_cast<char>(static_cast<unsigned>(opcode) | (final ? kFinalBit : 0));
  if (payload_bytes <= 125) {
    *out++ = static_cast<char>(payload_bytes);
    return out;
  }
  if (payload_bytes <= 0xffff) {
    *out++ = static_cast<char>(kLengthIn16Bits);
    return write_big_endian<2>(out, payload_bytes);
  }
  *out++ = static_cast<char>(kLengthIn64Bits);
  return write_big_endian<8>(out, payload_bytes);
}

char* write_compressed_header(char* out, Opcode opcode, std::size_t payload_bytes) {
  char* const end = write_frame_header(out, opcode, payload_bytes);
  *out = static_cast<char>(static_cast<unsigned char>(*out) | kCompressedBit);
  return end;
}

void append_frame(std::string& out, Role sender, Opcode opcode, std::string_view payload, std::uint32_t mask,
                  bool final) {
  std::array<char, kFrameHeaderBytesMax> header;
  char* end = write_frame_header(header.data(), opcode, payload.size(), final);
  if (sender == Role::client) {
    header[1] = static_cast<char>(static_cast<unsigned char>(header[1]) | kMaskBit);
    std::memcpy(end, &mask, kMaskBytes);
    end += kMaskBytes;
  }
  out.append(header.data(), end);
  const std::size_t start = out.size();
  out.append(payload);
  if (sender == Role::client) apply_mask(std::span(out).subspan(start), mask, 0);
}

std::string close_payload(CloseCode code, std::string_view reason) {
  if (code == CloseCode::no_code) return {};
  CHECK(may_be_sent(static_cast<unsigned>(code)), "a close frame was to carry a code that is never sent");
  constexpr std::size_t kReasonBytesMax = kControlPayloadBytesMax - 2;
  std::size_t kept = std::min(reason.size(), kReasonBytesMax);
  if (kept < reason.size()) {
    while (kept > 0 && (static_cast<unsigned char>(reason[kept]) & 0xc0) == 0x80) --kept;
  }
  std::string payload(2, '\0');
  write_big_endian<2>(payload.data(), static_cast<unsigned>(code));
  return payload.append(reason.substr(0, kept));
}

void apply_mask(std::span<char> bytes, std::uint32_t mask, std::size_t offset) {
  std::array<char, kMaskBytes> in_order;
  std::memcpy(in_order.data(), &mask, kMaskBytes);
  std::array<char, 8> turned;  // the mask twice, from where `bytes` begin
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = in_order[(offset + i) % kMaskBytes];
  std::uint64_t wide;
  std::memcpy(&wide, turned.data(), sizeof wide);

  char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= sizeof wide; left -= sizeof wide, at += sizeof wide) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    word ^= wide;
    std::memcpy(at, &word, sizeof word);
  }
  for (std::size_t i = 0; i < left; ++i) at[i] = static_cast<char>(at[i] ^ turned[i]);
}

namespace {

// The first byte that is not ASCII, eight at a time.
const char* skip_ascii(const char* at, const char* end) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  while (end - at >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    if ((word & kHighBits) != 0) break;
    at += 8;
  }
  while (at != end && static_cast<signed char>(*at) >= 0) ++at;
  return at;
}

}  // namespace

// The well-formed sequences of RFC 3629 section 4: only the second byte's bounds depend on the first.
bool Utf8Validator::begin(unsigned lead) {
  if (lead < 0xc2 || lead > 0xf4) return false;
  pending_ = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  if (lead == 0xe0) low_ = 0xa0;
  if (lead == 0xed) high_ = 0x9f;
  if (lead == 0xf0) low_ = 0x90;
  if (lead == 0xf4) high_ = 0x8f;
  return true;
}

bool Utf8Validator::feed(std::span<const char> bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    if (pending_ == 0) {
      at = skip_ascii(at, end);
      if (at == end) return true;
      if (!begin(static_cast<unsigned char>(*at++))) return false;
    } else {
      const auto byte = static_cast<unsigned char>(*at++);
      if (byte < low_ || byte > high_) return false;
      low_ = 0x80;
      high_ = 0xbf;
      --pending_;
    }
  }
  return true;
}

// What must outlive the input: a torn frame, the fragments of a message so far, or both (a control frame may
// be torn between two fragments, which is why it has room of its own).
struct MessageReader::Partial {
  std::array<char, kFrameHeaderBytesMax> header;  // of the frame, while it is torn
  std::uint8_t header_taken = 0;
  bool in_payload = false;  // the header is whole, the payload not
  FrameHeader frame;
  std::uint64_t frame_taken = 0;  // bytes of its payload
  std::array<char, kControlPayloadBytesMax> control;

  bool inside_message = false;  // more fragments are to come
  Opcode kind = Opcode::text;   // of the message
  bool compressed = false;      // the message
  std::size_t fragments = 0;
  std::string payload;
  Utf8Validator utf8;  // fed with text that is not compressed

  // Nothing is under way: what there was has been handed out.
  bool done() const { return !in_payload && !inside_message && header_taken == 0; }

  void keep_header(std::span<char>& input) {
    const std::size_t bytes = std::min(input.size(), header.size() - header_taken);
    std::copy_n(input.begin(), bytes, header.begin() + header_taken);
    header_taken = static_cast<std::uint8_t>(header_taken + bytes);
    input = input.subspan(bytes);
  }

  void begin(const FrameHeader& next) {
    frame = next;
    frame_taken = 0;
    in_payload = true;
    if (is_control(frame.opcode)) return;
    if (frame.opcode != Opcode::continuation) {
      kind = frame.opcode;
      compressed = frame.compressed;
    }
    inside_message = true;
    ++fragments;
    // Memory follows the bytes that came, not those announced: a peer can't make us set it aside with a
    // header.
    payload.reserve(payload.size() + std::min<std::size_t>(frame.payload_bytes, kReserveBytesMax));
  }

  // Takes the next piece of the frame's payload, unmasked. False: not UTF-8.
  bool keep_payload(std::span<const char> piece) {
    if (is_control(frame.opcode)) {
      std::copy(piece.begin(), piece.end(), control.begin() + static_cast<std::ptrdiff_t>(frame_taken));
    } else {
      if (kind == Opcode::text && !compressed && !utf8.feed(piece)) return false;
      payload.append(piece.data(), piece.size());
    }
    frame_taken += piece.size();
    in_payload = frame_taken < frame.payload_bytes;
    return true;
  }
};

MessageReader::MessageReader(Role role, const MessageLimits& limits) : limits_(limits), role_(role) {}

MessageReader::~MessageReader() = default;
MessageReader::MessageReader(MessageReader&&) noexcept = default;
MessageReader& MessageReader::operator=(MessageReader&&) noexcept = default;
static_assert(sizeof(MessageReader) <= 32, "there is one per client");

void MessageReader::accept_compressed(Inflater& inflater) {
  inflater_ = &inflater;
  compressed_ = true;
}

// Most messages are one whole frame in the input: they take the short way through here and touch no heap.
MessageReader::Status MessageReader::next(std::span<char>& input, Message& out) {
  if (finished_) {  // nobody is told: the connection is closing
    out = {Opcode::text, {}, CloseCode::protocol_error, ""};
    return Status::violation;
  }
  if (partial_ != nullptr && partial_->done()) partial_.reset();

  while (true) {
    if (partial_ == nullptr || !partial_->in_payload) {
      FrameHeader frame;
      const Status header = take_header(input, frame, out);
      if (header != Status::message) return header;

      const bool fragment = !frame.final || frame.opcode == Opcode::continuation;
      if (!fragment && input.size() >= frame.payload_bytes) [[likely]] {
        const std::span<char> payload = input.first(frame.payload_bytes);
        input = input.subspan(frame.payload_bytes);
        if (role_ == Role::server) apply_mask(payload, frame.mask, 0);
        if (frame.compressed) return inflate(frame.opcode, payload, out);
        if (frame.opcode == Opcode::text && !is_utf8(payload)) return not_utf8(out);
        return hand_out(frame.opcode, payload, out);
      }
      begin_payload(frame);
    }
    const Status payload = take_payload(input, out);
    if (payload != Status::need_more || partial_->in_payload) return payload;
  }
}

// `message` means: the header is whole, right, and of a frame within the limits.
MessageReader::Status MessageReader::take_header(std::span<char>& input, FrameHeader& frame, Message& out) {
  const char* reason = nullptr;
  HeaderStatus status;
  if (partial_ == nullptr) [[likely]] {
    status = read_header(input, role_, false, compressed_, frame, reason);
    if (status == HeaderStatus::whole) input = input.subspan(frame.header_bytes);
    if (status == HeaderStatus::need_more && !input.empty()) {
      partial_ = std::make_unique_for_overwrite<Partial>();
      partial_->keep_header(input);
    }
  } else {
    const std::size_t before = partial_->header_taken;
    const std::span<char> rest = input;
    partial_->keep_header(input);
    status = read_header(std::span(partial_->header).first(partial_->header_taken), role_,
                         partial_->inside_message, compressed_, frame, reason);
    if (status == HeaderStatus::whole) {
      input = rest.subspan(frame.header_bytes - before);
      partial_->header_taken = 0;
    }
  }
  if (status == HeaderStatus::need_more) return Status::need_more;
  if (status == HeaderStatus::bad) return violation(CloseCode::protocol_error, reason, out);
  return within_limits(frame, out);
}

// Before a byte is set aside for the frame: what it announces must fit.
MessageReader::Status MessageReader::within_limits(const FrameHeader& frame, Message& out) {
  if (is_control(frame.opcode)) return Status::message;
  const bool joined = frame.opcode == Opcode::continuation;
  const std::size_t bytes_before = joined ? partial_->payload.size() : 0;
  if (frame.payload_bytes > limits_.message_bytes_max - bytes_before) {
    return violation(CloseCode::too_big, "message over the size limit", out);
  }
  const std::size_t fragments_before = joined ? partial_->fragments : 0;
  if (fragments_before >= limits_.fragments_max) {
    return violation(CloseCode::policy, "message in too many fragments", out);
  }
  return Status::message;
}

void MessageReader::begin_payload(const FrameHeader& frame) {
  if (partial_ == nullptr) partial_ = std::make_unique_for_overwrite<Partial>();
  partial_->begin(frame);
}

// `need_more` with in_payload: the input is used up. Without: a fragment is whole, the next frame follows.
MessageReader::Status MessageReader::take_payload(std::span<char>& input, Message& out) {
  Partial& partial = *partial_;
  const FrameHeader& frame = partial.frame;
  const std::size_t bytes = std::min<std::size_t>(input.size(), frame.payload_bytes - partial.frame_taken);
  const std::span<char> piece = input.first(bytes);
  input = input.subspan(bytes);
  if (role_ == Role::server) apply_mask(piece, frame.mask, partial.frame_taken);
  if (!partial.keep_payload(piece)) return not_utf8(out);
  if (partial.in_payload) return Status::need_more;

  if (is_control(frame.opcode)) {
    return hand_out(frame.opcode, std::span(partial.control).first(frame.payload_bytes), out);
  }
  if (!frame.final) return Status::need_more;
  partial.inside_message = false;
  if (partial.compressed) return inflate(partial.kind, partial.payload, out);
  if (!partial.utf8.complete()) return not_utf8(out);
  return hand_out(partial.kind, partial.payload, out);
}

MessageReader::Status MessageReader::inflate(Opcode kind, std::span<char> compressed, Message& out) {
  if (inflater_ == nullptr) return hand_out(kind, {}, out);
  switch (inflater_->inflate(compressed, limits_.message_bytes_max)) {
    case Inflater::Outcome::too_big:
      return violation(CloseCode::too_big, "compressed message over the size limit", out);
    case Inflater::Outcome::bad:
      return violation(CloseCode::invalid_payload, "compressed message that can't be inflated", out);
    case Inflater::Outcome::whole:
      break;
  }
  const std::span<char> payload = inflater_->bytes();
  if (kind == Opcode::text && !is_utf8(payload)) return not_utf8(out);
  return hand_out(kind, payload, out);
}

MessageReader::Status MessageReader::hand_out(Opcode kind, std::span<char> payload, Message& out) {
  out = {kind, payload, CloseCode::no_code, ""};
  if (kind != Opcode::close || payload.empty()) return Status::message;

  if (payload.size() < 2) return violation(CloseCode::protocol_error, "close frame with half a code", out);
  const auto code = static_cast<unsigned>(read_big_endian<2>(payload.data()));
  if (!may_be_sent(code)) {
    return violation(CloseCode::protocol_error, "close frame with a code that is never sent", out);
  }
  out.close_code = static_cast<CloseCode>(code);
  out.payload = payload.subspan(2);
  return is_utf8(out.payload) ? Status::message : not_utf8(out);
}

MessageReader::Status MessageReader::not_utf8(Message& out) {
  return violation(CloseCode::invalid_payload, "text that is not UTF-8", out);
}

MessageReader::Status MessageReader::violation(CloseCode code, const char* reason, Message& out) {
  partial_.reset();
  finished_ = true;
  out = {Opcode::text, {}, code, reason};
  return Status::violation;
}

}  // namespace tickcast::wire
