// SPDX-License-Identifier: Apache-2.0
#include "feed/rest_client.h"

#include <functional>
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "feed/feed.h"
#include "feed/scripted_exchange.h"
#include "net/socket.h"

namespace tickcast::feed {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class RestClientTest : public testing::Test {
 protected:
  RestClientTest() : exchange_(loop_) { options_.base = exchange_.rest(); }

  // The outcome of one look-up of all tickers.
  RestOutcome<RestTickers> look_up() {
    RestClient client(loop_, options_);
    std::optional<RestOutcome<RestTickers>> outcome;
    client.book_tickers([&](const RestOutcome<RestTickers>& result) { outcome = result; });
    const std::int64_t deadline_ns = steady_ns() + 60 * kNsPerSecond;
    while (!outcome && steady_ns() < deadline_ns) loop_.turn(5 * kNsPerMs);
    return outcome.value_or(RestOutcome<RestTickers>{.result = RestFailure{"nothing came back", 0}});
  }
  std::string failure() {
    const auto outcome = look_up();
    return outcome.failure() ? outcome.failure()->message : "it succeeded";
  }
  void answer(wire::HttpResponse response) {
    exchange_.rest_fault = [response](const wire::HttpRequest&) { return response; };
  }

  net::Loop loop_;
  ScriptedExchange exchange_;
  RestOptions options_;
};

TEST_F(RestClientTest, BringsValuesAndTheTimesAroundTheRequest) {
  exchange_.list("A101USDT");
  const std::int64_t before_ns = wall_ns();
  const auto outcome = look_up();
  ASSERT_NE(outcome.value(), nullptr);
  ASSERT_EQ(outcome.value()->size(), 1u);
  EXPECT_EQ(outcome.value()->front().symbol, "A101USDT");
  EXPECT_TRUE(outcome.value()->front().quote.same_values(exchange_.last("A101USDT")));
  EXPECT_LE(before_ns, outcome.asked_ns);
  EXPECT_LE(outcome.asked_ns, outcome.answered_ns);
  EXPECT_LE(outcome.answered_ns, wall_ns());
}

TEST_F(RestClientTest, AsksForACompressedAnswerAndUnpacksIt) {
  for (int i = 100; i < 200; ++i) exchange_.list("A" + std::to_string(i) + "USDT");
  const auto outcome = look_up();
  ASSERT_NE(outcome.value(), nullptr);
  EXPECT_EQ(outcome.value()->size(), 100u);
  EXPECT_EQ(exchange_.gzip_answers, 1);
}

TEST_F(RestClientTest, PassesOnTheExchangesWordsAndItsWish) {
  answer(
      {418, {{"Retry-After", "33"}}, R"({"code":-1003,"msg":"Way too many requests; IP banned until 1"})"});
  const auto outcome = look_up();
  ASSERT_NE(outcome.failure(), nullptr);
  EXPECT_EQ(outcome.failure()->wait_ns, 33 * kNsPerSecond);
  EXPECT_THAT(outcome.failure()->message, AllOf(HasSubstr("418"), HasSubstr("IP banned until 1")));
}

TEST_F(RestClientTest, TellsWhenNobodyListens) {
  exchange_.go_away();
  EXPECT_THAT(failure(), AllOf(HasSubstr("127.0.0.1"), HasSubstr("does not take connections")));
}

TEST_F(RestClientTest, TellsWhenTheNameHasNoAddress) {
  options_.base = *wire::parse_url("http://no-such-host.invalid", "http");
  EXPECT_THAT(failure(), HasSubstr("no-such-host.invalid"));
}

TEST_F(RestClientTest, TellsWhenTlsMeetsNone) {
  options_.base.scheme = "https";
  EXPECT_THAT(failure(), HasSubstr("TLS"));
}

TEST_F(RestClientTest, GivesUpOnAServerThatNeverAnswers) {
  auto silent = net::listen_tcp({"127.0.0.1", 0}, {});
  ASSERT_TRUE(silent.has_value());
  options_.base.port = net::local_endpoint(*silent)->port();
  options_.total_timeout_ns = 200 * kNsPerMs;
  EXPECT_THAT(failure(), HasSubstr("did not answer in time"));
}

TEST_F(RestClientTest, RefusesABodyOverItsLimit) {
  options_.body_bytes_max = 1000;
  answer({200, {}, std::string(1001, ' ')});
  EXPECT_THAT(failure(), HasSubstr("more than 1000 bytes"));
}

TEST_F(RestClientTest, DoesNotFollowRedirects) {
  answer({302, {{"Location", "http://127.0.0.1:1/"}}, ""});
  EXPECT_THAT(failure(), HasSubstr("elsewhere"));
}

TEST_F(RestClientTest, TellsWhenTheAnswerIsNoJson) {
  answer({200, {{"Content-Type", "text/html"}}, "<html>welcome to our hotel</html>"});
  EXPECT_THAT(failure(), HasSubstr("unreadable"));
}

TEST_F(RestClientTest, IsDestroyedSoonWhileARequestHangs) {
  auto silent = net::listen_tcp({"127.0.0.1", 0}, {});
  ASSERT_TRUE(silent.has_value());
  options_.base.port = net::local_endpoint(*silent)->port();
  std::optional<RestClient> client(std::in_place, loop_, options_);
  bool called = false;
  client->ping([&](const RestOutcome<Done>&) { called = true; });
  loop_.turn(50 * kNsPerMs);
  const std::int64_t start_ns = steady_ns();
  client.reset();
  EXPECT_LT(steady_ns() - start_ns, 5 * kNsPerSecond) << "it would hang for 8 s by itself";
  loop_.turn(0);
  EXPECT_FALSE(called);
}

// --- probe(): blocking, so the exchange needs a thread of its own ---

class ProbeTest : public testing::Test {
 protected:
  ProbeTest() {
    options_.rest = exchange_.rest();
    options_.streams = exchange_.streams();
  }
  ~ProbeTest() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Status probe_it(std::int64_t timeout_ns = 20 * kNsPerSecond) {
    thread_ = std::thread([this] { loop_.run(); });
    return probe(options_, timeout_ns);
  }

  net::Loop loop_;
  ScriptedExchange exchange_{loop_};
  Options options_;
  std::thread thread_;
};

TEST_F(ProbeTest, FindsAnExchangeThatWorks) { EXPECT_TRUE(probe_it().has_value()); }

TEST_F(ProbeTest, NamesABlockedCountry) {
  exchange_.rest_fault = [](const wire::HttpRequest&) { return wire::HttpResponse{451, {}, "{}"}; };
  const Status status = probe_it();
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr("country"));
}

TEST_F(ProbeTest, NamesARefusedStreamConnection) {
  exchange_.handshake_fault = [](const wire::HttpRequest&) { return wire::HttpResponse{403, {}, ""}; };
  const Status status = probe_it();
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr("403"));
}

TEST_F(ProbeTest, TakesNoLongerThanItMay) {
  auto silent = net::listen_tcp({"127.0.0.1", 0}, {});
  ASSERT_TRUE(silent.has_value());
  options_.rest.port = net::local_endpoint(*silent)->port();
  const std::int64_t start_ns = steady_ns();
  EXPECT_FALSE(probe_it(300 * kNsPerMs).has_value());
  EXPECT_LT(steady_ns() - start_ns, 10 * kNsPerSecond);
}

}  // namespace
}  // namespace tickcast::feed
