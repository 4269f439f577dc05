// SPDX-License-Identifier: Apache-2.0
#include "wire/http.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tickcast::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

constexpr std::string_view kRfcKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 section 1.3
constexpr std::string_view kRfcAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

std::string get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n";
}
HttpRequest parsed(std::string_view bytes) {
  ParsedRequest result = parse_request_head(bytes);
  EXPECT_EQ(result.status, HeadStatus::complete) << bytes;
  return std::move(result.request);
}

// --- request heads ---

TEST(RequestHead, SplitsTargetIntoPathAndQuery) {
  const HttpRequest request =
      parsed(get("/stream?streams=btcusdt@bookTicker/ethusdt@trade&timeUnit=MICROSECOND&x&y="));
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/stream?streams=btcusdt@bookTicker/ethusdt@trade&timeUnit=MICROSECOND&x&y=");
  EXPECT_EQ(request.path, "/stream");
  EXPECT_THAT(request.query, ElementsAre(Pair("streams", "btcusdt@bookTicker/ethusdt@trade"),
                                         Pair("timeUnit", "MICROSECOND"), Pair("x", ""), Pair("y", "")));
  EXPECT_EQ(request.query_value("timeUnit"), "MICROSECOND");
  EXPECT_EQ(request.query_value("timeunit"), std::nullopt);
}

TEST(RequestHead, DecodesPercentInPathAndQuery) {
  const HttpRequest request = parsed(get("/ws/%E5%B8%81usdt%40bookTicker?a%3D=%26%2b+"));
  EXPECT_EQ(request.path, "/ws/\xe5\xb8\x81usdt@bookTicker");
  EXPECT_THAT(request.query, ElementsAre(Pair("a=", "&++")));
}

TEST(RequestHead, TakesUtf8ThatIsNotEncoded) {
  EXPECT_EQ(parsed(get("/ws/\xe5\xb8\x81usdt@bookTicker")).path, "/ws/\xe5\xb8\x81usdt@bookTicker");
}

TEST(RequestHead, LeavesWhatFollowsIt) {
  const std::string head = get("/ws");
  const ParsedRequest result = parse_request_head(head + "\x81\x85 and more\r\n\r\n");
  EXPECT_EQ(result.status, HeadStatus::complete);
  EXPECT_EQ(result.consumed, head.size());
}

TEST(RequestHead, NeedsMoreUntilItsBlankLine) {
  const std::string head = get("/ws", "A: b\r\n");
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(parse_request_head(head.substr(0, size)).status, HeadStatus::need_more) << size;
  }
}

TEST(RequestHead, FindsHeadersInAnyCaseAndTheFirstOfMany) {
  const HttpRequest request = parsed(get("/", "x-a: 1\r\nX-A: 2\r\nEmpty:\r\n"));
  EXPECT_EQ(header(request.headers, "X-a"), "1");
  EXPECT_EQ(header(request.headers, "empty"), "");
  EXPECT_EQ(header(request.headers, "absent"), std::nullopt);
}

TEST(RequestHead, MeasuresTheBody) {
  EXPECT_EQ(parsed(get("/")).content_length, 0u);
  EXPECT_EQ(parsed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12345678901\r\n\r\n").content_length,
            12345678901u);
  EXPECT_EQ(parsed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").content_length,
            HttpRequest::kUnknownLength);
}

