// SPDX-License-Identifier: Apache-2.0
#include "feed/stream_connection.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/clock.h"
#include "feed/plan.h"
#include "wire/control.h"
#include "wire/status_event.h"

namespace tickcast::feed {
namespace {

// Of the request for `!status`, whose reply nobody waits for: no other request has it.
constexpr std::int64_t kStatusRequestId = 0;
// More than halving down to a few bad names takes.
constexpr std::uint32_t kErrorsMax = 64;

std::string describe(const ws::Ended& ended) {
  if (ended.code == wire::CloseCode::abnormal)
    return ended.reason.empty() ? "it ended without a closing handshake" : ended.reason;
  if (ended.code == wire::CloseCode::no_code) return "the exchange closed it without a reason";
  return fmt::format("the exchange closed it with {} \"{}\"", static_cast<int>(ended.code), ended.reason);
}

}  // namespace

std::string stream_target(const wire::Url& url) {
  const auto ends_with = [&](std::string_view tail) { return std::string_view(url.target).ends_with(tail); };
  return ends_with("/ws") || ends_with("/stream") ? url.target : url.target + "/ws";
}

StreamConnection::StreamConnection(net::Loop& loop, net::Background& resolver, const StreamSettings& settings,
                                   const market::SymbolTable& symbols, Intake& intake, StreamOwner& owner,
                                   std::uint32_t id, std::size_t leg)
    : loop_(loop),
      settings_(settings),
      symbols_(symbols),
      intake_(intake),
      owner_(owner),
      id_(id),
      leg_(leg),
      tls_(settings.tls) {
  ws::ClientOptions options;
  options.dial_timeout_ns = settings.dial_timeout_ns;
  ws::ClientEvents& self = *this;
  client_ = std::make_unique<ws::Client>(loop, resolver, settings.url, stream_target(settings.url),
                                         tls_.get(), options, self);
}

StreamConnection::~StreamConnection() {
  loop_.cancel(pace_timer_);
  loop_.cancel(ack_timer_);
}

void StreamConnection::subscribe(std::span<const market::SymbolId> symbols) {
  Names fresh;
  for (const market::SymbolId symbol : symbols) {
    const auto place = std::lower_bound(streams_.begin(), streams_.end(), symbol);
    if (place != streams_.end() && *place == symbol) continue;
    streams_.insert(place, symbol);
    fresh.push_back(symbol);
  }
  queue(fresh);
  if (open()) send_next();
}

void StreamConnection::queue(std::span<const market::SymbolId> symbols) {
  std::vector<std::string> names;
  names.reserve(symbols.size());
  for (const market::SymbolId symbol : symbols)
    names.push_back(stream_of(symbols_.stream_name(symbol), settings_.channel));
  std::size_t at = 0;
  for (const std::size_t length : request_lengths(names, settings_.request_bytes_max)) {
    const auto run = symbols.subspan(at, length);
    waiting_.emplace_back(run.begin(), run.end());
    at += length;
  }
}

void StreamConnection::close() {
  if (given_up_why_.empty()) given_up_why_ = "it was closed, another has taken its place";
  if (ws::Connection* connection = client_->connection()) connection->close(wire::CloseCode::normal, "");
}

void StreamConnection::on_open(ws::Connection& connection) {
  opened_ns_ = loop_.now_ns();
  if (settings_.status) {
    connection.send(wire::Opcode::text,
                    wire::subscribe_request({std::string(wire::kStatusStream)}, kStatusRequestId));
  }
  owner_.on_open(*this);
  send_next();
}

void StreamConnection::send_next() {
  if (!in_flight_.empty() || waiting_.empty() || pace_timer_ != 0) return;
  const std::int64_t now_ns = loop_.now_ns();
  if (now_ns < next_request_ns_) {
    pace_timer_ = loop_.at(next_request_ns_, [this] {
      pace_timer_ = 0;
      send_next();
    });
    return;
  }
  in_flight_ = std::move(waiting_.front());
  waiting_.pop_front();
  next_request_ns_ = now_ns + settings_.request_interval_ns;
  ack_timer_ = loop_.at(now_ns + settings_.ack_timeout_ns, [this] {
    ack_timer_ = 0;
    give_up(fmt::format("a request was not answered for {} s", settings_.ack_timeout_ns / kNsPerSecond));
  });
  std::vector<std::string> names;
  names.reserve(in_flight_.size());
  for (const market::SymbolId symbol : in_flight_)
    names.push_back(stream_of(symbols_.stream_name(symbol), settings_.channel));
  if (ws::Connection* connection = client_->connection())
    connection->send(wire::Opcode::text, wire::subscribe_request(names, ++request_id_));
}

void StreamConnection::on_message(ws::Connection&, const wire::Message& message, std::int64_t received_ns) {
  if (message.kind != wire::Opcode::text) return intake_.take_binary(message.payload.size(), received_ns);
  const std::string_view frame(message.payload.data(), message.payload.size());
  switch (intake_.take(frame, leg_, received_ns)) {
    case wire::FrameKind::ticker:
      last_data_ns_ = loop_.now_ns();
      ++tickers_;
      break;
    case wire::FrameKind::reply:
      on_reply(intake_.reply());
      break;
    case wire::FrameKind::server_shutdown:
      if (!std::exchange(shutdown_noticed_, true)) owner_.on_shutdown_notice(*this);
      break;
    case wire::FrameKind::other:
      take_other(frame, received_ns);
      break;
    case wire::FrameKind::malformed:
    case wire::FrameKind::unrepresentable:
      break;
  }
}

void StreamConnection::take_other(std::string_view frame, std::int64_t received_ns) {
  const auto status = settings_.status ? wire::read_status_event(frame) : std::nullopt;
  if (!status) return intake_.take_unknown(frame, received_ns);
  heard_state_ = status->state;
  owner_.on_status(*this);
}

void StreamConnection::on_reply(const wire::Reply& reply) {
  // An error may come without the id when the exchange could not read it; only one request is in flight, so
  // it is meant.
  const bool ours = reply.id ? *reply.id == request_id_ : reply.is_error;
  if (!ours || in_flight_.empty()) return;
  loop_.cancel(ack_timer_);
  if (reply.is_error) {
    on_error_reply(reply);
  } else {
    on_acknowledgement();
  }
  send_next();
}

void StreamConnection::on_acknowledgement() {
  const Names symbols = std::exchange(in_flight_, {});
  acknowledged_.insert(acknowledged_.end(), symbols.begin(), symbols.end());
  last_ack_ns_ = loop_.now_ns();
  owner_.on_acknowledged(*this, symbols);
}

// One name that the exchange cannot stand must not cost the others their quotes: the request is halved until
// the name is found.
void StreamConnection::on_error_reply(const wire::Reply& reply) {
  const Names symbols = std::exchange(in_flight_, {});
  const std::string words = fmt::format("{} \"{}\"", reply.error_code, reply.error_message);
  if (symbols.size() > 1) {
    const auto middle = symbols.begin() + static_cast<std::ptrdiff_t>(symbols.size() / 2);
    waiting_.emplace_front(middle, symbols.end());
    waiting_.emplace_front(symbols.begin(), middle);
    return;
  }
  if (acknowledged_.empty()) {
    // Nothing was accepted yet: is it the name, or is it all names? The rest first.
    if (waiting_.empty() || ++errors_ > kErrorsMax)
      return give_up("the exchange answers every request with an error: " + words);
    waiting_.push_back(symbols);
    return;
  }
  streams_.erase(std::lower_bound(streams_.begin(), streams_.end(), symbols.front()));
  owner_.on_refused(*this, symbols.front(), words);
}

void StreamConnection::give_up(const std::string& why) {
  given_up_why_ = why;
  if (ws::Connection* connection = client_->connection()) connection->abort(why);
}

void StreamConnection::on_read_end(ws::Connection&) { intake_.publish(); }

void StreamConnection::on_writable(ws::Connection&) {}

void StreamConnection::on_dial_failed(const ws::DialFailure& failure) {
  Loss loss{failure.message, failure.http_status, "", true};
  if (const auto retry_after = wire::header(failure.headers, "Retry-After")) loss.retry_after = *retry_after;
  owner_.on_lost(*this, loss);
}

void StreamConnection::on_ended(ws::Connection&, const ws::Ended& ended) {
  loop_.cancel(pace_timer_);
  loop_.cancel(ack_timer_);
  owner_.on_lost(*this, {given_up_why_.empty() ? describe(ended) : given_up_why_, 0, "", false});
}

}  // namespace tickcast::feed
