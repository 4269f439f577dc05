// SPDX-License-Identifier: Apache-2.0
//
// Requests and errors of the exchange's documentation, to the letter. Property: simdjson and json_fault agree
// on what is JSON.
#include "wire/control.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "wire/json_fault.h"

namespace tickcast::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

ControlRequest request(std::string_view text) {
  ControlReader reader;
  auto read = reader.read(text);
  if (const auto* error = std::get_if<ControlError>(&read)) {
    ADD_FAILURE() << text << ": " << error->message;
    return {};
  }
  return std::get<ControlRequest>(read);
}

ControlError error(std::string_view text) {
  ControlReader reader;
  auto read = reader.read(text);
  if (std::holds_alternative<ControlRequest>(read)) {
    ADD_FAILURE() << text << " was accepted";
    return {};
  }
  return std::get<ControlError>(read);
}

void expect_error(std::string_view text, int code, std::string_view message, std::string_view id) {
  const ControlError got = error(text);
  EXPECT_EQ(got.code, code) << text;
  EXPECT_EQ(got.message, message) << text;
  EXPECT_EQ(got.id, id) << text;
}

TEST(ControlRequests, ReadsEveryMethod) {
  const ControlRequest subscribe =
      request(R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker","!miniTicker@arr"],"id":1})");
  EXPECT_EQ(subscribe.method, Method::subscribe);
  ASSERT_EQ(subscribe.streams.size(), 2U);
  EXPECT_EQ(subscribe.streams[0].text, "btcusdt@bookTicker");
  EXPECT_EQ(subscribe.streams[0].channel, Channel::book_ticker);
  EXPECT_EQ(subscribe.streams[1].channel, Channel::unknown);
  EXPECT_EQ(subscribe.id, "1");

  const ControlRequest unsubscribe =
      request(R"({"id":312,"params":["btcusdt@depth"],"method":"UNSUBSCRIBE"})");
  EXPECT_EQ(unsubscribe.method, Method::unsubscribe);
  EXPECT_EQ(unsubscribe.streams[0].text, "btcusdt@depth");
  EXPECT_EQ(request(R"({"method":"LIST_SUBSCRIPTIONS","id":3})").method, Method::list_subscriptions);
  EXPECT_EQ(request(R"({"method":"LIST_SUBSCRIPTIONS","params":[],"id":3})").method,
            Method::list_subscriptions);
  EXPECT_EQ(request(R"({"method":"GET_PROPERTY","params":["combined"],"id":2})").method,
            Method::get_property);
  const ControlRequest on = request(R"({"method":"SET_PROPERTY","params":["combined",true],"id":5})");
  EXPECT_EQ(on.method, Method::set_property);
  EXPECT_TRUE(on.combined);
  EXPECT_FALSE(request(R"({"method":"SET_PROPERTY","params":["combined",false],"id":5})").combined);
}

TEST(ControlRequests, ToleratesSpacesUnknownKeysEscapesAndNoStreams) {
  EXPECT_EQ(request("{ \"method\" : \"SUBSCRIBE\" ,\n \"params\" : [ \"a@trade\" ] , \"x\" : {\"y\":[1e9]}, "
                    "\"id\" : 1 }")
                .streams.size(),
            1U);
  EXPECT_EQ(
      request(R"({"m\u0065thod":"SUBSCR\u0049BE","params":["btc\u0075sdt@trade"],"id":1})").streams[0].text,
      "btcusdt@trade");
  EXPECT_THAT(request(R"({"method":"SUBSCRIBE","params":[],"id":1})").streams, IsEmpty());
  EXPECT_THAT(request(R"({"method":"SUBSCRIBE","id":1})").streams, IsEmpty());
}

