// SPDX-License-Identifier: Apache-2.0
//
// The frame codec, rule by rule, after RFC 6455 section 5 and 7.4 and the case list of the Autobahn suite.
// Properties and the comparison with another codec: ws_frame_property_test.cc.
#include "wire/ws_frame.h"

#include <bitset>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include "wire/ws_frame_transcript.h"

namespace tickcast::wire {
namespace {

using ::testing::ElementsAre;
using testing::other_end;
using testing::read_in_pieces;
using testing::read_piece;
using testing::Received;
using testing::Transcript;

constexpr std::uint32_t kMask = 0xc4d5e6f7;
const std::string kCjk = "\xe5\xb8\x81\xe5\xae\x89";  // two characters of three bytes

// A frame as the peer of `reader` sends it.
std::string frame(Role reader, Opcode opcode, std::string_view payload, bool final = true) {
  std::string bytes;
  append_frame(bytes, other_end(reader), opcode, payload, kMask, final);
  return bytes;
}
std::string close_frame(Role reader, std::string_view payload) {
  return frame(reader, Opcode::close, payload);
}
std::string code_bytes(unsigned code) {
  return {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
}

Received text(std::string payload) { return {Opcode::text, std::move(payload)}; }

// --- the writer ---

TEST(FrameWriter, UsesTheShortestLengthFormAtEveryBorder) {
  const struct {
    std::size_t payload_bytes;
    std::string header;
  } cases[] = {
      {0, {"\x82\x00", 2}},
      {125, {"\x82\x7d", 2}},
      {126, {"\x82\x7e\x00\x7e", 4}},
      {65535, {"\x82\x7e\xff\xff", 4}},
      {65536, {"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10}},
  };
  for (const auto& c : cases) {
    char out[kFrameHeaderBytesMax];
    const char* end = write_frame_header(out, Opcode::binary, c.payload_bytes);
    EXPECT_EQ(std::string(static_cast<const char*>(out), end), c.header) << c.payload_bytes;
    EXPECT_EQ(c.header.size(), frame_header_bytes(c.payload_bytes));
  }
}

TEST(FrameWriter, WritesTheExamplesOfTheRfc) {  // section 5.7
  std::string out;
  append_frame(out, Role::server, Opcode::text, "Hello", 0);
  append_frame(out, Role::server, Opcode::text, "Hel", 0, false);
  append_frame(out, Role::server, Opcode::continuation, "lo", 0);
  EXPECT_EQ(out, "\x81\x05Hello\x01\x03Hel\x80\x02lo");
}

TEST(FrameWriter, MasksWhatAClientSends) {  // section 5.7
  std::uint32_t mask;
  std::memcpy(&mask, "\x37\xfa\x21\x3d", 4);
  std::string out;
  append_frame(out, Role::client, Opcode::text, "Hello", mask);
  EXPECT_EQ(out, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
}

TEST(ClosePayload, HoldsTheCodeInNetworkOrderAndTheReason) {
  EXPECT_EQ(close_payload(CloseCode::policy, "Pong timeout"), "\x03\xf0Pong timeout");
  EXPECT_EQ(close_payload(CloseCode::no_code, "ignored"), "");
}

TEST(ClosePayload, CutsALongReasonAtACharactersEdge) {
  std::string reason(122, 'x');
  reason += "\xe5\xb8\x81";
  EXPECT_EQ(close_payload(CloseCode::normal, reason).size(), 2 + 122u);
  EXPECT_EQ(close_payload(CloseCode::normal, std::string(200, 'x')).size(), kControlPayloadBytesMax);
}

TEST(ClosePayloadDeath, IsNeverOfACodeThatIsNotSent) {
  EXPECT_DEATH(close_payload(CloseCode::abnormal, ""), "never sent");
}

// --- the mask ---

TEST(Mask, MatchesTheDefinitionAtEverySizeAndOffset) {
  unsigned char mask_bytes[4];
  std::memcpy(mask_bytes, &kMask, 4);
  for (std::size_t size = 0; size < 40; ++size) {
    for (std::size_t offset = 0; offset < 9; ++offset) {
      std::string bytes(size, '\0');
      for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 37);
      std::string expected = bytes;
      for (std::size_t i = 0; i < size; ++i) {
        expected[i] = static_cast<char>(expected[i] ^ mask_bytes[(offset + i) % 4]);
      }
      apply_mask(bytes, kMask, offset);
      ASSERT_EQ(bytes, expected) << size << " bytes at " << offset;
    }
  }
}

// --- UTF-8 ---

// Every prefix of every encoded character, by number of bytes.
class Prefixes {
 public:
  Prefixes() : three_(new std::bitset<1 << 24>) {
    for (unsigned point = 0; point < 0x110000; ++point) {
      if (point < 0xd800 || point > 0xdfff) add(point);
    }
  }
  bool has(unsigned bytes, std::size_t size) const {
    return size == 1 ? one_[bytes] : size == 2 ? two_[bytes] : (*three_)[bytes];
  }

 private:
  void add(unsigned point) {
    unsigned bytes = point;  // the first three bytes, in the order sent
    unsigned size = 1;
    if (point >= 0x10000) {
      bytes = (0xf0 | point >> 18) << 16 | (0x80 | (point >> 12 & 0x3f)) << 8 | (0x80 | (point >> 6 & 0x3f));
      size = 3;
    } else if (point >= 0x800) {
      bytes = (0xe0 | point >> 12) << 16 | (0x80 | (point >> 6 & 0x3f)) << 8 | (0x80 | (point & 0x3f));
      size = 3;
    } else if (point >= 0x80) {
      bytes = (0xc0 | point >> 6) << 8 | (0x80 | (point & 0x3f));
      size = 2;
    }
    if (size == 3) three_->set(bytes);
    if (size == 2) two_.set(bytes);
    if (size == 3) two_.set(bytes >> 8);
    one_.set(bytes >> (8 * (size - 1)));
  }

  std::bitset<1 << 8> one_;
  std::bitset<1 << 16> two_;
  std::unique_ptr<std::bitset<1 << 24>> three_;
};

void expect_exactly_the_prefixes(const Prefixes& prefixes, const Utf8Validator& before, unsigned bytes,
                                 std::size_t size) {
  for (unsigned next = 0; next < 256; ++next) {
    Utf8Validator validator = before;
    const char byte = static_cast<char>(next);
    const unsigned now = bytes << 8 | next;
    const bool accepted = validator.feed({&byte, 1});
    // A fourth byte is any continuation byte: what bounds there are, the second had to keep.
    ASSERT_EQ(accepted, size < 3 ? prefixes.has(now, size + 1) : (next & 0xc0) == 0x80) << std::hex << now;
    if (!accepted || validator.complete()) continue;
    expect_exactly_the_prefixes(prefixes, validator, now, size + 1);
  }
}

TEST(Utf8, AcceptsExactlyThePrefixesOfEncodedCharacters) {
  expect_exactly_the_prefixes(Prefixes(), Utf8Validator(), 0, 0);
}

TEST(Utf8, FindsABadByteAtEveryPlaceInALongText) {
  for (std::size_t size = 1; size < 70; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string bytes(size, 'a');
      bytes[at] = '\xff';
      EXPECT_FALSE(Utf8Validator().feed(bytes)) << at << " of " << size;
    }
  }
}

TEST(Utf8, IsCompleteOnlyBetweenCharacters) {
  Utf8Validator validator;
  for (const char byte : kCjk) {
    ASSERT_TRUE(validator.feed({&byte, 1}));
    EXPECT_EQ(validator.complete(), byte == '\x81' || byte == '\x89');
  }
  EXPECT_TRUE(validator.feed(std::string_view("\xe5")));
  EXPECT_FALSE(validator.complete());
  validator.reset();
  EXPECT_TRUE(validator.complete());
}

// --- the reader, in both roles ---

class Reader : public ::testing::TestWithParam<Role> {
 protected:
  Role role() const { return GetParam(); }

  Transcript read(std::string_view bytes, const MessageLimits& limits = {}) {
    const Transcript whole = read_in_pieces(role(), limits, bytes);
    const std::size_t one_byte = 1;
    const Transcript torn = read_in_pieces(role(), limits, bytes, {&one_byte, 1});
    EXPECT_EQ(whole, torn) << "one byte at a time gave: " << torn.reason;
    return whole;
  }
  void expect_violation(std::string_view bytes, CloseCode code, std::string_view reason,
                        const MessageLimits& limits = {}) {
    const Transcript transcript = read(bytes, limits);
    EXPECT_EQ(transcript.violation, code);
    EXPECT_EQ(transcript.reason, reason);
  }
  // How many of the bytes it takes, one at a time, until the reader refuses; 0: it never does.
  std::size_t bytes_until_violation(std::string_view bytes, const MessageLimits& limits = {}) {
    MessageReader reader(role(), limits);
    Transcript transcript;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      read_piece(reader, bytes.substr(i, 1), transcript);
      if (transcript.violated()) return i + 1;
    }
    return 0;
  }
  std::size_t header_bytes(std::size_t payload_bytes) const {
    return frame_header_bytes(payload_bytes) + (role() == Role::server ? 4 : 0);
  }
  // Where the payload of a frame begins decides which bytes are masked, so raw headers are built here.
  std::string raw(std::string header, std::string_view payload = "") const {
    if (role() == Role::server) {
      header[1] = static_cast<char>(header[1] | 0x80);
      header.append(4, '\0');
    }
    return header.append(payload);
  }
};
INSTANTIATE_TEST_SUITE_P(AsA, Reader, ::testing::Values(Role::server, Role::client),
                         [](const auto& role) { return role.param == Role::server ? "Server" : "Client"; });

TEST_P(Reader, ReadsEveryKindOfFrame) {
  const Transcript transcript =
      read(frame(role(), Opcode::text, kCjk) + frame(role(), Opcode::binary, "\xff\xfe") +
           frame(role(), Opcode::ping, "p") + frame(role(), Opcode::pong, "") +
           close_frame(role(), "\x03\xe8" + kCjk));
  EXPECT_FALSE(transcript.violated()) << transcript.reason;
  EXPECT_THAT(transcript.messages,
              ElementsAre(text(kCjk), Received{Opcode::binary, "\xff\xfe"}, Received{Opcode::ping, "p"},
                          Received{Opcode::pong, ""}, Received{Opcode::close, kCjk, CloseCode::normal}));
}

TEST_P(Reader, ReadsEveryLengthForm) {
  for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 128u, 65535u, 65536u, 70000u}) {
    const std::string payload(size, 'x');
    const std::size_t cut = 4000;
    const std::string bytes = frame(role(), Opcode::text, payload);
    const MessageLimits limits{.message_bytes_max = 70000};
    EXPECT_THAT(read_in_pieces(role(), limits, bytes).messages, ElementsAre(text(payload))) << size;
    EXPECT_THAT(read_in_pieces(role(), limits, bytes, {&cut, 1}).messages, ElementsAre(text(payload)))
        << size;
  }
}

TEST_P(Reader, HandsOutAWholeFrameWhereItLies) {
  std::string bytes = frame(role(), Opcode::text, "abc") + frame(role(), Opcode::ping, "de");
  std::span<char> input(bytes);
  MessageReader reader(role(), {});
  Message message;
  ASSERT_EQ(reader.next(input, message), MessageReader::Status::message);
  EXPECT_EQ(message.payload.data(), bytes.data() + header_bytes(3));
  ASSERT_EQ(reader.next(input, message), MessageReader::Status::message);
  EXPECT_EQ(message.payload.data(), bytes.data() + bytes.size() - 2);
  EXPECT_EQ(reader.next(input, message), MessageReader::Status::need_more);
  EXPECT_TRUE(input.empty());
}

TEST_P(Reader, JoinsFragmentsAroundControlFrames) {
  const Transcript transcript =
      read(frame(role(), Opcode::text, "a", false) + frame(role(), Opcode::ping, "1") +
           frame(role(), Opcode::continuation, "", false) + frame(role(), Opcode::pong, "2") +
           frame(role(), Opcode::continuation, "bc") + frame(role(), Opcode::text, "d"));
  EXPECT_FALSE(transcript.violated()) << transcript.reason;
  EXPECT_THAT(transcript.messages,
              ElementsAre(Received{Opcode::ping, "1"}, Received{Opcode::pong, "2"}, text("abc"), text("d")));
}

TEST_P(Reader, JoinsEmptyFragmentsToAnEmptyMessage) {
  const Transcript transcript =
      read(frame(role(), Opcode::binary, "", false) + frame(role(), Opcode::continuation, "", false) +
           frame(role(), Opcode::continuation, ""));
  EXPECT_THAT(transcript.messages, ElementsAre(Received{Opcode::binary, ""}));
}

TEST_P(Reader, RefusesReservedBits) {
  for (const unsigned bit : {0x40u, 0x20u, 0x10u}) {
    expect_violation(raw({static_cast<char>(0x81 | bit), 0}), CloseCode::protocol_error,
                     "reserved bit set without an extension");
  }
}

TEST_P(Reader, RefusesReservedOpcodes) {
  for (const unsigned opcode : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u}) {
    expect_violation(raw({static_cast<char>(0x80 | opcode), 0}), CloseCode::protocol_error,
                     "reserved opcode");
  }
}

