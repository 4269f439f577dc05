// SPDX-License-Identifier: Apache-2.0
//
// The frame codec against generated input: what is written is read back however it is fragmented and torn,
// and the reader agrees with wslay on frames right and wrong.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wire/ws_frame_oracle.h"
#include "wire/ws_frame_transcript.h"

namespace tickcast::wire {
namespace {

using testing::disagreement;
using testing::Extension;
using testing::kOracleBytesMax;
using testing::other_end;
using testing::read_in_pieces;
using testing::Received;
using testing::Transcript;

void append_utf8(std::string& out, unsigned point) {
  const auto add = [&](unsigned byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) return add(point);
  if (point < 0x800) {
    add(0xc0 | point >> 6);
  } else {
    if (point < 0x10000) {
      add(0xe0 | point >> 12);
    } else {
      add(0xf0 | point >> 18);
      add(0x80 | (point >> 12 & 0x3f));
    }
    add(0x80 | (point >> 6 & 0x3f));
  }
  add(0x80 | (point & 0x3f));
}

rc::Gen<std::string> some_text() {
  const auto point = rc::gen::weightedOneOf<unsigned>({{6, rc::gen::inRange(0u, 0x80u)},
                                                       {1, rc::gen::inRange(0x80u, 0x800u)},
                                                       {1, rc::gen::inRange(0x800u, 0xd800u)},
                                                       {1, rc::gen::inRange(0xe000u, 0x10000u)},
                                                       {1, rc::gen::inRange(0x10000u, 0x110000u)}});
  return rc::gen::map(rc::gen::container<std::vector<unsigned>>(point),
                      [](const std::vector<unsigned>& points) {
                        std::string text;
                        for (const unsigned p : points) append_utf8(text, p);
                        return text;
                      });
}

Role some_role() { return *rc::gen::element(Role::server, Role::client); }

std::vector<std::size_t> some_sizes(std::size_t max) {
  return *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, max));
}

RC_GTEST_PROP(FrameProperty, AnyMessageInAnyFragmentsAndPiecesIsReadBack, ()) {
  const Role role = some_role();
  std::string bytes;
  std::vector<Received> expected;
  Deflater deflater;
  const auto send = [&](Opcode opcode, std::string_view payload, bool final, bool compressed = false) {
    const std::size_t begin = bytes.size();
    append_frame(bytes, other_end(role), opcode, payload, *rc::gen::arbitrary<std::uint32_t>(), final);
    if (compressed) bytes[begin] = static_cast<char>(bytes[begin] | 0x40);
  };
  const int messages = *rc::gen::inRange(0, 5);
  for (int i = 0; i < messages; ++i) {
    const bool is_text = *rc::gen::arbitrary<bool>();
    Received message{is_text ? Opcode::text : Opcode::binary,
                     is_text ? *some_text() : *rc::gen::container<std::string>(rc::gen::arbitrary<char>())};
    if (*rc::gen::inRange(0, 5) == 0)
      message.payload.insert(0, *rc::gen::inRange<std::size_t>(0, 70000), 'x');
    bool compressed = *rc::gen::arbitrary<bool>();
    const std::string_view parts[] = {message.payload};
    const std::string payload(compressed ? deflater.deflate(parts) : message.payload);
    std::string_view left = payload;
    Opcode opcode = message.kind;
    for (const std::size_t size : some_sizes(payload.size() + 2)) {
      send(opcode, left.substr(0, size), false, std::exchange(compressed, false));
      left.remove_prefix(std::min(size, left.size()));
      opcode = Opcode::continuation;
      if (*rc::gen::arbitrary<bool>()) continue;
      const Received control{
          *rc::gen::element(Opcode::ping, Opcode::pong),
          std::string(*rc::gen::inRange<std::size_t>(0, kControlPayloadBytesMax + 1), 'p')};
      send(control.kind, control.payload, true);
      expected.push_back(control);
    }
    send(opcode, left, true, compressed);
    expected.push_back(std::move(message));
  }
  const MessageLimits limits{.message_bytes_max = 1 << 20};
  const Transcript transcript = read_in_pieces(
      role, limits, bytes, some_sizes(*rc::gen::element<std::size_t>(3, 20, 300, 5000)), Extension::deflate);
  RC_ASSERT(transcript.reason == "");
  RC_ASSERT(transcript.messages == expected);
}

RC_GTEST_PROP(FrameProperty, MaskingTwiceInPiecesRestoresTheBytes, (std::string bytes, std::uint32_t mask)) {
  std::string masked = bytes;
  apply_mask(masked, mask, 0);
  const auto cut = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
  apply_mask(std::span(masked).first(cut), mask, 0);
  apply_mask(std::span(masked).subspan(cut), mask, cut);
  RC_ASSERT(masked == bytes);
}

