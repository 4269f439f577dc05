// SPDX-License-Identifier: Apache-2.0
#include "ws/test_peer.h"

#include <errno.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "wire/http.h"

namespace tickcast::ws::test {
namespace {

constexpr std::string_view kMask("\x12\xab\xf0\x07", 4);

std::string big_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::string masked_with(std::string payload, std::string_view mask) {
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  return payload;
}

LengthForm shortest_form(std::size_t bytes) {
  return bytes > 65'535 ? LengthForm::in_64_bits
         : bytes > 125  ? LengthForm::in_16_bits
                        : LengthForm::shortest;
}

}  // namespace

bool turn_until(net::Loop& loop, const std::function<bool()>& condition, std::int64_t deadline_ns) {
  const std::int64_t deadline = steady_ns() + deadline_ns;
  while (!condition()) {
    if (steady_ns() > deadline) return false;
    loop.turn(100 * kNsPerUs);
  }
  return true;
}

void turn_for(net::Loop& loop, std::int64_t duration_ns) {
  turn_until(
      loop, [] { return false; }, duration_ns);
}

std::string encode(const Frame& frame, bool masked, LengthForm form) {
  if (form == LengthForm::shortest) form = shortest_form(frame.payload.size());
  const unsigned mask_bit = masked ? 0x80 : 0;
  std::string out;
  out += static_cast<char>((frame.final ? 0x80u : 0u) | static_cast<unsigned>(frame.reserved << 4) |
                           frame.opcode);
  if (form == LengthForm::in_64_bits) {
    out += static_cast<char>(mask_bit | 127) + big_endian(frame.payload.size(), 8);
  } else if (form == LengthForm::in_16_bits) {
    out += static_cast<char>(mask_bit | 126) + big_endian(frame.payload.size(), 2);
  } else {
    out += static_cast<char>(mask_bit | static_cast<unsigned>(frame.payload.size()));
  }
  if (!masked) return out + frame.payload;
  return out.append(kMask) + masked_with(frame.payload, kMask);
}

std::optional<Frame> decode(std::string& bytes, bool& masked) {
  if (bytes.size() < 2) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  masked = (second & 0x80) != 0;
  const unsigned short_length = second & 0x7f;
  const std::size_t length_bytes = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  const std::size_t header = 2 + length_bytes + (masked ? 4 : 0);
  if (bytes.size() < header) return std::nullopt;
  const std::uint64_t size =
      length_bytes == 0 ? short_length : from_big_endian(std::string_view(bytes).substr(2, length_bytes));
  if (bytes.size() - header < size) return std::nullopt;
  Frame frame{.opcode = static_cast<std::uint8_t>(first & 0x0f),
              .payload = bytes.substr(header, size),
              .final = (first & 0x80) != 0,
              .reserved = static_cast<std::uint8_t>((first >> 4) & 7)};
  if (masked) frame.payload = masked_with(frame.payload, std::string(bytes, header - 4, 4));
  bytes.erase(0, header + size);
  return frame;
}

Frame text(std::string payload) { return {.opcode = 1, .payload = std::move(payload)}; }
Frame binary(std::string payload) { return {.opcode = 2, .payload = std::move(payload)}; }
Frame ping(std::string payload) { return {.opcode = 9, .payload = std::move(payload)}; }
Frame pong(std::string payload) { return {.opcode = 10, .payload = std::move(payload)}; }
Frame empty_close() { return {.opcode = 8}; }
Frame close(int code, std::string reason) {
  return {.opcode = 8, .payload = big_endian(static_cast<std::uint64_t>(code), 2) + reason};
}
Frame fragment(std::uint8_t opcode, std::string payload, bool final) {
  return {.opcode = opcode, .payload = std::move(payload), .final = final};
}

int close_code(const Frame& frame) {
  if (frame.opcode != 8 || !frame.final) return -1;
  if (frame.payload.size() < 2) return 1005;
  return static_cast<int>(from_big_endian(std::string_view(frame.payload).substr(0, 2)));
}

TestPeer TestPeer::dial(net::Loop& loop, std::uint16_t port) {
  auto socket = net::start_connect(net::resolve("127.0.0.1", port)->front());
  EXPECT_TRUE(socket);
  TestPeer peer(loop, std::move(socket).value());
  peer.act_as_client();
  return peer;
}

TestPeer TestPeer::accept(net::Loop& loop, const net::Socket& listener) {
  net::Socket socket;
  EXPECT_TRUE(turn_until(loop, [&] {
    net::Endpoint from;
    auto accepted = net::accept_tcp(listener, from);
    if (accepted) socket = std::move(accepted).value();
    return static_cast<bool>(socket);
  })) << "nobody dialled";
  return {loop, std::move(socket)};
}

std::string TestPeer::open(std::string_view target, std::string_view more_headers) {
  send(std::string("GET ")
           .append(target)
           .append(" HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: "
                   "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
           .append(more_headers)
           .append("\r\n"));
  return read_until("\r\n\r\n");
}

std::string TestPeer::answer(std::string_view behind) {
  const std::string request = read_until("\r\n\r\n");
  const wire::ParsedRequest parsed = wire::parse_request_head(request);
  EXPECT_EQ(parsed.status, wire::HeadStatus::complete);
  const auto key = wire::header(parsed.request.headers, "Sec-WebSocket-Key");
  send(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Accept: " +
      wire::accept_key(key.value_or("")) + "\r\n\r\n" + std::string(behind));
  return request;
}

void TestPeer::send(std::string_view bytes) {
  const bool sent = turn_until(loop_, [&] {
    const ssize_t n = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    const bool gone = n < 0 && errno != EAGAIN && errno != ENOTCONN;  // ENOTCONN: not yet
    return bytes.empty() || gone;
  });
  EXPECT_TRUE(sent) << "the other side does not read";
}

void TestPeer::send_in_pieces(std::string_view bytes, std::size_t piece_bytes) {
  while (!bytes.empty()) {
    send(bytes.substr(0, piece_bytes));
    bytes.remove_prefix(std::min(piece_bytes, bytes.size()));
    loop_.turn(0);
  }
}

bool TestPeer::read_some() {
  std::string buffer(64 * 1024, '\0');
  const ssize_t n = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n > 0) in_.append(buffer, 0, static_cast<std::size_t>(n));
  if (n == 0) ended_ = true;
  if (n < 0 && errno != EAGAIN && errno != ENOTCONN) ended_ = reset_ = true;
  return n > 0;
}

std::size_t TestPeer::available() {
  while (!ended_ && read_some()) {
  }
  return in_.size();
}

std::string TestPeer::read_bytes(std::size_t count) {
  EXPECT_TRUE(turn_until(loop_, [&] { return in_.size() >= count || (!read_some() && ended_); }));
  EXPECT_GE(in_.size(), count);
  std::string out = in_.substr(0, count);
  in_.erase(0, out.size());
  return out;
}

std::string TestPeer::read_until(std::string_view mark) {
  std::size_t at = std::string::npos;
  const bool found = turn_until(loop_, [&] {
    at = in_.find(mark);
    if (at != std::string::npos) return true;
    return !read_some() && ended_;
  });
  EXPECT_TRUE(found && at != std::string::npos)
      << "never came: " << mark << "; instead: " << in_.substr(0, 200);
  if (at == std::string::npos) return std::exchange(in_, {});
  std::string out = in_.substr(0, at + mark.size());
  in_.erase(0, out.size());
  return out;
}

std::string TestPeer::read_to_end() {
  EXPECT_TRUE(turn_until(loop_, [&] { return !read_some() && ended_; })) << "the other side does not end";
  return std::exchange(in_, {});
}

std::optional<Frame> TestPeer::read_frame() {
  std::optional<Frame> frame;
  bool masked = false;
  const bool done = turn_until(loop_, [&] {
    frame = decode(in_, masked);
    return frame || (!read_some() && ended_);
  });
  EXPECT_TRUE(done) << "neither a frame nor the end came";
  if (frame && masked == client_) wrongly_masked_ = true;
  return frame;
}

bool TestPeer::wait_for_end() {
  return turn_until(loop_, [&] { return !read_some() && ended_; });
}

void TestPeer::shutdown_write() { ::shutdown(fd(), SHUT_WR); }

}  // namespace tickcast::ws::test