TEST(RequestHead, TellsWhetherTheConnectionStays) {
  EXPECT_TRUE(parsed(get("/")).keep_alive);
  EXPECT_FALSE(parsed(get("/", "Connection: close\r\n")).keep_alive);
  EXPECT_FALSE(parsed("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(RequestHead, RefusesWhatIsNotAGoodRequest) {
  const std::string bad[] = {
      "\x16\x03\x01\x02",  // a TLS hello
      "\r\n",
      "GET\r\n\r\n",
      "GET /\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",                        // no Host
      "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",  // two
      get("http://a/ws"),                              // absolute form
      get("*"),
      get("ws"),
      get("/a b"),
      get("/a#b"),
      get("/%4"),
      get("/%zz"),
      get("/?a=%"),
      get("/", "No colon\r\n"),
      get("/", "Bad name: x\r\n"),
      get("/", "A: b\x01\r\n"),
      get("/", "Content-Length: -1\r\n"),
      get("/", "Content-Length: 1\r\nContent-Length: 2\r\n"),
      get("/", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
      get("/", "Content-Length: 99999999999999999999\r\n"),
  };
  for (const std::string& bytes : bad) EXPECT_EQ(parse_request_head(bytes).status, HeadStatus::bad) << bytes;
}

TEST(RequestHead, MayBeAsLongAsTheLimitAndNoLonger) {
  const std::string frame = get("/stream?streams=");
  const std::string longest = get("/stream?streams=" + std::string(kHttpHeadBytesMax - frame.size(), 'x'));
  ASSERT_EQ(longest.size(), kHttpHeadBytesMax);
  EXPECT_EQ(parse_request_head(longest).status, HeadStatus::complete);
  EXPECT_EQ(parse_request_head("x" + longest).status, HeadStatus::too_long);
  EXPECT_EQ(parse_request_head(longest.substr(0, longest.size() - 1)).status, HeadStatus::need_more);
  EXPECT_EQ(parse_request_head(std::string(kHttpHeadBytesMax, 'x')).status, HeadStatus::too_long);
}

TEST(RequestHead, HoldsAUrlOf1024Streams) {
  std::string target = "/stream?streams=";
  for (int i = 0; i < 1024; ++i) target += "btcusdt@bookTicker/";
  EXPECT_EQ(parsed(get(target)).query_value("streams")->size(), 1024u * 19);
}

TEST(RequestHead, HoldsAsManyHeadersAsFit) {
  std::string headers;
  while (headers.size() + 100 < kHttpHeadBytesMax) headers += "a:\r\n";
  EXPECT_EQ(parsed(get("/", headers)).headers.size(), 1 + headers.size() / 4);
}

// --- response heads ---

TEST(ResponseHead, GivesStatusAndHeaders) {
  const std::string head = "HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nContent-Length: 3\r\n\r\n";
  const ParsedResponse result = parse_response_head(head + "abc");
  ASSERT_EQ(result.status, HeadStatus::complete);
  EXPECT_EQ(result.consumed, head.size());
  EXPECT_EQ(result.response.status, 429);
  EXPECT_EQ(header(result.response.headers, "retry-after"), "7");
}

TEST(ResponseHead, TakesAStatusNobodyKnowsAndNoReason) {
  EXPECT_EQ(parse_response_head("HTTP/1.1 598 \r\n\r\n").response.status, 598);
}

TEST(ResponseHead, RefusesWhatIsNotHttp) {
  for (const std::string bytes :
       {"\x81\x05hello", "HTTP/1.1 20 OK\r\n\r\n", "SSH-2.0-x\r\n\r\n", "ICY 200 OK\r\n\r\n"}) {
    EXPECT_EQ(parse_response_head(bytes).status, HeadStatus::bad) << bytes;
  }
}

TEST(FormatResponse, AddsLengthAndConnection) {
  EXPECT_EQ(format_response({.status = 503, .headers = {{"Retry-After", "1"}}, .body = "full"}, false),
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 4\r\nConnection: "
            "close\r\n\r\nfull");
  EXPECT_THAT(format_response({}, true), HasSubstr("Content-Length: 0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(FormatResponse, SendsNoBodyWhereHttpAllowsNone) {
  const std::string bytes = format_response({.status = 304, .headers = {}, .body = "x"}, true);
  EXPECT_EQ(bytes, "HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n\r\n");
}

TEST(FormatResponse, NamesTheStatusesAnExchangeUses) {
  for (const auto& [status, line] : {std::pair(418, "HTTP/1.1 418 I'm a teapot\r\n"),
                                     std::pair(451, "HTTP/1.1 451 Unavailable For Legal Reasons\r\n"),
                                     std::pair(598, "HTTP/1.1 598 \r\n")}) {
    EXPECT_THAT(format_response({.status = status, .headers = {}, .body = ""}, true),
                testing::StartsWith(line));
  }
}

TEST(FormatResponse, IsReadBack) {
  const HttpResponse response{.status = 200, .headers = {{"Content-Type", "text/plain"}}, .body = "hello"};
  const ParsedResponse result = parse_response_head(format_response(response, true));
  ASSERT_EQ(result.status, HeadStatus::complete);
  EXPECT_EQ(header(result.response.headers, "Content-Length"), "5");
}

TEST(FormatResponseDeath, StopsAHeaderThatForgesAnother) {
  EXPECT_DEATH(format_response({.status = 200, .headers = {{"A", "b\r\nSet-Cookie: c"}}, .body = ""}, true),
               "line break");
}

// --- percent encoding ---

TEST(Percent, KeepsWhatStreamNamesAreMadeOf) {
  EXPECT_EQ(percent_encode("!bookTicker@arr/a-b._~"), "!bookTicker@arr/a-b._~");
  EXPECT_EQ(percent_encode("\xe5\xb8\x81 +%?&="), "%E5%B8%81%20%2B%25%3F%26%3D");
}

TEST(Percent, RefusesHalfAnEscape) {
  for (const char* text : {"%", "%4", "a%", "%4g", "%g4", "%%41"})
    EXPECT_EQ(percent_decode(text), std::nullopt) << text;
  EXPECT_EQ(percent_decode("%41%4a%4A+"), "AJJ+");
}

RC_GTEST_PROP(Percent, DecodesWhatItEncoded, (std::string text)) {
  RC_ASSERT(percent_decode(percent_encode(text)) == text);
}

// --- the handshake, as a server ---

const std::string kHandshakeHeaders =
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + std::string(kRfcKey) +
    "\r\nSec-WebSocket-Version: 13\r\n";

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(Handshake, HashesTheKeyAsTheRfcsExample) { EXPECT_EQ(accept_key(kRfcKey), kRfcAccept); }

TEST(Handshake, IsAnsweredWith101) {
  const HandshakeAnswer answer = answer_handshake(parsed(get("/ws", kHandshakeHeaders)));
  EXPECT_TRUE(answer.accepted);
  EXPECT_EQ(answer.bytes,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
                std::string(kRfcAccept) + "\r\n\r\n");
}

TEST(Handshake, TakesTokensInListsAndInAnyCase) {
  std::string headers =
      replaced(kHandshakeHeaders, "Connection: Upgrade", "connection: keep-alive,\t UPGRADE");
  headers = replaced(headers, "Upgrade: websocket", "UPGRADE: h2c\r\nUpgrade: foo, WebSocket");
  EXPECT_TRUE(answer_handshake(parsed(get("/ws", headers))).accepted);
}

TEST(Handshake, ReflectsNothingOfTheRequest) {
  const std::string headers = kHandshakeHeaders +
                              "Origin: evil\r\nSec-WebSocket-Protocol: evil\r\n"
                              "Sec-WebSocket-Extensions: permessage-deflate\r\nX: evil\r\n";
  const HandshakeAnswer answer = answer_handshake(parsed(get("/evil?evil", headers)));
  EXPECT_TRUE(answer.accepted);
  EXPECT_THAT(answer.bytes, Not(HasSubstr("evil")));
  EXPECT_THAT(answer.bytes, Not(HasSubstr("permessage")));
}

TEST(Handshake, IsRefusedForEachRuleItBreaks) {
  const struct {
    std::string request;
    int status;
    const char* word;
  } cases[] = {
      {replaced(get("/ws", kHandshakeHeaders), "GET", "POST"), 400, "GET"},
      {replaced(get("/ws", kHandshakeHeaders), "HTTP/1.1", "HTTP/1.0"), 400, "HTTP/1.1"},
      {get("/ws", kHandshakeHeaders + "Content-Length: 1\r\n"), 400, "body"},
      {get("/ws", replaced(kHandshakeHeaders, "Upgrade: websocket", "Upgrade: h2c")), 426,
       "Upgrade: websocket"},
      {get("/ws", replaced(kHandshakeHeaders, "Connection: Upgrade", "Connection: close")), 400,
       "Connection"},
      {get("/ws", replaced(kHandshakeHeaders, "Version: 13", "Version: 8")), 426, "13"},
      {get("/ws", replaced(kHandshakeHeaders, "Version: 13", "Version: 13, 8")), 426, "13"},
      {get("/ws", replaced(kHandshakeHeaders, "Sec-WebSocket-Version: 13\r\n", "")), 400, "13"},
      {get("/ws", replaced(kHandshakeHeaders, "Sec-WebSocket-Key", "X")), 400, "Key"},
      {get("/ws", replaced(kHandshakeHeaders, "b25jZQ", "b25jZ")), 400, "16 bytes"},
      {get("/ws", replaced(kHandshakeHeaders, "b25jZQ=", "b25jZQQ")), 400, "16 bytes"},
      {get("/ws", replaced(kHandshakeHeaders, "dGhl", "d hl")), 400, "16 bytes"},
      {get("/ws", kHandshakeHeaders + "Sec-WebSocket-Key: " + std::string(kRfcKey) + "\r\n"), 400, "One"},
  };
  for (const auto& c : cases) {
    const HandshakeAnswer answer = answer_handshake(parsed(c.request));
    EXPECT_FALSE(answer.accepted) << c.request;
    EXPECT_EQ(answer.refusal.status, c.status) << c.request;
    EXPECT_THAT(answer.refusal.body, HasSubstr(c.word));
    EXPECT_THAT(answer.bytes, IsEmpty());
    const bool tells_version = header(answer.refusal.headers, "Sec-WebSocket-Version") == "13";
    EXPECT_EQ(tells_version, c.status == 426);
  }
}

TEST(Handshake, IsOnlyLookedForInTheUpgradeHeader) {
  EXPECT_TRUE(is_websocket_upgrade(parsed(get("/", "Upgrade: WebSocket\r\n"))));
  EXPECT_FALSE(is_websocket_upgrade(parsed(get("/", "Upgrade: websockets\r\nConnection: websocket\r\n"))));
}

// --- the handshake, as a client ---

TEST(Handshake, OfOurClientIsAcceptedByOurServer) {
  const std::string bytes =
      handshake_request("example.com:9443", "/stream?a=b", kRfcKey, {{"User-Agent", "tickcast"}});
  const HttpRequest request = parsed(bytes);
  EXPECT_EQ(request.target, "/stream?a=b");
  EXPECT_EQ(header(request.headers, "Host"), "example.com:9443");
  EXPECT_EQ(header(request.headers, "User-Agent"), "tickcast");

  const HandshakeAnswer answer = answer_handshake(request);
  ASSERT_TRUE(answer.accepted) << answer.refusal.body;
  const ParsedResponse response = parse_response_head(answer.bytes);
  ASSERT_EQ(response.status, HeadStatus::complete);
  EXPECT_TRUE(check_handshake_response(response.response, kRfcKey));
}

TEST(Handshake, AsksForTheRootWithoutATarget) {
  EXPECT_THAT(handshake_request("a", "", kRfcKey), testing::StartsWith("GET / HTTP/1.1\r\n"));
}

TEST(Handshake, RefusesAnAnswerThatBreaksARule) {
  const HttpHeaders good = {
      {"Upgrade", "WebSocket"}, {"Connection", "upgrade"}, {"Sec-WebSocket-Accept", std::string(kRfcAccept)}};
  const auto failure = [&](int status, HttpHeaders headers) {
    const Status outcome =
        check_handshake_response({.status = status, .headers = std::move(headers), .body = ""}, kRfcKey);
    return outcome ? "" : outcome.error().message;
  };
  EXPECT_EQ(failure(101, good), "");
  EXPECT_THAT(failure(451, good), HasSubstr("451 Unavailable For Legal Reasons"));
  EXPECT_THAT(failure(101, {good[0], good[2]}), HasSubstr("Connection"));
  EXPECT_THAT(failure(101, {good[1], good[2]}), HasSubstr("Upgrade"));
  EXPECT_THAT(failure(101, {good[0], good[1]}), HasSubstr("Accept"));
  EXPECT_THAT(failure(101, {good[0], good[1], {"Sec-WebSocket-Accept", "x"}}), HasSubstr("Accept"));
  EXPECT_THAT(failure(101, {good[0], good[1], good[2], {"Sec-WebSocket-Extensions", "permessage-deflate"}}),
              HasSubstr("not offered"));
  EXPECT_THAT(failure(101, {good[0], good[1], good[2], {"Sec-WebSocket-Protocol", "x"}}),
              HasSubstr("not offered"));
}

TEST(HandshakeDeath, NeverSendsATargetThatBreaksTheRequestLine) {
  EXPECT_DEATH(handshake_request("a", "/a b", kRfcKey), "percent-encoded");
  EXPECT_DEATH(handshake_request("a\r\nX: y", "/", kRfcKey), "line break");
}

}  // namespace
}  // namespace tickcast::wire