TEST_P(Reader, RefusesFragmentedOrLongControlFrames) {
  for (const Opcode opcode : {Opcode::ping, Opcode::pong, Opcode::close}) {
    expect_violation(frame(role(), opcode, "", false), CloseCode::protocol_error, "fragmented control frame");
    expect_violation(frame(role(), opcode, std::string(126, 'x')), CloseCode::protocol_error,
                     "control frame of more than 125 bytes");
  }
}

TEST_P(Reader, RefusesFragmentsOutOfPlace) {
  const std::string begun = frame(role(), Opcode::text, "a", false);
  const std::string ended = frame(role(), Opcode::continuation, "b");
  const char* no_message = "continuation without a message to continue";
  expect_violation(ended, CloseCode::protocol_error, no_message);
  expect_violation(begun + ended + ended, CloseCode::protocol_error, no_message);
  expect_violation(begun + frame(role(), Opcode::text, "c"), CloseCode::protocol_error,
                   "new message inside a fragmented one");
  expect_violation(begun + frame(role(), Opcode::binary, "c", false), CloseCode::protocol_error,
                   "new message inside a fragmented one");
}

TEST_P(Reader, RefusesTheWrongMasking) {
  std::string bytes;
  append_frame(bytes, role(), Opcode::text, "abc", kMask);
  expect_violation(
      bytes, CloseCode::protocol_error,
      role() == Role::server ? "frame from a client without a mask" : "frame from a server with a mask");
}

