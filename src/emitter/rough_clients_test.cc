// SPDX-License-Identifier: Apache-2.0
//
// The promises over real sockets, two shards, with clients that behave badly: some never read, some take a
// byte at a time, some go in the middle of a frame, some reset the connection. None of them disturbs the
// others, and whoever stays ends with the last quote of each of its symbols.
#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "emitter/emitter.h"
#include "net/socket.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

namespace tickcast::emitter {
namespace {

constexpr std::int64_t kDeadlineNs = 30 * kNsPerSecond;  // generous: sanitizers, busy machines
constexpr std::array<const char*, 3> kSymbols = {"BTCUSDT", "ETHUSDT", "BNBUSDT"};

// One client's socket, and what came out of it.
class RoughClient {
 public:
  RoughClient(std::uint16_t port, const std::string& path) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const int small = 4096;
    setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_.fd(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    const std::string request =
        "GET " + path +
        " HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    EXPECT_EQ(send(socket_.fd(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n") && recv(socket_.fd(), &byte, 1, 0) == 1) head += byte;
    EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  }

  // Takes at most so many bytes of what is there; returns how many there were.
  std::size_t take(std::size_t most) {
    std::array<char, 4096> buffer;
    const ssize_t n = recv(socket_.fd(), buffer.data(), std::min(most, buffer.size()), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) ended_ = true;
    if (n <= 0) return 0;
    read_frames(std::span<char>(buffer).first(static_cast<std::size_t>(n)));
    return static_cast<std::size_t>(n);
  }
  void take_all() {
    while (take(4096) != 0) continue;
  }
  void leave() { socket_.reset(); }
  void break_off() { socket_.abort(); }

  std::int64_t seen(const std::string& symbol) const {
    const auto found = seen_.find(symbol);
    return found == seen_.end() ? 0 : found->second;
  }
  bool in_order() const { return in_order_; }
  bool torn() const { return torn_; }  // what came were not frames
  bool ended() const { return ended_; }

 private:
  void read_frames(std::span<char> bytes) {
    wire::Message message;
    for (;;) {
      const auto status = reader_.next(bytes, message);
      torn_ = torn_ || status == wire::MessageReader::Status::violation;
      if (status != wire::MessageReader::Status::message) return;
      const auto payload = message.payload;
      if (message.kind != wire::Opcode::text) continue;
      if (frames_->read({payload.data(), payload.size()}) != wire::FrameKind::ticker) {
        torn_ = true;
        return;
      }
      std::int64_t& last = seen_[std::string(frames_->ticker().symbol)];
      in_order_ = in_order_ && frames_->ticker().quote.update_id > last;
      last = frames_->ticker().quote.update_id;
    }
  }

  net::Socket socket_;
  wire::MessageReader reader_{wire::Role::client, {}};
  std::unique_ptr<wire::FrameReader> frames_ = std::make_unique<wire::FrameReader>();
  std::map<std::string, std::int64_t> seen_;
  bool in_order_ = true;
  bool torn_ = false;
  bool ended_ = false;
};

TEST(RoughClients, DisturbNobodyAndMissNothingThatLasts) {
  Options options;
  options.listen = {"127.0.0.1", 0};
  options.shards = 2;
  options.drain_ns = 0;
  options.send_buffer_bytes = 4096;  // so that who does not read is soon full
  market::SymbolTable symbols;
  market::Book book;
  std::vector<market::SymbolId> ids;
  for (const char* const name : kSymbols) ids.push_back(*symbols.put_name(name));
  auto emitter = Emitter::start(options, symbols, book);
  ASSERT_TRUE(emitter) << emitter.error().message;
  const std::uint16_t port = (*emitter)->port();
  const auto make = [port](std::size_t i) {  // lists in common and lists of one's own
    const std::array<const char*, 3> paths = {"/ws/btcusdt@bookTicker/ethusdt@bookTicker/bnbusdt@bookTicker",
                                              "/ws/btcusdt@bookTicker/ethusdt@bookTicker",
                                              "/stream?streams=bnbusdt@bookTicker"};
    return std::make_unique<RoughClient>(port, paths[i % paths.size()]);
  };
  std::vector<std::unique_ptr<RoughClient>> attentive, stopped, trickling, passing;
  for (std::size_t i = 0; i < 6; ++i) {
    attentive.push_back(make(i));
    stopped.push_back(make(i));
    trickling.push_back(make(i));
    passing.push_back(make(i));
  }

  std::int64_t number = 0;
  const auto change_all = [&] {
    ++number;
    for (const market::SymbolId id : ids) {
      market::Quote quote;
      quote.update_id = number;
      quote.bid_price = *market::Decimal::parse("61685.99000000");
      ASSERT_EQ(book.admit(id, quote), market::Admission::admitted);
    }
    book.publish();
  };
  const auto check = [](const RoughClient& client) {
    ASSERT_FALSE(client.torn());
    ASSERT_FALSE(client.ended());
    ASSERT_TRUE(client.in_order());
  };
  const auto up_to_date = [&](const RoughClient& client, std::size_t i) {
    static constexpr std::array<std::array<bool, 3>, 3> kWatched = {
        {{true, true, true}, {true, true, false}, {false, false, true}}};
    for (std::size_t s = 0; s < kSymbols.size(); ++s) {
      if (kWatched[i % 3][s] && client.seen(kSymbols[s]) != number) return false;
    }
    return true;
  };
  const auto catch_up = [&](RoughClient& client, std::size_t i) {
    const std::int64_t deadline_ns = steady_ns() + kDeadlineNs;
    while (!up_to_date(client, i) && !client.ended() && steady_ns() < deadline_ns) client.take_all();
    EXPECT_TRUE(up_to_date(client, i));
    check(client);
  };

  for (std::size_t round = 0; round < 600; ++round) {
    change_all();
    for (const auto& client : attentive) client->take_all();
    for (const auto& client : trickling) client->take(1);
    if (round % 10 == 0) {
      const std::size_t i = round / 10 % passing.size();
      passing[i]->take(20);  // somewhere in a frame
      round % 20 == 0 ? passing[i]->leave() : passing[i]->break_off();
      passing[i] = make(i);
    }
    // Those who read are up to date while the others are stuck.
    if (round % 100 == 99) {
      for (std::size_t i = 0; i < attentive.size(); ++i) catch_up(*attentive[i], i);
    }
  }
  for (auto* const group : {&attentive, &trickling, &stopped, &passing}) {
    for (std::size_t i = 0; i < group->size(); ++i) catch_up(*(*group)[i], i);
  }
}

}  // namespace
}  // namespace tickcast::emitter
