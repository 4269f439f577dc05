// SPDX-License-Identifier: Apache-2.0
#include "watch/follower.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/clock.h"
#include "market/symbol_table.h"
#include "wire/control.h"
#include "wire/http.h"
#include "wire/status_event.h"
#include "ws/random.h"

namespace tickcast::watch {
namespace {

constexpr std::int64_t kSoundNs = 5 * kNsPerSecond;   // a connection that held so long ends a row of failures
constexpr std::int64_t kAsleepNs = 5 * kNsPerSecond;  // between two checks: this machine, or we, slept
constexpr std::int64_t kAskOftenNs = kNsPerSecond;
constexpr std::int64_t kAskSeldomNs = 20 * kNsPerSecond;
constexpr std::int64_t kAnswerNs = 10 * kNsPerSecond;  // a question that is not answered is given up
constexpr std::size_t kMessageBytesMax = 16 * 1024 * 1024;

std::uint64_t random_64() { return std::uint64_t{ws::random_mask()} << 32 | ws::random_mask(); }

std::string why_ended(const ws::Ended& ended) {
  if (ended.code == wire::CloseCode::abnormal)
    return ended.reason.empty() ? "the connection broke" : ended.reason;
  if (ended.code == wire::CloseCode::no_code) return "the server closed the connection";
  return fmt::format("the server closed the connection with {} \"{}\"", static_cast<int>(ended.code),
                     ended.reason);
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

Follower::Follower(net::Loop& loop, net::Background& background, const FollowOptions& options,
                   FollowerEvents& events)
    : loop_(loop),
      background_(background),
      options_(options),
      events_(events),
      backoff_(options.times.backoff_first_ns, options.times.backoff_max_ns),
      checked_ns_(steady_ns()),
      checked_wall_ns_(wall_ns()) {
  loop_.post([this] { dial(); });
  check_timer_ = loop_.after(options_.times.check_ns, [this] { check(); });
}

Follower::~Follower() {
  loop_.cancel(check_timer_);
  loop_.cancel(dial_timer_);
}

std::string Follower::target() const {
  std::string base = options_.url.target;
  for (const std::string_view tail : {"/stream", "/ws"}) {
    if (base.ends_with(tail)) base.resize(base.size() - tail.size());
  }
  const std::string pace = options_.pace_ms == 0 ? "" : fmt::format("@{}ms", options_.pace_ms);
  std::string streams(wire::kStatusStream);
  if (options_.symbols.empty()) streams += "/!quote" + pace;
  for (const std::string& symbol : options_.symbols) {
    const std::string name = wire::percent_encode(market::to_lower_ascii(symbol));
    streams += "/" + name + (plain_exchange_ ? "@bookTicker" : "@quote" + pace);
  }
  return base + "/stream?streams=" + streams;
}

// A pace that is followed by nothing else, and a long one: the stream's first event is all that is wanted.
std::string_view Follower::clock_form() const {
  return options_.pace_ms == 3'000 ? "@quote@1000ms" : "@quote@3000ms";
}

void Follower::dial() {
  dial_timer_ = 0;
  opened_ns_ = 0;
  silent_ = has_status_ = false;
  question_ = Question::none;
  events_.on_link(Link::connecting, "", 0);
  ws::ClientOptions options;
  options.connection.limits.message_bytes_max = kMessageBytesMax;
  client_ = std::make_unique<ws::Client>(loop_, background_, options_.url, target(), options_.tls, options,
                                         static_cast<ws::ClientEvents&>(*this));
}

void Follower::on_open(ws::Connection&) {
  opened_ns_ = steady_ns();
  next_ask_ns_ = opened_ns_;
  events_.on_link(Link::open, "", 0);
}

void Follower::on_dial_failed(const ws::DialFailure& failure) { lose(failure.message); }

void Follower::on_ended(ws::Connection&, const ws::Ended& ended) { lose(why_ended(ended)); }

void Follower::lose(const std::string& why) {
  const std::int64_t now_ns = steady_ns();
  if (opened_ns_ != 0 && now_ns - opened_ns_ > kSoundNs) backoff_.reset();
  client_.reset();
  opened_ns_ = 0;
  const std::int64_t wait_ns = options_.times.backoff_least_ns + backoff_.next_ns(random_64());
  loop_.cancel(dial_timer_);
  dial_timer_ = loop_.after(wait_ns, [this] { dial(); });
  events_.on_link(Link::waiting, why, now_ns + wait_ns);
}

void Follower::check() {
  check_timer_ = loop_.after(options_.times.check_ns, [this] { check(); });
  const std::int64_t now_ns = steady_ns();
  const std::int64_t now_wall_ns = wall_ns();
  const std::int64_t passed_ns = std::max(now_ns - std::exchange(checked_ns_, now_ns),
                                          now_wall_ns - std::exchange(checked_wall_ns_, now_wall_ns));
  ws::Connection* const connection = client_ ? client_->connection() : nullptr;
  if (connection == nullptr) return;
  // What waits in the socket is old: a new connection begins with the newest.
  if (passed_ns > kAsleepNs) return dial();
  check_life(*connection, now_ns);
  if (opened_ns_ == 0) return;
  check_kind(now_ns);
  if (client_ && client_->connection() == connection) ask_time(*connection, now_ns);
}

void Follower::check_life(ws::Connection& connection, std::int64_t now_ns) {
  const std::int64_t quiet_ns = now_ns - connection.last_received_ns();
  if (quiet_ns > options_.times.lost_ns)
    return lose(fmt::format("{}:{} does not answer any more", options_.url.host, options_.url.port));
  if (quiet_ns > options_.times.silent_ns && !silent_) {
    silent_ = true;
    events_.on_link(Link::silent, "", 0);
  }
  if (quiet_ns > options_.times.quiet_ns && connection.ping_sent_ns() == 0) connection.ping();
}

void Follower::check_kind(std::int64_t now_ns) {
  if (has_status_ || plain_exchange_ || now_ns - opened_ns_ < options_.times.status_ns) return;
  plain_exchange_ = true;
  events_.on_plain_exchange();
  if (!options_.symbols.empty()) dial();
}

void Follower::ask_time(ws::Connection& connection, std::int64_t now_ns) {
  if (plain_exchange_ || clock_stream_.empty() || silent_) return;
  if (question_ != Question::none && now_ns - next_ask_ns_ < kAnswerNs) return;
  if (question_ == Question::none && now_ns < next_ask_ns_) return;
  next_ask_ns_ = now_ns + (ask_often_ ? kAskOftenNs : kAskSeldomNs);
  if (question_ == Question::asked) {  // its symbol may be gone: another one's turn
    connection.send(wire::Opcode::text, wire::unsubscribe_request({clock_stream_}, ++last_id_));
    question_ = Question::leaving;
    clock_stream_.clear();
    return;
  }
  question_ = Question::asked;
  asked_ns_ = wall_ns();
  connection.send(wire::Opcode::text, wire::subscribe_request({clock_stream_}, ++last_id_));
}

void Follower::on_message(ws::Connection&, const wire::Message& message, std::int64_t received_ns) {
  const std::string_view text(message.payload.data(), message.payload.size());
  events_.on_bytes(text.size() + wire::frame_header_bytes(text.size()));
  if (silent_ || message.kind != wire::Opcode::text) return;
  if (!wire::scan_events(text, scanned_)) return take_other(text, received_ns);
  const std::string_view stream = wire::wrapped_stream(text);
  for (const wire::ServedEvent& event : scanned_) take_quote(stream, event, received_ns);
}

void Follower::take_other(std::string_view text, std::int64_t received_ns) {
  switch (reader_.read(text)) {
    case wire::FrameKind::ticker:
      // A name beyond ASCII.
      return events_.on_quote({reader_.ticker(), reader_.ticker().quote.admitted_ns != 0, 0, 0}, received_ns);
    case wire::FrameKind::reply:
      if (question_ == Question::leaving && reader_.reply().id == last_id_) question_ = Question::none;
      return;
    case wire::FrameKind::other:
      if (const auto status = wire::read_status_event(text)) {
        has_status_ = true;
        events_.on_status(*status);
      }
      return;
    case wire::FrameKind::server_shutdown:
    case wire::FrameKind::malformed:
    case wire::FrameKind::unrepresentable:
      return;
  }
}

void Follower::take_quote(std::string_view stream, const wire::ServedEvent& event, std::int64_t received_ns) {
  if (stream.ends_with(clock_form())) {
    if (stream == clock_stream_) take_time(event, received_ns);
    return;  // as that pace last showed it: older than what is known
  }
  if (clock_stream_.empty() && question_ == Question::none && event.is_quote &&
      is_ascii(event.ticker.symbol)) {
    clock_stream_ = market::to_lower_ascii(event.ticker.symbol) + std::string(clock_form());
  }
  events_.on_quote(event, received_ns);
}

void Follower::take_time(const wire::ServedEvent& event, std::int64_t received_ns) {
  if (question_ != Question::asked) return;
  question_ = Question::leaving;
  events_.on_answer(asked_ns_, event.emitter_ns, received_ns);
  client_->connection()->send(wire::Opcode::text, wire::unsubscribe_request({clock_stream_}, ++last_id_));
}

void Follower::on_read_end(ws::Connection&) {
  // It is heard again, but what it sent during the silence is old: a new connection begins with the newest.
  if (silent_) return dial();
  events_.on_read_end();
}

}  // namespace tickcast::watch
