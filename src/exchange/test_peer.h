// SPDX-License-Identifier: Apache-2.0
//
// For tests and benchmarks: a client that does exactly what it is told, over a blocking socket, so that it
// can break rules; HTTP requests; and a source that says only what the test pushes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/exchange.h"
#include "exchange/source.h"
#include "net/socket.h"
#include "wire/http.h"
#include "wire/ws_frame.h"

namespace tickcast::exchange {

inline constexpr std::int64_t kPatienceNs = 20 * kNsPerSecond;  // sanitizers are slow

struct Heard {
  enum class Kind : std::uint8_t { text, ping, pong, close, gone, nothing };
  Kind kind = Kind::nothing;  // gone: the connection has ended without a close frame; nothing: silence
  std::string text;           // of a close: the reason
  int close_code = 0;
};

class TestPeer {
 public:
  // Opens a stream connection; status() is the answer's.
  TestPeer(std::uint16_t port, std::string_view target, int receive_buffer_bytes = 0);

  int status() const { return response_.status; }
  const wire::HttpResponse& response() const { return response_; }

  void send(wire::Opcode opcode, std::string_view payload);
  void send(std::string_view text) { send(wire::Opcode::text, text); }

  // The next message or end. `wait_ns` 0: whatever comes within kPatienceNs.
  Heard hear(std::int64_t wait_ns = kPatienceNs);
  // The next text, pings passed over; "" when there is none.
  std::string text(std::int64_t wait_ns = kPatienceNs);
  // Skips texts and pings until the connection ends.
  Heard end();

  // Reads and throws away what has come, unparsed; waits for something at most so long. The bytes.
  std::size_t discard(std::int64_t wait_ns);

  std::uint64_t reads() const { return reads_; }  // successful reads from the socket
  std::uint64_t segments() const;                 // with data, that the kernel has received
  int violation() const { return violation_; }    // close code that the frames deserved; 0: none
  void drop() { socket_.reset(); }

 private:
  bool read_more(std::int64_t deadline_ns);  // false: time is up or the end has come
  std::optional<Heard> next_message();

  net::Socket socket_;
  wire::HttpResponse response_;
  std::string in_;
  wire::MessageReader reader_;
  bool ended_ = false;
  int violation_ = 0;
  std::uint64_t reads_ = 0;
};

// One request on a connection of its own.
wire::HttpResponse http(std::uint16_t port, std::string_view target, std::string_view method = "GET",
                        const wire::HttpHeaders& headers = {});
// The body of GET /control/<what>; the status must be 200.
std::string control(std::uint16_t port, std::string_view what);
void give_fault(std::uint16_t port, std::string_view spec);

// Waits until the condition holds.
template <class Condition>
bool eventually(Condition&& condition) {
  const std::int64_t deadline_ns = steady_ns() + kPatienceNs;
  while (!condition()) {
    if (steady_ns() > deadline_ns) return false;
    timespec pause{.tv_sec = 0, .tv_nsec = 1'000'000};
    nanosleep(&pause, nullptr);
  }
  return true;
}

// What a test says, one flush a push. Thread: any.
class Script {
 public:
  void push(std::uint32_t symbol, std::int64_t update_id, std::string_view bid = "10.00000000");
  void push_all(std::span<const MarketEvent> flush);

 private:
  friend class ScriptSource;
  std::mutex mutex_;
  std::deque<std::vector<MarketEvent>> flushes_;
};

market::Quote make_quote(std::int64_t update_id, std::string_view bid = "10.00000000");

// Symbols: BTCUSDT, ETHUSDT, a CJK one, and HALTEDUSDT, which does not trade. Ids begin at 100.
class ScriptSource final : public Source {
 public:
  explicit ScriptSource(std::shared_ptr<Script> script);
  const std::vector<market::Listing>& listings() const override { return listings_; }
  const std::vector<market::Quote>& quotes() const override { return quotes_; }
  std::span<const MarketEvent> due(std::int64_t now_ns) override;
  std::int64_t next_ns() const override { return next_ns_; }

 private:
  std::shared_ptr<Script> script_;
  std::vector<market::Listing> listings_;
  std::vector<market::Quote> quotes_;
  std::vector<MarketEvent> flush_;
  std::int64_t next_ns_ = 0;
};

inline constexpr std::string_view kCjkSymbol = "币安人生USDT";

// An exchange that plays a script.
struct ScriptedExchange {
  explicit ScriptedExchange(const Rules& rules = {}, std::vector<std::string> faults = {});
  std::uint16_t port() const { return exchange->port(); }

  std::shared_ptr<Script> script = std::make_shared<Script>();
  std::unique_ptr<Exchange> exchange;
};

std::string raw_event(std::string_view symbol, std::int64_t update_id, std::string_view bid = "10.00000000");

}  // namespace tickcast::exchange
