// SPDX-License-Identifier: Apache-2.0
//
// Streams as server-sent events, over real sockets: what curl sees.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "emitter/emitter.h"

namespace tickcast::emitter {
namespace {

constexpr std::int64_t kDeadlineNs = 20 * kNsPerSecond;

// A plain HTTP client, blocking, with a deadline.
class Get {
 public:
  Get(std::uint16_t port, const std::string& target, const std::string& method = "GET", int buffer_bytes = 0,
      const std::string& headers = "") {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    if (buffer_bytes > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    send(method + " " + target + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
  }
  ~Get() { close(fd_); }

  void send(const std::string& bytes) { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // Waits so long at most; false when nothing came, or the end.
  bool read_some(int wait_ms) {
    pollfd poll_for{fd_, POLLIN, 0};
    if (poll(&poll_for, 1, wait_ms) != 1) return false;
    char buffer[65536];
    const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
    ended_ = n <= 0;
    if (n > 0) read_.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  }
  // Everything up to and with `end`; what was read so far when the server ends the stream instead.
  std::string until(const std::string& end) {
    const std::int64_t deadline_ns = steady_ns() + kDeadlineNs;
    std::size_t at;
    while ((at = read_.find(end)) == std::string::npos) {
      if (!more(deadline_ns)) return std::exchange(read_, {});
    }
    const std::string out = read_.substr(0, at + end.size());
    read_.erase(0, out.size());
    return out;
  }
  bool ended() const { return ended_; }

 private:
  bool more(std::int64_t deadline_ns) {
    const std::int64_t left_ns = std::max<std::int64_t>(0, deadline_ns - steady_ns());
    if (read_some(static_cast<int>(left_ns / kNsPerMs))) return true;
    if (!ended_) ADD_FAILURE() << "nothing came; so far: " << read_.substr(0, 500);
    return false;
  }

  int fd_;
  std::string read_;
  bool ended_ = false;
};

class EventStreamTest : public testing::Test {
 protected:
  EventStreamTest() {
    options_.listen = {"127.0.0.1", 0};
    options_.shards = 1;
    options_.drain_ns = 20 * kNsPerMs;
    btc_ = *symbols_.put_name("BTCUSDT");
  }
  void start() {
    auto started = Emitter::start(options_, symbols_, book_);
    ASSERT_TRUE(started) << started.error().message;
    emitter_ = std::move(*started);
  }
  void change(std::int64_t update_id) {
    market::Quote quote;
    quote.update_id = update_id;
    ASSERT_EQ(book_.admit(btc_, quote), market::Admission::admitted);
    book_.publish();
  }

  Options options_;
  market::SymbolTable symbols_;
  market::Book book_;
  market::SymbolId btc_{};
  std::unique_ptr<Emitter> emitter_;
};

TEST_F(EventStreamTest, CarriesTheCombinedEventsOfItsStreams) {
  start();
  change(1);
  Get get(emitter_->port(), "/sse?streams=btcusdt@bookTicker/!quote@arr@1000ms/!status");
  const std::string head = get.until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
  EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_TRUE(get.until("\n\n").starts_with(R"(data: {"stream":"!status","data":{"e":"status",)"));
  const std::string both = get.until("\n\n") + get.until("\n\n");
  EXPECT_NE(both.find(R"(data: {"stream":"btcusdt@bookTicker","data":{"u":1,"s":"BTCUSDT",)"),
            std::string::npos);
  EXPECT_NE(both.find(R"(data: {"stream":"!quote@arr@1000ms","data":[{"e":"quote",)"), std::string::npos);
  EXPECT_TRUE(both.ends_with("]}\n\n") || both.ends_with("}}\n\n")) << both;
  change(2);
  EXPECT_NE(get.until("\n\n").find(R"("u":2,)"), std::string::npos);
}

TEST_F(EventStreamTest, IsKeptAliveByCommentsAndSaysGoodbye) {
  options_.ping_interval_ns = 50 * kNsPerMs;
  options_.pong_timeout_ns = 100 * kNsPerMs;
  start();
  Get get(emitter_->port(), "/sse?streams=btcusdt@quote");
  get.until("\r\n\r\n");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get.until("\n\n"), ": ping\n\n") << "no pong is waited for";
  std::thread stopping([this] { emitter_.reset(); });
  std::string last;
  while (!get.ended() && last.find("serverShutdown") == std::string::npos) last = get.until("\n\n");
  EXPECT_TRUE(last.starts_with(R"(data: {"stream":"!serverShutdown","data":)")) << last;
  while (!get.ended()) get.until("\n\n");
  stopping.join();
}

TEST_F(EventStreamTest, LetsInOnlyPagesOfTheOriginsThatAreAllowed) {
  options_.admission.origins = {"https://shop.example"};
  start();
  const auto answer = [this](const std::string& origin, const std::string& target, std::string headers) {
    if (!origin.empty()) headers += "Origin: " + origin + "\r\n";
    return Get(emitter_->port(), target, "GET", 0, headers).until("\r\n");
  };
  const auto to_sse = [&](const std::string& origin) { return answer(origin, "/sse?streams=a@quote", ""); };
  const auto to_ws = [&](const std::string& origin) {
    return answer(origin, "/ws/a@quote",
                  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  };
  for (const std::string other : {"https://evil.example", "http://shop.example", "null"}) {
    EXPECT_TRUE(to_sse(other).starts_with("HTTP/1.1 403")) << other;
    EXPECT_TRUE(to_ws(other).starts_with("HTTP/1.1 403")) << other;
  }
  for (const std::string known : {"https://shop.example", "http://x", ""}) {  // x: the Host it was asked for
    EXPECT_TRUE(to_sse(known).starts_with("HTTP/1.1 200")) << known;
    EXPECT_TRUE(to_ws(known).starts_with("HTTP/1.1 101")) << known;
  }
  EXPECT_EQ(emitter_->read_metrics().refused_origin, 6u);

  emitter_->set_admission({});
  const std::int64_t deadline_ns = steady_ns() + kDeadlineNs;
  while (!to_sse("https://evil.example").starts_with("HTTP/1.1 200") && steady_ns() < deadline_ns) continue;
  EXPECT_TRUE(to_ws("https://evil.example").starts_with("HTTP/1.1 101")) << "any page is let in now";
}

TEST_F(EventStreamTest, KeepsTheLimitsOfWebSocketClients) {
  options_.streams_per_connection_max = 1;
  options_.messages_per_second = 1;
  options_.messages_burst = 5;
  options_.admission.connections_max = 1;
  start();
  EXPECT_TRUE(
      Get(emitter_->port(), "/sse?streams=a@quote/b@quote").until("\r\n").starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(Get(emitter_->port(), "/sse?streams=a@quote", "POST").until("\r\n").starts_with("HTTP/1.1 4"));
  EXPECT_TRUE(
      Get(emitter_->port(), "/sse?streams=a@quote", "HEAD").until("\r\n").starts_with("HTTP/1.1 200"));
  // Those before may take a moment to be gone.
  const std::int64_t deadline_ns = steady_ns() + kDeadlineNs;
  std::unique_ptr<Get> only;
  do {
    only = std::make_unique<Get>(emitter_->port(), "/sse?streams=a@quote");
  } while (!only->until("\r\n\r\n").starts_with("HTTP/1.1 200") && steady_ns() < deadline_ns);
  EXPECT_TRUE(Get(emitter_->port(), "/sse?streams=a@quote").until("\r\n").starts_with("HTTP/1.1 503"));
  const std::int64_t end_deadline_ns = steady_ns() + kDeadlineNs;
  while (!only->ended() && steady_ns() < end_deadline_ns) {
    only->send("x");
    only->read_some(5);
  }
  EXPECT_TRUE(only->ended()) << "who talks all the time is let go";
}

TEST_F(EventStreamTest, AClientThatStopsReadingSeesTheNewestWhenItReturns) {
  options_.send_buffer_bytes = 4096;
  start();
  Get stalled(emitter_->port(), "/sse?streams=btcusdt@bookTicker", "GET", 4096);
  Get reading(emitter_->port(), "/sse?streams=btcusdt@bookTicker");
  constexpr std::int64_t kLast = 20'000;
  for (std::int64_t u = 1; u <= kLast; ++u) {
    change(u);
    if (u % 2000 == 0) reading.until(R"({"u":)" + std::to_string(u) + ",");
  }
  const std::string all = stalled.until(R"({"u":)" + std::to_string(kLast) + ",");
  EXPECT_LT(all.size(), std::size_t{kLast} * 60) << "most of it was never written";
}

}  // namespace
}  // namespace tickcast::emitter