TEST(ControlRequests, EchoesIdsOfEveryType) {
  const auto id_of = [](const std::string& id) {
    return request(R"({"method":"LIST_SUBSCRIPTIONS","id":)" + id + "}").id;
  };
  for (const char* id :
       {"0", "1", "-1", "312", "9223372036854775807", "-9223372036854775808", "null", "\"\"", "\"a\"",
        "\"9d32157c-a556-4d27-9866-66760a174b57\"", "\"1c2fa8d5b7e94d0c8f6b3a2e1d0c9b8a\"", "\"A_b-9\"",
        "\"012345678901234567890123456789012345\""}) {
    EXPECT_EQ(id_of(id), id);
  }
  EXPECT_EQ(id_of("\"\\u0061\""), "\"a\"");
  EXPECT_EQ(id_of(" 7 "), "7");
}

TEST(ControlErrors, RefuseOtherIds) {
  constexpr std::string_view kBadId = "Invalid request: request ID must be an unsigned integer";
  expect_error(R"({"method":"LIST_SUBSCRIPTIONS"})", 2, kBadId, "");
  for (const char* id :
       {"1.0", "1e3", "-0", "true", "false", "{}", "[1]", "[]", "9223372036854775808", "-9223372036854775809",
        "123456789012345678901234567890", "\"0123456789012345678901234567890123456\"", "\"a b\"",
        "\"a\\\"b\"", "\"\\n\"", "\"币\""}) {
    expect_error(R"({"method":"LIST_SUBSCRIPTIONS","id":)" + std::string(id) + "}", 2, kBadId, "");
  }
}

TEST(ControlErrors, SayTheExchangesWords) {
  expect_error(R"({"method":"SET_PROPERTY","params":["colour",true],"id":5})", 0, "Unknown property", "5");
  expect_error(R"({"method":"GET_PROPERTY","params":["colour"],"id":"x"})", 0, "Unknown property", "\"x\"");
  for (const char* params :
       {R"(["combined"])", R"(["combined",1])", R"(["combined","true"])", R"(["combined",null])"}) {
    expect_error(R"({"method":"SET_PROPERTY","params":)" + std::string(params) + R"(,"id":5})", 1,
                 "Invalid value type: expected Boolean", "5");
  }
  for (const char* method : {"SET_PROPERTY", "GET_PROPERTY"}) {
    for (const char* params : {"", R"("params":[],)", R"("params":[1],)", R"("params":null,)",
                               R"("params":"combined",)", R"("params":[null],)"}) {
      expect_error(R"({"method":")" + std::string(method) + "\"," + params + R"("id":5})", 2,
                   "Invalid request: property name must be a string", "5");
    }
  }
  constexpr std::string_view kTooMany = "Invalid request: too many parameters";
  expect_error(R"({"method":"SET_PROPERTY","params":["combined",true,1],"id":5})", 2, kTooMany, "5");
  expect_error(R"({"method":"GET_PROPERTY","params":["combined",true],"id":5})", 2, kTooMany, "5");
  expect_error(R"({"method":"LIST_SUBSCRIPTIONS","params":["combined"],"id":5})", 2, kTooMany, "5");
  for (const char* stream :
       {R"("btcusdt")", R"("")", "5", "null", R"("a b@trade")", R"(["btcusdt@trade"])"}) {
    expect_error(
        R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker",)" + std::string(stream) + R"(],"id":5})", 2,
        "Invalid request: invalid stream", "5");
  }
}

TEST(ControlErrors, NameTheMethodsThereAre) {
  expect_error(R"({"method":"SUBSCRIPTIONS","id":1})", 2,
               "Invalid request: unknown variant `SUBSCRIPTIONS`, expected one of `SUBSCRIBE`, "
               "`UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, "
               "`SET_PROPERTY`, `GET_PROPERTY` at line 1 column 25",
               "1");
  EXPECT_THAT(error("{\n\"id\":1,\n \"method\":\"subscribe\"\n}").message,
              ::testing::EndsWith(" at line 3 column 21"));
  EXPECT_THAT(error(R"({"id":1,"method":""})").message,
              StartsWith("Invalid request: unknown variant ``, expected"));
  EXPECT_LT(error(R"({"id":1,"method":")" + std::string(50'000, 'M') + "\"}").message.size(), 300U);
}

