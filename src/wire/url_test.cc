// SPDX-License-Identifier: Apache-2.0
#include "wire/url.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tickcast::wire {
namespace {

using testing::HasSubstr;

Url good(std::string_view text, std::string_view expected = "ws") {
  Result<Url> url = parse_url(text, expected);
  EXPECT_TRUE(url) << (url ? "" : url.error().message);
  return url ? *url : Url{};
}
std::string failure(std::string_view text, std::string_view expected = "ws") {
  const Result<Url> url = parse_url(text, expected);
  return url ? "" : url.error().message;
}

TEST(Url, IsTakenApart) {
  const Url url = good("wss://stream.binance.com:9443/stream?streams=a/b");
  EXPECT_EQ(url.scheme, "wss");
  EXPECT_EQ(url.host, "stream.binance.com");
  EXPECT_EQ(url.port, 9443);
  EXPECT_EQ(url.target, "/stream?streams=a/b");
  EXPECT_TRUE(url.secure());
  EXPECT_EQ(url.authority(), "stream.binance.com:9443");
  EXPECT_EQ(url.text(), "wss://stream.binance.com:9443/stream?streams=a/b");
}

TEST(Url, HasItsSchemesPortUnlessItNamesOne) {
  EXPECT_EQ(good("ws://a").port, 80);
  EXPECT_EQ(good("wss://a").port, 443);
  EXPECT_EQ(good("http://a", "http").port, 80);
  EXPECT_EQ(good("https://a", "http").port, 443);
  EXPECT_EQ(good("wss://a:443").authority(), "a");
  EXPECT_EQ(good("ws://a:443").authority(), "a:443");
}

TEST(Url, IgnoresTheCaseOfSchemeAndHost) {
  EXPECT_EQ(good("WSS://Stream.Binance.COM/Ws").text(), "wss://stream.binance.com/Ws");
}

TEST(Url, EndsItsPathWithoutASlash) {
  EXPECT_EQ(good("ws://a/").target, "");
  EXPECT_EQ(good("ws://a/ws//").target, "/ws");
  EXPECT_EQ(good("ws://a/ws/?x=/").target, "/ws?x=/");
  EXPECT_EQ(good("ws://a?x").target, "/?x");
}

TEST(Url, TakesIpv6InBrackets) {
  const Url url = good("ws://[::1]:8080/ws");
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.authority(), "[::1]:8080");
  EXPECT_EQ(good("ws://[FE80::1]").authority(), "[fe80::1]");
}

TEST(Url, EncodesOtherLettersInItsTarget) {
  EXPECT_EQ(good("ws://a/ws/\xe5\xb8\x81usdt@bookTicker").target, "/ws/%E5%B8%81usdt@bookTicker");
}

TEST(Url, SaysWhatIsWrongWithIt) {
  EXPECT_THAT(failure("stream.binance.com:9443"), HasSubstr("must begin with ws:// or wss://"));
  EXPECT_THAT(failure("https://a"), HasSubstr("begins with https://, where ws:// or wss:// is needed"));
  EXPECT_THAT(failure("wss://a", "http"), HasSubstr("http:// or https:// is needed"));
  EXPECT_THAT(failure("wsss://a"), HasSubstr("is needed"));
  for (const char* text : {"ws://", "ws:///ws", "ws://:80", "ws://a b", "ws://\xe5\xb8\x81.com", "ws://[::1",
                           "ws://[::1]x80", "ws://[]", "ws://[a]", "ws://::1", "ws://[::g]"}) {
    EXPECT_NE(failure(text), "") << text;
  }
  for (const char* text : {"ws://a:", "ws://a:0", "ws://a:65536", "ws://a:-1", "ws://a:8o", "ws://a:+1"}) {
    EXPECT_THAT(failure(text), HasSubstr("no valid port")) << text;
  }
  EXPECT_THAT(failure("ws://a/ b"), HasSubstr("percent-encoded"));
  EXPECT_THAT(failure("ws://a/\r\nX: y"), HasSubstr("percent-encoded"));
  EXPECT_THAT(failure("ws://a/\x7f"), HasSubstr("percent-encoded"));
  EXPECT_THAT(failure("ws://a/x#y"), HasSubstr("fragment"));
}

TEST(Url, DoesNotRepeatAPassword) {
  EXPECT_THAT(failure("ws://user:secret@a"), HasSubstr("user name"));
  EXPECT_THAT(failure("ws://user:secret@a"), Not(HasSubstr("secret")));
}

RC_GTEST_PROP(Url, ReadsBackItsOwnText, ()) {
  const auto letters = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>('a', 'z')));
  Url url;
  url.scheme = *rc::gen::element<std::string>("ws", "wss");
  url.host = *letters;
  url.port = *rc::gen::inRange<std::uint16_t>(1, 65535);
  url.target = *rc::gen::arbitrary<bool>() ? "" : "/" + *letters + "?" + *letters;
  const Url again = good(url.text());
  RC_ASSERT(again.host == url.host);
  RC_ASSERT(again.port == url.port);
  RC_ASSERT(again.text() == url.text());
}

RC_GTEST_PROP(Url, SurvivesAnyText, (std::string text)) {
  static_cast<void>(parse_url("ws://" + text, "ws").has_value());
  static_cast<void>(parse_listen_address(text).has_value());
}

TEST(ListenAddress, IsReadInEveryForm) {
  const struct {
    const char* text;
    const char* host;
    std::uint16_t port;
  } cases[] = {{":8080", "", 8080},
               {":0", "", 0},
               {"127.0.0.1:80", "127.0.0.1", 80},
               {"localhost:65535", "localhost", 65535},
               {"[::]:1", "::", 1},
               {"[::1]:8080", "::1", 8080}};
  for (const auto& c : cases) {
    const Result<ListenAddress> address = parse_listen_address(c.text);
    ASSERT_TRUE(address) << c.text;
    EXPECT_EQ(address.value().host, c.host);
    EXPECT_EQ(address.value().port, c.port);
    EXPECT_EQ(address.value().text(), c.text);
  }
}

TEST(ListenAddress, SaysWhatIsWrongWithIt) {
  for (const char* text : {"", "8080", "localhost", "::1", "a b:1", "[::1]", "[::1:80", "http://a:80"}) {
    const Result<ListenAddress> address = parse_listen_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_NE(address.error().message, "");
  }
  EXPECT_THAT(parse_listen_address("8080").error().message, HasSubstr("like :8080"));
  EXPECT_THAT(parse_listen_address(":99999").error().message, HasSubstr("no valid port"));
}

}  // namespace
}  // namespace tickcast::wire
