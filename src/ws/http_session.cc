// SPDX-License-Identifier: Apache-2.0
#include "ws/http_session.h"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

#include "base/clock.h"

namespace tickcast::ws {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kLingerBytesMax = 1024 * 1024;
constexpr std::int64_t kLingerNs = kNsPerSecond;

bool known_method(std::string_view method) { return method == "GET" || method == "HEAD" || method == "POST"; }

}  // namespace

HttpSession::HttpSession(net::Loop& loop, net::Stream stream, const net::Endpoint& peer,
                         const HttpSessionOptions& options, Host& host)
    : loop_(loop), host_(host), options_(options), stream_(std::move(stream)), peer_(peer) {
  loop_.add(stream_.fd(), net::kReadable, *this);
  enter(stream_.secure() ? Phase::securing : Phase::reading, net::kReadable, options_.request_timeout_ns);
}

HttpSession::~HttpSession() { leave_loop(); }

void HttpSession::on_ready(std::uint32_t what) {
  if (phase_ == Phase::answering) return write_some();
  if (phase_ == Phase::securing) return secure();
  if (what & (net::kReadable | net::kBroken)) read_some();
}

void HttpSession::secure() {
  switch (stream_.handshake()) {
    case net::IoStatus::ok:
      phase_ = Phase::reading;  // within the time it has
      loop_.change(stream_.fd(), net::kReadable, *this);
      return read_some();
    case net::IoStatus::would_block:
      return loop_.change(stream_.fd(), stream_.wants_write() ? net::kWritable : net::kReadable, *this);
    case net::IoStatus::closed:
      return end();  // as in clear: a balancer's check says nothing
    case net::IoStatus::failed:
      host_.on_tls_failure(stream_);
      end();
  }
}

void HttpSession::read_some() {
  const std::span<char> buffer = loop_.read_buffer().first(kReadBytes);
  const net::IoResult result = stream_.read(buffer);
  if (result.status == net::IoStatus::would_block) return;
  if (result.status != net::IoStatus::ok) return end();
  if (phase_ == Phase::reading) {
    in_.append(buffer.data(), result.bytes);
    take_requests();
    return read_pending();
  }
  discarded_ += result.bytes;
  if (phase_ == Phase::lingering && discarded_ > kLingerBytesMax) return end();
  read_pending();
}

// What TLS has decrypted already makes no descriptor readable.
void HttpSession::read_pending() {
  const bool reads = phase_ != Phase::answering && phase_ != Phase::gone;
  if (reads && stream_.has_pending()) loop_.again(stream_.fd(), net::kReadable, *this);
}

// Requests may come several in a row; each waits until the answer to the one before is out.
void HttpSession::take_requests() {
  if (taking_) return;  // an answer was written at once: the loop below goes on
  taking_ = true;
  while (phase_ == Phase::reading && !in_.empty()) {
    wire::ParsedRequest parsed = wire::parse_request_head(in_);
    if (parsed.status == wire::HeadStatus::need_more) break;
    if (parsed.status == wire::HeadStatus::bad) {
      refuse(400, "This is not an HTTP/1.1 request.\n");
    } else if (parsed.status == wire::HeadStatus::too_long) {
      refuse(431, fmt::format("The request's head is longer than {} bytes.\n", wire::kHttpHeadBytesMax));
    } else {
      in_.erase(0, parsed.consumed);
      take_request(std::move(parsed.request));
    }
  }
  taking_ = false;
}

void HttpSession::take_request(wire::HttpRequest request) {
  head_only_ = request.method == "HEAD";
  if (!request.keep_alive) closing_ = true;
  if (!known_method(request.method)) {
    host_.on_bad_request();
    return answer({405, {{"Allow", "GET, HEAD, POST"}}, "Only GET, HEAD and POST are understood here.\n"});
  }
  if (request.content_length > 0) return refuse(413, "A request with a body is not taken here.\n");
  if (head_only_ && !wire::is_websocket_upgrade(request)) request.method = "GET";
  host_.on_request(*this, request);
}

void HttpSession::refuse(int status, std::string_view sentence) {
  closing_ = true;
  host_.on_bad_request();
  answer({status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::string(sentence)});
}

void HttpSession::answer(const wire::HttpResponse& response) {
  out_ = wire::format_response(response, keep_alive_ && !closing_);
  if (head_only_) out_.resize(out_.size() - response.body.size());
  written_ = 0;
  enter(Phase::answering, net::kWritable, options_.write_timeout_ns);
  write_some();
}

void HttpSession::write_some() {
  while (written_ < out_.size()) {
    const net::IoResult result = stream_.write(std::span<const char>(out_).subspan(written_));
    if (result.status == net::IoStatus::would_block) return;
    if (result.status != net::IoStatus::ok) return end();
    written_ += result.bytes;
    loop_.cancel(timer_);
    timer_ = loop_.after(options_.write_timeout_ns, [this] { time_out(); });
  }
  out_ = {};
  first_ = false;
  if (!keep_alive_ || closing_) return linger();
  enter(Phase::reading, net::kReadable, options_.request_timeout_ns);
  take_requests();
  read_pending();
}

void HttpSession::linger() {
  stream_.shutdown_write();
  enter(Phase::lingering, net::kReadable, kLingerNs);
}

void HttpSession::hang() {
  loop_.cancel(timer_);
  phase_ = Phase::hanging;
}

net::Stream HttpSession::release_stream(std::string& already_read) {
  leave_loop();
  already_read = std::move(in_);
  in_.clear();
  return std::move(stream_);
}

void HttpSession::enter(Phase phase, std::uint32_t interest, std::int64_t timeout_ns) {
  phase_ = phase;
  loop_.change(stream_.fd(), interest, *this);
  loop_.cancel(timer_);
  timer_ = loop_.after(timeout_ns, [this] { time_out(); });
}

void HttpSession::time_out() {
  if (phase_ == Phase::reading && (first_ || !in_.empty())) host_.on_request_timeout();
  end();
}

void HttpSession::end() {
  if (phase_ == Phase::gone) return;
  leave_loop();
  stream_.close();
  host_.on_session_end(*this);
}

void HttpSession::leave_loop() {
  if (phase_ == Phase::gone) return;
  loop_.cancel(timer_);
  loop_.remove(stream_.fd(), *this);
  phase_ = Phase::gone;
}

}  // namespace tickcast::ws