TEST(ControlErrors, SayWhereTheMethodIsMissing) {
  expect_error(R"({"params":["btcusdt@bookTicker"],"id":1})", 2,
               "Invalid request: missing field `method` at line 1 column 40", "1");
  expect_error("{}", 2, "Invalid request: missing field `method` at line 1 column 2", "");
  expect_error("{\n}\n", 2, "Invalid request: missing field `method` at line 2 column 1", "");
  expect_error(R"({"method":5,"id":1})", 3, "Invalid JSON: expected value at line 1 column 11", "");
}

TEST(ControlErrors, SayWhereTheJsonBreaks) {
  const auto message = [](std::string_view text) {
    const ControlError got = error(text);
    EXPECT_EQ(got.code, 3) << text;
    EXPECT_EQ(got.id, "") << text;
    EXPECT_THAT(got.message, StartsWith("Invalid JSON: "));
    return got.message.substr(14);
  };
  EXPECT_EQ(message("hello"), "expected value at line 1 column 1");
  EXPECT_EQ(message("SUBSCRIBE btcusdt@bookTicker"), "expected value at line 1 column 1");
  EXPECT_EQ(message("\n\n  hello"), "expected value at line 3 column 3");
  EXPECT_EQ(message(""), "EOF while parsing a value at line 1 column 0");
  EXPECT_EQ(message("[1]"), "expected value at line 1 column 1");
  EXPECT_EQ(message("{\"method\":"), "EOF while parsing a value at line 1 column 10");
  EXPECT_EQ(message("{\"method\":\"SUBSC"), "EOF while parsing a string at line 1 column 16");
  EXPECT_EQ(message("{\"params\":[1"), "EOF while parsing a list at line 1 column 12");
  EXPECT_EQ(message("{\"params\":1"), "EOF while parsing an object at line 1 column 11");
  EXPECT_EQ(message("{\"params\":[1,]}"), "trailing comma at line 1 column 14");
  EXPECT_EQ(message("{\"a\":1,}"), "trailing comma at line 1 column 8");
  EXPECT_EQ(message("{\"a\" 1}"), "expected `:` at line 1 column 6");
  EXPECT_EQ(message("{\"a\":1 \"b\"}"), "expected `,` or `}` at line 1 column 8");
  EXPECT_EQ(message("{\"a\":[1 2]}"), "expected `,` or `]` at line 1 column 9");
  EXPECT_EQ(message("{a:1}"), "key must be a string at line 1 column 2");
  EXPECT_EQ(message("{\"a\":nul}"), "expected ident at line 1 column 9");
  EXPECT_EQ(message("{\"a\":01}"), "invalid number at line 1 column 7");
  EXPECT_EQ(message("{\"a\":\"\\x\"}"), "invalid escape at line 1 column 8");
  EXPECT_EQ(message("{} x"), "trailing characters at line 1 column 4");
  EXPECT_THAT(message("{\"a\":\"\n\"}"), StartsWith("control character"));
  EXPECT_THAT(message(std::string("{\"a\":\"\xff\"}")), StartsWith("expected value"));
}

TEST(ControlErrors, ComeForARequestCutAtFourKibibytes) {
  std::string text = R"({"method":"SUBSCRIBE","params":[)";
  while (text.size() < 4096) text += "\"btcusdt@bookTicker_with_a_long_name\",";
  text.resize(4096);
  ASSERT_NE(text.back(), ',');
  EXPECT_EQ(error(text).message, "Invalid JSON: EOF while parsing a string at line 1 column 4096");
}

