// SPDX-License-Identifier: Apache-2.0
//
// What each corruption is to a reader of frames: this pins that the faults test what their names say.
#include "exchange/corruption.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "exchange/test_peer.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

namespace tickcast::exchange {
namespace {

using Kinds = std::vector<wire::FrameKind>;

class CorruptionTest : public testing::TestWithParam<bool> {
 protected:
  CorruptionTest() { event_.set(2, kCjkSymbol, "币安人生usdt", quote_); }

  Corruption corrupted(std::string_view spec, std::uint64_t turn = 0) {
    return corrupt(*parse_fault(spec), event_, GetParam(), turn, 1'700'000'000'000);
  }

  // Texts of the frames, joined; pings counted.
  std::vector<std::string> texts(const Corruption& corruption) {
    std::string bytes = corruption.bytes;
    std::span<char> input(bytes);
    wire::MessageReader reader(wire::Role::client, {.message_bytes_max = 1 << 25, .fragments_max = 1000});
    std::vector<std::string> found;
    std::size_t pings = 0;
    wire::Message message;
    while ((status_ = reader.next(input, message)) == wire::MessageReader::Status::message) {
      if (message.kind == wire::Opcode::ping) ++pings;
      if (message.kind == wire::Opcode::text)
        found.emplace_back(message.payload.begin(), message.payload.end());
    }
    EXPECT_EQ(pings, corruption.pings);
    return found;
  }

  Kinds kinds(const Corruption& corruption) {
    Kinds found;
    read_ = texts(corruption);
    for (const auto& text : read_) found.push_back(reader_.read(text));
    return found;
  }

  market::Quote quote_ = make_quote(101);
  EventFrames event_;
  std::vector<std::string> read_;  // what the reader's ticker points into
  wire::FrameReader reader_;
  wire::MessageReader::Status status_ = wire::MessageReader::Status::need_more;
};

TEST_P(CorruptionTest, MalformedIsNeverATicker) {
  for (std::uint64_t turn = 0; turn < 14; ++turn) {
    const auto found = kinds(corrupted("malformed", turn));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_TRUE(found[0] == wire::FrameKind::malformed || found[0] == wire::FrameKind::other) << turn;
  }
}

TEST_P(CorruptionTest, UnrepresentableIsWellFormedButDoesNotFit) {
  for (std::uint64_t turn = 0; turn < 10; ++turn) {
    const auto found = kinds(corrupted("unrepresentable", turn));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_NE(found[0], wire::FrameKind::ticker) << turn;
  }
}

TEST_P(CorruptionTest, BadUtf8IsAViolation) {
  texts(corrupted("bad-utf8"));
  EXPECT_EQ(status_, wire::MessageReader::Status::violation);
}

TEST_P(CorruptionTest, TruncateEndsInsideAFrame) {
  const auto corruption = corrupted("truncate");
  EXPECT_TRUE(texts(corruption).empty());
  EXPECT_TRUE(corruption.then_drop);
  EXPECT_LT(corruption.bytes.size(), event_.frame(GetParam()).size());
}

TEST_P(CorruptionTest, UnusualFormsHoldTheTrueEvent) {
  for (const std::string_view spec : {"torn", "fragments", "extra-keys", "huge:bytes=5000"}) {
    for (std::uint64_t turn = 0; turn < 4; ++turn) {
      EXPECT_EQ(kinds(corrupted(spec, turn)), Kinds{wire::FrameKind::ticker}) << spec << " " << turn;
      EXPECT_EQ(reader_.ticker().symbol, kCjkSymbol);
      EXPECT_EQ(reader_.ticker().quote.update_id, 101);
      EXPECT_TRUE(reader_.ticker().quote.same_values(quote_));
    }
  }
  EXPECT_TRUE(corrupted("torn").byte_by_byte);
  EXPECT_GT(corrupted("fragments").pings, 1u);
  EXPECT_EQ(texts(corrupted("huge")).front().size(), 16u * 1024 * 1024);
}

TEST_P(CorruptionTest, ExtraFramesComeBehindTheTrueOne) {
  for (const std::string_view spec : {"duplicate-id", "older-id"}) {
    const auto found = texts(corrupted(spec));
    ASSERT_GE(found.size(), 2u);
    EXPECT_EQ(found.front(), event_.payload(GetParam()));
    ASSERT_EQ(reader_.read(found.back()), wire::FrameKind::ticker);
    EXPECT_FALSE(reader_.ticker().quote.same_values(quote_)) << "it would be seen if it were taken";
    EXPECT_EQ(reader_.ticker().quote.update_id, spec == "older-id" ? 100 : 101);
  }
  for (std::uint64_t turn = 0; turn < 2; ++turn) {
    EXPECT_EQ(kinds(corrupted("unknown-event", turn)),
              (Kinds{wire::FrameKind::ticker, wire::FrameKind::other}));
  }
}

INSTANTIATE_TEST_SUITE_P(Both, CorruptionTest, testing::Bool(),
                         [](const auto& instance) { return instance.param ? "Combined" : "Raw"; });

}  // namespace
}  // namespace tickcast::exchange
