// SPDX-License-Identifier: Apache-2.0
#include "exchange/test_peer.h"

#include <algorithm>
#include <cerrno>

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/check.h"
#include "wire/ticker.h"

namespace tickcast::exchange {
namespace {

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

bool wait_for(int fd, short what, std::int64_t deadline_ns) {
  const std::int64_t left_ms = std::max<std::int64_t>(0, (deadline_ns - steady_ns()) / kNsPerMs);
  pollfd entry{.fd = fd, .events = what, .revents = 0};
  return poll(&entry, 1, static_cast<int>(left_ms)) > 0;
}

net::Socket dial(std::uint16_t port, int receive_buffer_bytes) {
  net::Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer_bytes > 0) {
    setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
  }
  const auto addresses = net::resolve("127.0.0.1", port);
  CHECK(addresses.has_value(), "loopback cannot be resolved");
  const auto& to = addresses->front();
  CHECK(connect(socket.fd(), reinterpret_cast<const sockaddr*>(&to.storage), to.length) == 0,
        "a test cannot connect to its exchange");
  return socket;
}

// A target may be written as one reads it: what is beyond ASCII is encoded here.
std::string encoded(std::string_view target) {
  std::string out;
  for (const char c : target) {
    if (static_cast<unsigned char>(c) < 0x80)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// What the peer sends after it has gone is nobody's error.
void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

TestPeer::TestPeer(std::uint16_t port, std::string_view target, int receive_buffer_bytes)
    : socket_(dial(port, receive_buffer_bytes)),
      reader_(wire::Role::client, {.message_bytes_max = 80 * 1024 * 1024, .fragments_max = 100'000}) {
  write_all(socket_.fd(), wire::handshake_request(fmt::format("127.0.0.1:{}", port), encoded(target), kKey));
  const std::int64_t deadline_ns = steady_ns() + kPatienceNs;
  auto parsed = wire::parse_response_head(in_);
  while (parsed.status == wire::HeadStatus::need_more && read_more(deadline_ns))
    parsed = wire::parse_response_head(in_);
  if (parsed.status != wire::HeadStatus::complete) {
    response_.status = 0;
    return;
  }
  response_ = std::move(parsed.response);
  in_.erase(0, parsed.consumed);
}

void TestPeer::send(wire::Opcode opcode, std::string_view payload) {
  std::string frame;
  wire::append_frame(frame, wire::Role::client, opcode, payload, 0x01020304);
  write_all(socket_.fd(), frame);
}

bool TestPeer::read_more(std::int64_t deadline_ns) {
  if (ended_ || !wait_for(socket_.fd(), POLLIN, deadline_ns)) return false;
  char buffer[64 * 1024];
  const ssize_t n = ::recv(socket_.fd(), buffer, sizeof(buffer), 0);
  if (n <= 0) {
    ended_ = true;
    return false;
  }
  ++reads_;
  in_.append(buffer, static_cast<std::size_t>(n));
  return true;
}

std::optional<Heard> TestPeer::next_message() {
  std::span<char> input(in_);
  wire::Message message;
  const auto status = reader_.next(input, message);
  if (status == wire::MessageReader::Status::violation) {
    violation_ = static_cast<int>(message.close_code);
    ended_ = true;
    in_.clear();
    return Heard{Heard::Kind::gone, message.violation, 0};
  }
  std::optional<Heard> heard;
  if (status == wire::MessageReader::Status::message) {
    heard.emplace();
    heard->text.assign(message.payload.begin(), message.payload.end());
    switch (message.kind) {
      case wire::Opcode::ping:
        heard->kind = Heard::Kind::ping;
        break;
      case wire::Opcode::pong:
        heard->kind = Heard::Kind::pong;
        break;
      case wire::Opcode::close:
        heard->kind = Heard::Kind::close;
        heard->close_code = static_cast<int>(message.close_code);
        break;
      default:
        heard->kind = Heard::Kind::text;
    }
  }
  in_.erase(0, in_.size() - input.size());
  return heard;
}

Heard TestPeer::hear(std::int64_t wait_ns) {
  const std::int64_t deadline_ns = steady_ns() + wait_ns;
  do {
    if (auto heard = next_message()) return *heard;
  } while (read_more(deadline_ns));
  return {ended_ ? Heard::Kind::gone : Heard::Kind::nothing, "", 0};
}

std::string TestPeer::text(std::int64_t wait_ns) {
  while (true) {
    Heard heard = hear(wait_ns);
    if (heard.kind == Heard::Kind::text) return heard.text;
    if (heard.kind != Heard::Kind::ping && heard.kind != Heard::Kind::pong) return "";
  }
}

std::size_t TestPeer::discard(std::int64_t wait_ns) {
  read_more(steady_ns() + wait_ns);
  const std::size_t bytes = in_.size();
  in_.clear();
  return bytes;
}

std::uint64_t TestPeer::segments() const {
  tcp_info info{};
  socklen_t length = sizeof(info);
  CHECK(getsockopt(socket_.fd(), IPPROTO_TCP, TCP_INFO, &info, &length) == 0,
        "the kernel keeps no TCP counts");
  return info.tcpi_data_segs_in;
}

Heard TestPeer::end() {
  while (true) {
    Heard heard = hear();
    if (heard.kind != Heard::Kind::text && heard.kind != Heard::Kind::ping && heard.kind != Heard::Kind::pong)
      return heard;
  }
}

wire::HttpResponse http(std::uint16_t port, std::string_view target, std::string_view method,
                        const wire::HttpHeaders& headers) {
  net::Socket socket = dial(port, 0);
  std::string request =
      fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n", method, target, port);
  for (const auto& [name, value] : headers) request += fmt::format("{}: {}\r\n", name, value);
  write_all(socket.fd(), request + "\r\n");
  std::string in;
  char buffer[64 * 1024];
  const std::int64_t deadline_ns = steady_ns() + kPatienceNs;
  while (wait_for(socket.fd(), POLLIN, deadline_ns)) {
    const ssize_t n = ::recv(socket.fd(), buffer, sizeof(buffer), 0);
    if (n <= 0) break;
    in.append(buffer, static_cast<std::size_t>(n));
  }
  auto parsed = wire::parse_response_head(in);
  if (parsed.status != wire::HeadStatus::complete) return {.status = 0, .headers = {}, .body = in};
  parsed.response.body = in.substr(parsed.consumed);
  return std::move(parsed.response);
}

std::string control(std::uint16_t port, std::string_view what) {
  const auto response = http(port, fmt::format("/control/{}", what));
  CHECK(response.status == 200, "a control request failed");
  return response.body;
}

void give_fault(std::uint16_t port, std::string_view spec) {
  const auto response = http(port, fmt::format("/control/fault?spec={}", wire::percent_encode(spec)), "POST");
  CHECK(response.status == 200, "a fault was refused");
}

market::Quote make_quote(std::int64_t update_id, std::string_view bid) {
  market::Quote quote;
  quote.update_id = update_id;
  quote.bid_price = *market::Decimal::parse(bid);
  quote.bid_quantity = *market::Decimal::parse("1.50000000");
  quote.ask_price = *market::Decimal::parse("11.00000000");
  quote.ask_quantity = *market::Decimal::parse("2.00000000");
  return quote;
}

void Script::push(std::uint32_t symbol, std::int64_t update_id, std::string_view bid) {
  const MarketEvent event{symbol, make_quote(update_id, bid)};
  push_all({&event, 1});
}

void Script::push_all(std::span<const MarketEvent> flush) {
  const std::lock_guard lock(mutex_);
  flushes_.emplace_back(flush.begin(), flush.end());
}

ScriptSource::ScriptSource(std::shared_ptr<Script> script) : script_(std::move(script)) {
  for (const std::string_view base : {"BTC", "ETH", "币安人生", "HALTED"}) {
    listings_.push_back(
        {.symbol = fmt::format("{}USDT", base), .base_asset = std::string(base), .quote_asset = "USDT"});
    quotes_.push_back(make_quote(100));
  }
  listings_.back().status = "BREAK";
}

std::span<const MarketEvent> ScriptSource::due(std::int64_t now_ns) {
  next_ns_ = now_ns + kNsPerMs;
  const std::lock_guard lock(script_->mutex_);
  if (script_->flushes_.empty()) return {};
  flush_ = std::move(script_->flushes_.front());
  script_->flushes_.pop_front();
  for (const auto& event : flush_) quotes_[event.symbol] = event.quote;
  return flush_;
}

ScriptedExchange::ScriptedExchange(const Rules& rules, std::vector<std::string> faults) {
  Options options;
  options.listen = {.host = "127.0.0.1", .port = 0};
  options.rules = rules;
  options.faults = std::move(faults);
  auto started = Exchange::start(options, std::make_unique<ScriptSource>(script));
  CHECK(started.has_value(), "a test's exchange does not start");
  exchange = std::move(started).value();
}

std::string raw_event(std::string_view symbol, std::int64_t update_id, std::string_view bid) {
  std::string text(wire::kBookTickerBytesMax, ' ');
  const char* end = wire::write_book_ticker(text.data(), symbol, make_quote(update_id, bid));
  text.resize(static_cast<std::size_t>(end - text.data()));
  return text;
}

}  // namespace tickcast::exchange