TEST_P(Reader, RefusesLengthsInALongerFormThanNeeded) {
  const char* reason = "length not in its shortest form";
  expect_violation(raw({"\x82\x7e\x00\x7d", 4}), CloseCode::protocol_error, reason);
  expect_violation(raw({"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", 10}), CloseCode::protocol_error, reason);
}

TEST_P(Reader, RefusesLengthsOfMoreThan63Bits) {
  expect_violation(raw({"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", 10}), CloseCode::protocol_error,
                   "length of more than 63 bits");
  expect_violation(raw({"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10}), CloseCode::too_big,
                   "message over the size limit");
}

TEST_P(Reader, RefusesAMessageOverTheLimitByItsHeaderAlone) {
  const MessageLimits limits{.message_bytes_max = 200};
  const std::string fits = frame(role(), Opcode::binary, std::string(200, 'x'));
  EXPECT_EQ(read(fits, limits).messages.size(), 1u);
  const std::string over = frame(role(), Opcode::binary, std::string(201, 'x'));
  expect_violation(over.substr(0, header_bytes(201)), CloseCode::too_big, "message over the size limit",
                   limits);

  const std::string half = frame(role(), Opcode::binary, std::string(150, 'x'), false);
  const std::string rest = frame(role(), Opcode::continuation, std::string(51, 'x'));
  expect_violation(
      half + frame(role(), Opcode::ping, std::string(125, 'p')) + rest.substr(0, header_bytes(51)),
      CloseCode::too_big, "message over the size limit", limits);
}

TEST_P(Reader, RefusesMoreFragmentsThanAllowed) {
  const MessageLimits limits{.fragments_max = 3};
  const std::string first = frame(role(), Opcode::text, "a", false);
  const std::string more = frame(role(), Opcode::continuation, "", false);
  const std::string last = frame(role(), Opcode::continuation, "b");
  EXPECT_THAT(read(first + more + last + first + more + last, limits).messages,
              ElementsAre(text("ab"), text("ab")));
  expect_violation(first + more + more + last, CloseCode::policy, "message in too many fragments", limits);
}

TEST_P(Reader, TakesTextThatIsCutInsideACharacter) {
  for (std::size_t cut = 0; cut <= kCjk.size(); ++cut) {
    const Transcript transcript = read(frame(role(), Opcode::text, kCjk.substr(0, cut), false) +
                                       frame(role(), Opcode::continuation, kCjk.substr(cut)));
    EXPECT_THAT(transcript.messages, ElementsAre(text(kCjk)));
  }
}

TEST_P(Reader, RefusesTextThatIsNotUtf8AsSoonAsItsFirstWrongByteIsThere) {
  const std::string bad = kCjk + "\xed\xa0\x80 and more";  // a surrogate
  const std::size_t wrong_at = kCjk.size() + 2;
  const char* reason = "text that is not UTF-8";
  expect_violation(frame(role(), Opcode::text, bad), CloseCode::invalid_payload, reason);
  EXPECT_EQ(bytes_until_violation(frame(role(), Opcode::text, bad)), header_bytes(bad.size()) + wrong_at);

  const std::string first = frame(role(), Opcode::text, bad.substr(0, 7), false);
  const std::string second = frame(role(), Opcode::continuation, bad.substr(7));
  expect_violation(first + second, CloseCode::invalid_payload, reason);
  EXPECT_EQ(bytes_until_violation(first + second), first.size() + header_bytes(3) + wrong_at - 7);
}

TEST_P(Reader, RefusesTextThatEndsInsideACharacter) {
  expect_violation(frame(role(), Opcode::text, kCjk.substr(0, 5)), CloseCode::invalid_payload,
                   "text that is not UTF-8");
  expect_violation(
      frame(role(), Opcode::text, kCjk.substr(0, 5), false) + frame(role(), Opcode::continuation, ""),
      CloseCode::invalid_payload, "text that is not UTF-8");
}

TEST_P(Reader, RefusesAHeaderByTheByteThatIsWrong) {
  EXPECT_EQ(bytes_until_violation(raw({"\x83\x00", 2})), 1u);
  EXPECT_EQ(bytes_until_violation(raw({"\x89\x7e\x00\x7e", 4})), 2u);
  EXPECT_EQ(bytes_until_violation(frame(role(), Opcode::text, "a", false) + raw({"\x81\x00", 2})),
            header_bytes(1) + 2);
}

TEST_P(Reader, ReadsTheCodeOfACloseFrame) {
  for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 1012u, 1013u,
                              1014u, 3000u, 3999u, 4000u, 4999u}) {
    const Transcript transcript = read(close_frame(role(), code_bytes(code) + "bye"));
    EXPECT_THAT(transcript.messages,
                ElementsAre(Received{Opcode::close, "bye", static_cast<CloseCode>(code)}));
  }
  EXPECT_THAT(read(close_frame(role(), "")).messages,
              ElementsAre(Received{Opcode::close, "", CloseCode::no_code}));
}