RC_GTEST_PROP(FrameProperty, Utf8InPiecesIsJudgedAsInOne, ()) {
  std::string bytes = *some_text();
  if (!bytes.empty() && *rc::gen::arbitrary<bool>()) {
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
  }
  const auto cut = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
  Utf8Validator whole;
  Utf8Validator pieces;
  const bool whole_good = whole.feed(bytes);
  const bool pieces_good =
      pieces.feed(std::span(bytes).first(cut)) && pieces.feed(std::span(bytes).subspan(cut));
  RC_ASSERT(whole_good == pieces_good);
  if (whole_good) RC_ASSERT(whole.complete() == pieces.complete());
}

// A frame that is right as often as not: every field is sometimes wrong. `deflater`: null, or some messages
// come compressed.
std::string some_frame(Role reader, bool& inside_message, Deflater* deflater) {
  const auto seldom = [](int one_in) { return *rc::gen::inRange(0, one_in) == 0; };
  unsigned opcode = *rc::gen::element(1u, 1u, 2u, 8u, 9u, 10u);
  if (inside_message && opcode < 3) opcode = 0;
  if (seldom(40)) opcode = *rc::gen::inRange(0u, 16u);
  const bool control = opcode >= 8;
  const bool final = control ? !seldom(40) : !seldom(3);
  if (!control) inside_message = !final;

  std::string payload =
      seldom(10) ? *rc::gen::container<std::string>(rc::gen::arbitrary<char>()) : *some_text();
  if (seldom(12)) payload.append(*rc::gen::element<std::size_t>(124, 125, 126, 127, 300), 'x');
  if (opcode == 8 && !seldom(5)) {
    const unsigned code = *rc::gen::weightedOneOf<unsigned>(
        {{3, rc::gen::inRange(998u, 1018u)}, {1, rc::gen::element(2999u, 3000u, 4999u, 5000u)}});
    payload.insert(0, {static_cast<char>(code >> 8), static_cast<char>(code)});
  }
  if (control && payload.size() > kControlPayloadBytesMax && !seldom(10))
    payload.resize(kControlPayloadBytesMax);

  bool compressed = false;
  if (deflater != nullptr && (opcode == 1 || opcode == 2) && !seldom(3)) {
    const std::string_view parts[] = {payload};
    payload = deflater->deflate(parts);
    compressed = true;
    if (seldom(8) && !payload.empty()) payload.resize(*rc::gen::inRange<std::size_t>(0, payload.size()));
    if (seldom(8)) payload += *rc::gen::arbitrary<char>();
  }
  const bool masked = (reader == Role::server) != seldom(40);
  std::string header(kFrameHeaderBytesMax, '\0');
  header.resize(
      static_cast<std::size_t>(write_frame_header(header.data(), Opcode{}, payload.size()) - header.data()));
  if (seldom(40))
    header =
        std::string("\0\x7e", 2) + static_cast<char>(payload.size() >> 8) + static_cast<char>(payload.size());
  if (seldom(80))
    header = std::string("\0\x7f", 2) + *rc::gen::container<std::string>(8, rc::gen::arbitrary<char>());
  header[0] =
      static_cast<char>(opcode | (final ? 0x80u : 0u) | (seldom(40) ? *rc::gen::inRange(0u, 8u) << 4 : 0u));
  if (compressed) header[0] = static_cast<char>(header[0] | 0x40);
  if (masked) {
    header[1] = static_cast<char>(header[1] | 0x80);
    const auto mask = *rc::gen::arbitrary<std::uint32_t>();
    header.append(reinterpret_cast<const char*>(&mask), sizeof mask);
    apply_mask(payload, mask, 0);
  }
  return header + payload;
}

RC_GTEST_PROP(FrameProperty, ReaderAndWslayAgreeOnFramesRightAndWrong, ()) {
  const Role role = some_role();
  std::string bytes;
  bool inside_message = false;
  const int frames = *rc::gen::inRange(1, 8);
  Deflater deflater;
  const auto extension = *rc::gen::element(Extension::none, Extension::deflate);
  for (int i = 0; i < frames; ++i)
    bytes += some_frame(role, inside_message, extension == Extension::deflate ? &deflater : nullptr);
  if (*rc::gen::inRange(0, 4) == 0) bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size()));
  bytes.resize(std::min(bytes.size(), kOracleBytesMax));

  const MessageLimits limits{.message_bytes_max = *rc::gen::element<std::uint32_t>(200, 1000)};
  const std::string difference = disagreement(role, limits, bytes, extension);
  RC_ASSERT(difference == "");
  RC_ASSERT(read_in_pieces(role, limits, bytes, some_sizes(9), extension) ==
            read_in_pieces(role, limits, bytes, {}, extension));
}

}  // namespace
}  // namespace tickcast::wire
