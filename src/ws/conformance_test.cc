// SPDX-License-Identifier: Apache-2.0
//
// RFC 6455 as a list of conversations, held with both roles over real sockets: what the peer sends, what must
// come back from an endpoint that returns every message, and how it ends. Each is held three times: sent at
// once, in single bytes, and in pieces of seven. The list follows the sections of the RFC in the order in
// which Autobahn's suite goes through them.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/background.h"
#include "ws/client.h"
#include "ws/server.h"
#include "ws/test_peer.h"

namespace tickcast::ws {
namespace {

using test::binary;
using test::close;
using test::empty_close;
using test::encode;
using test::fragment;
using test::Frame;
using test::LengthForm;
using test::ping;
using test::pong;
using test::text;

constexpr std::uint32_t kMessageBytesMax = 1 << 20;
constexpr std::uint32_t kFragmentsMax = 300;

// Frames to send; or, where it is not a frame that can be written so, the bytes for a given mask bit.
struct Sent {
  Sent(Frame its_frame) : frame(std::move(its_frame)) {}  // NOLINT: implicit, to keep the list readable
  Sent(std::function<std::string(bool)> its_bytes) : bytes(std::move(its_bytes)) {}  // NOLINT
  std::string encoded(bool masked) const { return bytes ? bytes(masked) : encode(frame, masked); }
  Frame frame;
  std::function<std::string(bool)> bytes;
};

struct Conversation {
  std::string name;
  std::vector<Sent> sent;
  std::vector<Frame> back;  // before the closing
  int closes_with = 0;      // the endpoint's close code; 0: it stays open, and closes with us in the end
};

void PrintTo(const Conversation& conversation, std::ostream* out) { *out << conversation.name; }

enum class Tear : std::size_t { whole = 0, bytes = 1, pieces = 7 };

std::string pattern(std::size_t bytes) {
  std::string out(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<char>('!' + i % 90);
  return out;
}

std::vector<Sent> in_fragments(std::uint8_t opcode, const std::string& payload, std::size_t each) {
  std::vector<Sent> frames;
  for (std::size_t at = 0; at < payload.size(); at += each) {
    frames.emplace_back(
        fragment(at == 0 ? opcode : 0, payload.substr(at, each), at + each >= payload.size()));
  }
  return frames;
}

// --- the list ---

void add_framing(std::vector<Conversation>& list) {
  for (const std::size_t bytes : {0u, 1u, 125u, 126u, 127u, 128u, 65'535u, 65'536u, 65'537u}) {
    const std::string payload = pattern(bytes);
    list.push_back({"Text" + std::to_string(bytes), {text(payload)}, {text(payload)}});
    list.push_back({"Binary" + std::to_string(bytes), {binary(payload)}, {binary(payload)}});
  }
  const auto raw = [](Frame frame, LengthForm form) {
    return Sent([frame, form](bool masked) { return encode(frame, masked, form); });
  };
  list.push_back({"LengthIn16BitsThatFits7", {raw(text("hi"), LengthForm::in_16_bits)}, {}, 1002});
  list.push_back({"LengthIn64BitsThatFits16", {raw(text(pattern(300)), LengthForm::in_64_bits)}, {}, 1002});
  list.push_back({"LengthWithItsTopBitSet",
                  {Sent([](bool masked) {
                    return std::string("\x82") + (masked ? "\xff" : "\x7f") +
                           std::string("\x80\0\0\0\0\0\0\1", 8) + "abcde";
                  })},
                  {},
                  1002});
  list.push_back({"WrongMaskBit",
                  {text("first"), Sent([](bool masked) { return encode(text("x"), !masked); })},
                  {text("first")},
                  1002});
  list.push_back({"TwoMessagesInARow", {text("one"), binary("two")}, {text("one"), binary("two")}});
}

void add_pings(std::vector<Conversation>& list) {
  list.push_back({"PingEmpty", {ping()}, {pong()}});
  list.push_back({"PingText", {ping("Hello, world!")}, {pong("Hello, world!")}});
  list.push_back(
      {"PingBinary", {ping(std::string("\0\xff\xfe\xfd", 4))}, {pong(std::string("\0\xff\xfe\xfd", 4))}});
  list.push_back({"PingLongest", {ping(pattern(125))}, {pong(pattern(125))}});
  list.push_back({"PingTooLong", {ping(pattern(126))}, {}, 1002});
  list.push_back({"PongUnasked", {pong(), pong("unasked"), ping("asked")}, {pong("asked")}});
  std::vector<Sent> ten;
  std::vector<Frame> answers;
  for (int i = 0; i < 10; ++i) {
    ten.emplace_back(ping("payload " + std::to_string(i)));
    answers.push_back(pong("payload " + std::to_string(i)));
  }
  list.push_back({"PingTenTimes", ten, answers});
}

void add_reserved(std::vector<Conversation>& list) {
  for (std::uint8_t bits = 1; bits <= 7; ++bits) {
    Frame frame = bits % 2 == 0 ? text("reserved") : binary("reserved");
    frame.reserved = bits;
    list.push_back(
        {"ReservedBits" + std::to_string(bits), {text("before"), frame, ping()}, {text("before")}, 1002});
  }
  Frame control = ping("x");
  control.reserved = 1;
  list.push_back({"ReservedBitOnPing", {control}, {}, 1002});
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    const Frame frame{.opcode = static_cast<std::uint8_t>(opcode), .payload = opcode % 2 == 0 ? "x" : ""};
    list.push_back(
        {"ReservedOpcode" + std::to_string(opcode), {text("before"), frame, ping()}, {text("before")}, 1002});
  }
}

void add_fragmentation(std::vector<Conversation>& list) {
  list.push_back({"FragmentedPing", {fragment(9, "x", false), fragment(0, "y", true)}, {}, 1002});
  list.push_back({"FragmentedPong", {fragment(10, "x", false), fragment(0, "y", true)}, {}, 1002});
  list.push_back({"FragmentedClose", {fragment(8, "", false)}, {}, 1002});
  list.push_back({"TwoFragments", {fragment(1, "one ", false), fragment(0, "two", true)}, {text("one two")}});
  list.push_back(
      {"BinaryFragments", {fragment(2, "one ", false), fragment(0, "two", true)}, {binary("one two")}});
  list.push_back({"EmptyFragments",
                  {fragment(1, "", false), fragment(0, "", false), fragment(0, "", true)},
                  {text("")}});
  list.push_back({"EmptyFragmentsAroundText",
                  {fragment(1, "", false), fragment(0, "middle", false), fragment(0, "", true)},
                  {text("middle")}});
  list.push_back({"PingBetweenFragments",
                  {fragment(1, "one ", false), ping("between"), fragment(0, "two", true)},
                  {pong("between"), text("one two")}});
  list.push_back({"PingsBetweenFiveFragments",
                  {fragment(1, "1", false), fragment(0, "2", false), ping("a"), fragment(0, "3", false),
                   fragment(0, "4", false), ping("b"), fragment(0, "5", true)},
                  {pong("a"), pong("b"), text("12345")}});
  list.push_back({"ContinuationOfNothing", {fragment(0, "x", true), text("y")}, {}, 1002});
  list.push_back({"ContinuationOfNothingUnfinished", {fragment(0, "x", false), text("y")}, {}, 1002});
  list.push_back(
      {"ContinuationAfterAWholeMessage", {text("whole"), fragment(0, "x", true)}, {text("whole")}, 1002});
  list.push_back({"NewMessageInsideAFragmentedOne", {fragment(1, "one", false), text("two")}, {}, 1002});
  list.push_back(
      {"NewFragmentedMessageInside", {fragment(1, "one", false), fragment(2, "two", false)}, {}, 1002});
  list.push_back({"SixtyFragments", in_fragments(1, pattern(6000), 100), {text(pattern(6000))}});
  list.push_back(
      {"FragmentsOfOneByte", in_fragments(2, pattern(kFragmentsMax), 1), {binary(pattern(kFragmentsMax))}});
}

void add_utf8(std::vector<Conversation>& list) {
  const std::string mixed = "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!";
  const std::string greek = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
  list.push_back({"Utf8Text", {text(mixed)}, {text(mixed)}});
  list.push_back({"Utf8InFragmentsOfOneByte", in_fragments(1, greek, 1), {text(greek)}});
  list.push_back({"Utf8CutInACharacter", in_fragments(1, mixed, 7), {text(mixed)}});

  const std::vector<std::pair<const char*, std::string>> good = {
      {"Smallest2", "\xc2\x80"},
      {"Smallest3", "\xe0\xa0\x80"},
      {"Smallest4", "\xf0\x90\x80\x80"},
      {"Largest1", "\x7f"},
      {"Largest2", "\xdf\xbf"},
      {"Largest3", "\xef\xbf\xbf"},
      {"Largest4", "\xf4\x8f\xbf\xbf"},
      {"BelowSurrogates", "\xed\x9f\xbf"},
      {"AboveSurrogates", "\xee\x80\x80"},
      {"Replacement", "\xef\xbf\xbd"},
      {"NonCharacter", "\xef\xbf\xbe"},
      {"Zero", std::string("\0", 1)},
  };
  for (const auto& [name, bytes] : good)
    list.push_back({std::string("Utf8") + name, {text(bytes)}, {text(bytes)}});

  const std::vector<std::pair<const char*, std::string>> bad = {
      {"LoneContinuation", "\x80"},
      {"LoneContinuationBf", "\xbf"},
      {"TwoContinuations", "\x80\xbf"},
      {"CutAfterLead2", "\xc3"},
      {"CutAfterLead3", "\xe0\xa0"},
      {"CutAfterLead4", "\xf0\x90\x80"},
      {"LeadThenSpace", "\xc3 "},
      {"ImpossibleFe", "\xfe"},
      {"ImpossibleFf", "\xff"},
      {"Overlong2", "\xc0\xaf"},
      {"Overlong2Largest", "\xc1\xbf"},
      {"Overlong3", "\xe0\x80\xaf"},
      {"Overlong3Largest", "\xe0\x9f\xbf"},
      {"Overlong4", "\xf0\x80\x80\xaf"},
      {"Overlong4Largest", "\xf0\x8f\xbf\xbf"},
      {"FiveBytes", "\xf8\x88\x80\x80\x80"},
      {"SixBytes", "\xfc\x84\x80\x80\x80\x80"},
      {"SurrogateFirst", "\xed\xa0\x80"},
      {"SurrogateLast", "\xed\xbf\xbf"},
      {"SurrogatePair", "\xed\xa0\x80\xed\xb0\x80"},
      {"AboveUnicode", "\xf4\x90\x80\x80"},
      {"AboveUnicodeF5", "\xf5\x80\x80\x80"},
      {"BadInTheMiddle", greek + "\xed\xa0\x80" + "edited"},
  };
  for (const auto& [name, bytes] : bad) {
    list.push_back({std::string("NotUtf8") + name, {text("before"), text(bytes)}, {text("before")}, 1007});
  }
  list.push_back({"NotUtf8InTheSecondFragment",
                  {fragment(1, greek, false), fragment(0, "\xed\xa0\x80", true)},
                  {},
                  1007});
  list.push_back(
      {"NotUtf8AtTheEndOfFragments", {fragment(1, greek, false), fragment(0, "\xce", true)}, {}, 1007});
  // As soon as a byte can't be right, not when the message is whole (section 8.1).
  list.push_back({"NotUtf8BeforeTheMessageIsWhole", {fragment(1, greek + "\xf4\x90", false)}, {}, 1007});
  list.push_back({"NotUtf8BeforeTheFrameIsWhole",
                  {Sent([](bool masked) {
                    const std::string whole = encode(text("ab\xff" + pattern(100)), masked);
                    return whole.substr(0, whole.size() - 50);
                  })},
                  {},
                  1007});
  list.push_back({"BinaryNeedsNoUtf8", {binary("\xff\xfe\x80")}, {binary("\xff\xfe\x80")}});
}

void add_close(std::vector<Conversation>& list) {
  list.push_back({"CloseWithoutCode", {empty_close()}, {}, 1005});
  list.push_back({"CloseWithReason", {close(1000, "that is all")}, {}, 1000});
  list.push_back({"CloseAfterAMessage", {text("last"), close(1000)}, {text("last")}, 1000});
  list.push_back({"CloseThenMore", {close(1000), text("ignored"), ping("ignored"), close(1001)}, {}, 1000});
  list.push_back(
      {"CloseInsideAFragmentedMessage", {fragment(1, "never whole", false), close(1000)}, {}, 1000});
  list.push_back({"CloseWithHalfACode", {Frame{.opcode = 8, .payload = "\x03"}}, {}, 1002});
  list.push_back({"CloseWithTheLongestReason", {close(1000, pattern(123))}, {}, 1000});
  list.push_back({"CloseTooLong", {close(1000, pattern(124))}, {}, 1002});
  list.push_back({"CloseWithAReasonThatIsNotUtf8", {close(1000, "\xce\xba\xed\xa0\x80")}, {}, 1007});
  for (const int code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999}) {
    list.push_back({"CloseCode" + std::to_string(code), {close(code)}, {}, code});
  }
  for (const int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65'535}) {
    list.push_back({"CloseCodeNeverSent" + std::to_string(code), {close(code)}, {}, 1002});
  }
}

void add_limits(std::vector<Conversation>& list) {
  const std::string longest = pattern(kMessageBytesMax);
  list.push_back({"LongestMessage", {binary(longest)}, {binary(longest)}});
  list.push_back({"LongestMessageInFragments", in_fragments(1, longest, 8192), {text(longest)}});
  // Refused by its header alone.
  list.push_back({"MessageTooLong",
                  {Sent([](bool masked) {
                    return encode(binary(pattern(kMessageBytesMax + 1)), masked).substr(0, masked ? 14 : 10);
                  })},
                  {},
                  1009});
  list.push_back(
      {"MessageTooLongByFragments", {fragment(2, longest, false), fragment(0, "x", true)}, {}, 1009});
  list.push_back({"TooManyFragments", in_fragments(1, pattern(kFragmentsMax + 1), 1), {}, 1008});
}

std::vector<Conversation> conversations() {
  std::vector<Conversation> list;
  add_framing(list);
  add_pings(list);
  add_reserved(list);
  add_fragmentation(list);
  add_utf8(list);
  add_close(list);
  add_limits(list);
  return list;
}

// --- the endpoint: both roles, returning what they get ---

ConnectionOptions connection_options() {
  return {.limits = {.message_bytes_max = kMessageBytesMax, .fragments_max = kFragmentsMax},
          .unsent_bytes_max = 8 * kMessageBytesMax};
}

void echo(Connection& connection, const wire::Message& message) {
  connection.send(message.kind, {message.payload.data(), message.payload.size()});
}

struct EchoServer final : Application {
  explicit EchoServer(net::Loop& loop) : server(loop, options(), *this) {
    net::Socket listener = net::listen_tcp({"127.0.0.1", 0}, {}).value();
    port = net::local_endpoint(listener)->port();
    server.listen(std::move(listener));
  }
  static ServerOptions options() {
    ServerOptions made;
    made.connection = connection_options();
    made.messages_per_second = 0;
    return made;
  }
  Answer on_request(const wire::HttpRequest&, bool, const net::Endpoint&) override { return Upgrade{}; }
  void on_open(Connection&, const wire::HttpRequest&) override {}
  void on_message(Connection& connection, const wire::Message& message, std::int64_t) override {
    echo(connection, message);
  }
  void on_writable(Connection&) override {}
  void on_ended(Connection&, const Ended&) override { ++ended; }