TEST_P(Reader, RefusesCloseFramesWithAWrongPayload) {
  for (const unsigned code :
       {0u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u, 2000u, 2999u, 5000u, 65535u}) {
    expect_violation(close_frame(role(), code_bytes(code)), CloseCode::protocol_error,
                     "close frame with a code that is never sent");
  }
  expect_violation(close_frame(role(), "\x03"), CloseCode::protocol_error, "close frame with half a code");
  expect_violation(close_frame(role(), "\x03\xe8" + kCjk.substr(0, 5)), CloseCode::invalid_payload,
                   "text that is not UTF-8");
}

TEST_P(Reader, IsFinishedAfterAViolation) {
  MessageReader reader(role(), {});
  Transcript transcript;
  read_piece(reader, raw({"\x83\x00", 2}), transcript);
  ASSERT_TRUE(transcript.violated());
  std::string good = frame(role(), Opcode::text, "a");
  std::span<char> input(good);
  Message message;
  EXPECT_EQ(reader.next(input, message), MessageReader::Status::violation);
  EXPECT_EQ(message.close_code, CloseCode::protocol_error);
}

TEST_P(Reader, KeepsATornMessageWhenMoved) {
  const std::string bytes = frame(role(), Opcode::text, "abcdef");
  MessageReader first(role(), {});
  Transcript transcript;
  read_piece(first, bytes.substr(0, bytes.size() - 2), transcript);
  MessageReader second = std::move(first);
  MessageReader third(role(), {});
  third = std::move(second);
  read_piece(third, bytes.substr(bytes.size() - 2), transcript);
  EXPECT_THAT(transcript.messages, ElementsAre(text("abcdef")));
}