TEST(ControlReplies, HaveTheExchangesShapes) {
  EXPECT_EQ(null_reply("1"), R"({"result":null,"id":1})");
  EXPECT_EQ(bool_reply(true, "\"x\""), R"({"result":true,"id":"x"})");
  EXPECT_EQ(bool_reply(false, "null"), R"({"result":false,"id":null})");
  EXPECT_EQ(list_reply({}, "3"), R"({"result":[],"id":3})");
  EXPECT_EQ(list_reply({"btcusdt@bookTicker", "!quote@arr"}, "3"),
            R"({"result":["btcusdt@bookTicker","!quote@arr"],"id":3})");
  EXPECT_EQ(error_reply({2, "Invalid request: invalid stream", "2"}),
            R"({"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":2})");
  EXPECT_EQ(error_reply({3, "a \"b\"\n", ""}), R"({"error":{"code":3,"msg":"a \"b\"\n"}})");
}

TEST(UnsubscribeRequest, IsReadBack) {
  ControlReader reader;
  const auto read = reader.read(unsubscribe_request({"btcusdt@quote"}, 8));
  const auto* const request = std::get_if<ControlRequest>(&read);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(request->method, Method::unsubscribe);
  ASSERT_EQ(request->streams.size(), 1u);
  EXPECT_EQ(request->streams[0].text, "btcusdt@quote");
  EXPECT_EQ(request->id, "8");
}

TEST(SubscribeRequest, IsReadBack) {
  const std::vector<std::string> streams = {"btcusdt@bookTicker", "币安人生usdt@bookTicker"};
  const std::string text = subscribe_request(streams, 7);
  EXPECT_EQ(text,
            R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker","币安人生usdt@bookTicker"],"id":7})");
  const ControlRequest read = request(text);
  ASSERT_EQ(read.streams.size(), 2U);
  EXPECT_EQ(read.streams[1].text, streams[1]);
}

RC_GTEST_PROP(ControlProperty, RequestsAreReadAsTheyWereMade, ()) {
  const auto id = *rc::gen::arbitrary<std::int64_t>();
  const auto names = *rc::gen::container<std::vector<std::string>>(
      rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>('a', 'z'))));
  std::vector<std::string> streams;
  for (const auto& name : names) streams.push_back(name.substr(0, 48) + "@bookTicker");
  ControlReader reader;
  const auto read = reader.read(subscribe_request(streams, id));
  const auto* const got = std::get_if<ControlRequest>(&read);
  RC_ASSERT(got != nullptr);
  RC_ASSERT(got->id == std::to_string(id));
  RC_ASSERT(got->streams.size() == streams.size());
  for (std::size_t i = 0; i < streams.size(); ++i) RC_ASSERT(got->streams[i].text == streams[i]);
}

RC_GTEST_PROP(ControlProperty, AFaultIsFoundExactlyWhereTheTextIsRefusedAsJson, ()) {
  std::string text = *rc::gen::element<std::string>(
      R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker","a\u00e9\n"],"id":-12.5e+3})",
      R"({"a":[{"b":[true,false,null,{}],"c":""},[],0,-0.0],"d":"\ud83d\ude00"})");
  const auto changes = *rc::gen::inRange(0, 4);
  for (int i = 0; i < changes && !text.empty(); ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    if (*rc::gen::arbitrary<bool>()) {
      text.erase(at, *rc::gen::inRange<std::size_t>(1, 4));
    } else {
      text.insert(at, 1, *rc::gen::elementOf(std::string("\"\\,:[]{}0123456789.-+eEtfnu \n\tdD8c")));
    }
  }
  ControlReader reader;
  const auto read = reader.read(text);
  const auto* const got = std::get_if<ControlError>(&read);
  const bool is_json = json_fault(text).empty();
  if (got == nullptr) RC_ASSERT(is_json);
  if (got != nullptr && is_json) {
    // A text that is JSON is refused as no JSON only where it is no object, or the method is no string.
    RC_ASSERT(got->code != 3 || text.find_first_not_of(" \n\t") != text.find('{') ||
              text.find("method") != std::string::npos);
  }
}

}  // namespace
}  // namespace tickcast::wire