  Server server;
  std::uint16_t port = 0;
  int ended = 0;
};

struct EchoClient final : ClientEvents {
  void on_open(Connection&) override {}
  void on_dial_failed(const DialFailure& failure) override { ADD_FAILURE() << failure.message; }
  void on_message(Connection& connection, const wire::Message& message, std::int64_t) override {
    echo(connection, message);
  }
  void on_writable(Connection&) override {}
  void on_ended(Connection&, const Ended&) override { ++ended; }
  int ended = 0;
};

class Conformance : public testing::TestWithParam<std::tuple<Conversation, wire::Role>> {
 protected:
  void as_server(Tear tear);
  void as_client(Tear tear);
  void converse(test::TestPeer& peer, Tear tear, const int& ended);

  const Conversation& conversation() const { return std::get<0>(GetParam()); }
  bool masked() const { return std::get<1>(GetParam()) == wire::Role::server; }  // what the peer sends
  net::Loop loop_;
};

void Conformance::converse(test::TestPeer& peer, Tear tear, const int& ended) {
  std::string bytes;
  for (const Sent& sent : conversation().sent) bytes += sent.encoded(masked());
  // Long ones in single bytes would take minutes and show nothing new.
  const std::size_t whole_before = tear != Tear::whole && bytes.size() > 4096 ? bytes.size() - 4096 : 0;
  const std::size_t piece_bytes = tear == Tear::whole ? bytes.size() : static_cast<std::size_t>(tear);
  peer.send(std::string_view(bytes).substr(0, whole_before));
  peer.send_in_pieces(std::string_view(bytes).substr(whole_before), piece_bytes);

  for (const Frame& expected : conversation().back) {
    const auto got = peer.read_frame();
    ASSERT_TRUE(got) << "the connection ended before " << conversation().back.size() << " frames came back";
    ASSERT_EQ(*got, expected) << "opcode " << int{got->opcode} << ", " << got->payload.substr(0, 100);
  }
  if (conversation().closes_with == 0) peer.send(close(1000, "done"));
  const auto closing = peer.read_frame();
  ASSERT_TRUE(closing) << "the connection ended without a close frame";
  EXPECT_EQ(test::close_code(*closing), conversation().closes_with == 0 ? 1000 : conversation().closes_with);
  EXPECT_FALSE(peer.wrongly_masked());

  // A client leaves the end of the TCP connection to its server, a server ends it itself (section 7.1.1).
  if (!masked()) peer.shutdown_write();
  EXPECT_TRUE(peer.wait_for_end());
  EXPECT_FALSE(peer.reset());
  if (masked()) peer.close();
  EXPECT_TRUE(test::turn_until(loop_, [&] { return ended == 1; }));
}

void Conformance::as_server(Tear tear) {
  EchoServer server(loop_);
  test::TestPeer peer = test::TestPeer::dial(loop_, server.port);
  ASSERT_THAT(peer.open(), testing::StartsWith("HTTP/1.1 101 "));
  converse(peer, tear, server.ended);
  EXPECT_EQ(server.server.connections(), 0u);
}

void Conformance::as_client(Tear tear) {
  const net::Socket listener = net::listen_tcp({"127.0.0.1", 0}, {}).value();
  net::Background background(loop_);
  EchoClient echo_client;
  ClientOptions options;
  options.connection = connection_options();
  const wire::Url url{
      .scheme = "ws", .host = "127.0.0.1", .port = net::local_endpoint(listener)->port(), .target = ""};
  Client client(loop_, background, url, "/", nullptr, options, echo_client);
  test::TestPeer peer = test::TestPeer::accept(loop_, listener);
  peer.answer();
  converse(peer, tear, echo_client.ended);
  EXPECT_EQ(client.connection(), nullptr);
}

TEST_P(Conformance, Holds) {
  for (const Tear tear : {Tear::whole, Tear::bytes, Tear::pieces}) {
    SCOPED_TRACE(tear == Tear::whole   ? "sent at once"
                 : tear == Tear::bytes ? "in single bytes"
                                       : "in sevens");
    masked() ? as_server(tear) : as_client(tear);
  }
}

std::string name_of(const testing::TestParamInfo<Conformance::ParamType>& test) {
  return std::get<0>(test.param).name +
         (std::get<1>(test.param) == wire::Role::server ? "ToServer" : "ToClient");
}

INSTANTIATE_TEST_SUITE_P(Rfc6455, Conformance,
                         testing::Combine(testing::ValuesIn(conversations()),
                                          testing::Values(wire::Role::server, wire::Role::client)),
                         name_of);

}  // namespace
}  // namespace tickcast::ws