TEST_P(Reader, SetsNoMemoryAsideForBytesThatAreOnlyAnnounced) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's allocator keeps no such numbers";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "the sanitizer's allocator keeps no such numbers";
#endif
#endif
  const auto heap_bytes = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  const std::uint32_t announced = 16 * 1024 * 1024;
  const std::string bytes = frame(role(), Opcode::binary, std::string(announced, 'x'));
  MessageReader reader(role(), {.message_bytes_max = announced});
  Transcript transcript;
  const std::size_t before = heap_bytes();
  read_piece(reader, std::string_view(bytes).substr(0, 1000), transcript);
  EXPECT_LT(heap_bytes(), before + 8 * 1024);
  read_piece(reader, std::string_view(bytes).substr(1000), transcript);
  ASSERT_EQ(transcript.messages.size(), 1u);
  transcript = {};
  EXPECT_LT(heap_bytes(), before + 8 * 1024) << "a reader between messages holds memory";
}

TEST_P(Reader, ReadsSixteenMebibytesInManyFragments) {
  constexpr std::uint32_t kFragments = 65537;
  constexpr std::size_t kFragmentBytes = 255;
  std::string bytes;
  const std::string piece(kFragmentBytes, 'x');
  for (std::size_t i = 0; i < kFragments; ++i) {
    bytes += frame(role(), i == 0 ? Opcode::text : Opcode::continuation, piece, i + 1 == kFragments);
  }
  const std::size_t read_bytes = 64 * 1024;
  const Transcript transcript = read_in_pieces(
      role(), {.message_bytes_max = 16 * 1024 * 1024, .fragments_max = kFragments}, bytes, {&read_bytes, 1});
  ASSERT_EQ(transcript.messages.size(), 1u) << transcript.reason;
  EXPECT_EQ(transcript.messages[0].payload, std::string(kFragments * kFragmentBytes, 'x'));
}

}  // namespace
}  // namespace tickcast::wire
