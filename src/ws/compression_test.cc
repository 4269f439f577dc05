// SPDX-License-Identifier: Apache-2.0
//
// permessage-deflate on a server's connections (RFC 7692): agreed on or not, and what a client may send then.
// The application echoes each message, uncompressed.
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/deflate.h"
#include "ws/test_server.h"

namespace tickcast::ws {
namespace {

using test::Frame;
using test::TestPeer;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::uint8_t kText = 1;
constexpr std::uint8_t kContinuation = 0;
constexpr std::uint8_t kRsv1 = 4;

const std::string kOffer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

std::string deflated(std::string_view text) {
  wire::Deflater deflater;
  const std::string_view parts[] = {text};
  return std::string(deflater.deflate(parts));
}

class CompressionTest : public test::ServerTest {
 protected:
  CompressionTest() { options_.compression = true; }
  TestPeer open_compressed() {
    TestPeer peer = dial();
    EXPECT_THAT(peer.open("/", kOffer), HasSubstr("Sec-WebSocket-Extensions: permessage-deflate; "));
    return peer;
  }
  // The code that the server closes with after these bytes of a client.
  int closes_with(std::initializer_list<Frame> frames) {
    TestPeer peer = open_compressed();
    for (const Frame& frame : frames) peer.send(frame);
    const auto answer = peer.read_frame();
    return answer ? test::close_code(*answer) : 0;
  }
};

TEST_F(CompressionTest, IsAgreedOnWithWhoOffersItAndNobodyElse) {
  serve();
  TestPeer offering = dial();
  EXPECT_THAT(offering.open("/", kOffer),
              HasSubstr("\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                        "client_no_context_takeover\r\n"));
  TestPeer declined = dial();
  EXPECT_THAT(
      declined.open("/", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n"),
      Not(HasSubstr("Extensions")));
  TestPeer second = dial();
  EXPECT_THAT(second.open("/",
                          "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n"
                          "sec-websocket-extensions: permessage-deflate\r\n"),
              HasSubstr("Sec-WebSocket-Extensions: permessage-deflate; "));
  TestPeer silent = dial();
  EXPECT_THAT(silent.open(), Not(HasSubstr("Extensions")));
  ASSERT_EQ(app_.opened.size(), 4u);
  EXPECT_TRUE(app_.opened[0]->accepts_compressed());
  EXPECT_FALSE(app_.opened[1]->accepts_compressed());
  EXPECT_TRUE(app_.opened[2]->accepts_compressed());
  EXPECT_FALSE(app_.opened[3]->accepts_compressed());
  silent.send(Frame{kText, deflated("Hello"), true, kRsv1});
  EXPECT_EQ(test::close_code(silent.read_frame().value()), 1002);
}

TEST_F(CompressionTest, IsOffUnlessTurnedOn) {
  options_.compression = false;
  serve();
  TestPeer peer = dial();
  EXPECT_THAT(peer.open("/", kOffer), Not(HasSubstr("Extensions")));
}

TEST_F(CompressionTest, AHeaderThatIsNoListOfExtensionsFailsTheHandshake) {
  serve();
  TestPeer peer = dial();
  EXPECT_THAT(peer.open("/", "Sec-WebSocket-Extensions: permessage-deflate; =\r\n"),
              StartsWith("HTTP/1.1 400 "));
}

TEST_F(CompressionTest, ACompressedMessageIsTakenWholeAndInFragmentsAmongOthers) {
  serve();
  TestPeer peer = open_compressed();
  const std::string payload = deflated("Hello, compressed");
  const auto echoed = [&] { return peer.read_frame().value_or(Frame{}); };
  peer.send(Frame{kText, payload, true, kRsv1});
  EXPECT_EQ(echoed(), test::text("Hello, compressed"));
  peer.send(Frame{kText, payload.substr(0, 1), false, kRsv1});
  peer.send(test::ping("between"));
  peer.send(test::fragment(kContinuation, payload.substr(1, 5), false));
  peer.send(test::fragment(kContinuation, payload.substr(6), true));
  EXPECT_EQ(echoed(), test::pong("between"));
  EXPECT_EQ(echoed(), test::text("Hello, compressed"));
  peer.send(test::text("plain"));
  EXPECT_EQ(echoed(), test::text("plain"));
  const std::string longest = deflated(std::string(64 * 1024, 'x'));
  peer.send(Frame{kText, longest, true, kRsv1});
  EXPECT_EQ(echoed().payload.size(), 64u * 1024);
}

TEST_F(CompressionTest, WhatBreaksTheRulesIsClosedWithItsCode) {
  serve();
  const std::string hello = deflated("Hello");
  EXPECT_EQ(closes_with({Frame{9, "", true, kRsv1}}), 1002) << "RSV1 on a control frame";
  EXPECT_EQ(closes_with({Frame{kText, hello.substr(0, 2), false, kRsv1},
                         Frame{kContinuation, hello.substr(2), true, kRsv1}}),
            1002)
      << "RSV1 on a continuation";
  EXPECT_EQ(closes_with({Frame{kText, hello, true, kRsv1 | 2}}), 1002) << "RSV2";
  EXPECT_EQ(closes_with({Frame{kText, "\xff\xff", true, kRsv1}}), 1007) << "no deflate data";
  EXPECT_EQ(closes_with({Frame{kText, hello.substr(0, 3), true, kRsv1}}), 1007) << "torn deflate data";
  EXPECT_EQ(closes_with({Frame{kText, deflated("\xff"), true, kRsv1}}), 1007) << "inflates to no UTF-8";
  EXPECT_EQ(closes_with({Frame{kText, deflated(std::string(64 * 1024 + 1, 'x')), true, kRsv1}}), 1009);
  EXPECT_TRUE(app_.messages.empty());
}

TEST_F(CompressionTest, WhatComesCompressedAfterACloseIsNotInflated) {
  serve();
  TestPeer peer = open_compressed();
  app_.opened[0]->close(wire::CloseCode::normal, "");
  EXPECT_EQ(test::close_code(peer.read_frame().value()), 1000);
  peer.send(Frame{kText, "\xff\xff", true, kRsv1});
  peer.send(test::close(1000));
  EXPECT_TRUE(peer.wait_for_end());
  ASSERT_EQ(app_.ended.size(), 1u);
  EXPECT_EQ(app_.ended[0].code, wire::CloseCode::normal) << "the peer's close frame was read";
}

}  // namespace
}  // namespace tickcast::ws
