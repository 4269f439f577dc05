// SPDX-License-Identifier: Apache-2.0
#include "load/client.h"

#include <algorithm>

namespace tickcast::load {
namespace {

constexpr std::int64_t kReadsPerSecond = 4;  // of a slow client
constexpr int kSmallBufferBytes = 4 * 1024;
constexpr int kWideBufferBytes = 1024 * 1024;
constexpr std::uint32_t kMessageBytesMax = 64 * 1024 * 1024;  // an array of the whole market is far smaller

}  // namespace

Client::Client(net::Loop& loop, net::Background& background, const ClientSettings& settings, Account account,
               const std::optional<net::Endpoint>& from, Inspector& inspector, load::ClientEvents& events)
    : loop_(loop),
      settings_(settings),
      inspector_(inspector),
      events_(events),
      account_(std::move(account)),
      holds_back_(account_.manner != Manner::prompt),
      client_(loop, background, settings.url, settings.url.target + account_.watchlist->target, settings.tls,
              dial_options(from), *this) {}

Client::~Client() { loop_.cancel(pause_); }

ws::ClientOptions Client::dial_options(const std::optional<net::Endpoint>& from) const {
  ws::ClientOptions options;
  options.connection.limits.message_bytes_max = kMessageBytesMax;
  options.dial_timeout_ns = settings_.dial_timeout_ns;
  options.to = settings_.to;
  options.connect.from = from;
  if (account_.manner == Manner::stalled) options.connect.receive_buffer_bytes = kSmallBufferBytes;
  if (account_.manner == Manner::slow) {
    options.connect.receive_buffer_bytes = static_cast<int>(std::clamp<std::int64_t>(
        settings_.slow_bytes_per_s / kReadsPerSecond, kSmallBufferBytes, kWideBufferBytes));
  }
  return options;
}

void Client::on_open(ws::Connection& connection) {
  if (account_.manner == Manner::stalled && holds_back_) connection.pause_reading(true);
  events_.on_connected();
}

void Client::on_dial_failed(const ws::DialFailure& failure) { events_.on_refused(failure); }

void Client::on_message(ws::Connection&, const wire::Message& message, std::int64_t received_ns) {
  read_bytes_ += static_cast<std::int64_t>(message.payload.size());
  inspector_.take(account_, {message.payload.data(), message.payload.size()}, received_ns);
}

void Client::on_read_end(ws::Connection& connection) {
  if (account_.manner != Manner::slow || !holds_back_ || pause_ != 0) return;
  const std::int64_t pause_ns = std::exchange(read_bytes_, 0) * kNsPerSecond / settings_.slow_bytes_per_s;
  if (pause_ns == 0) return;
  connection.pause_reading(true);
  pause_ = loop_.after(pause_ns, [this] {
    pause_ = 0;
    if (ws::Connection* const open = client_.connection()) open->pause_reading(false);
  });
}

void Client::read_on() {
  if (!std::exchange(holds_back_, false)) return;
  loop_.cancel(pause_);
  ws::Connection* const connection = client_.connection();
  if (connection == nullptr) return;
  connection->widen_receive_buffer(kWideBufferBytes);
  connection->pause_reading(false);
}

void Client::on_ended(ws::Connection&, const ws::Ended& ended) {
  loop_.cancel(pause_);
  events_.on_lost(account_, ended);
}

}  // namespace tickcast::load
