// SPDX-License-Identifier: Apache-2.0
#include "ws/server.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/check.h"
#include "base/log.h"
#include "wire/deflate.h"
#include "ws/address_limit.h"
#include "ws/http_session.h"

namespace tickcast::ws {
namespace {

constexpr int kAcceptsPerReadiness = 64;
constexpr std::int64_t kAcceptPauseNs = 100 * kNsPerMs;  // when descriptors have run out
constexpr std::size_t kDescriptorReserve = 256;          // for files, look-ups and those who are refused
constexpr std::size_t kRefusedMax = 128;  // at a time; beyond, connections are closed without a word
constexpr std::size_t kSweepSlices = 16;  // so that looking after very many connections makes no long pause
constexpr std::int64_t kDrainTickNs = 5 * kNsPerMs;

// Its body ends with the connection (RFC 9112 section 6.3). Any page may read it, as any may open a WebSocket
// connection; no proxy shall keep or collect it.
constexpr std::string_view kEventStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "Access-Control-Allow-Origin: *\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\n";

std::int64_t sweep_period_ns(const ServerOptions& options) {
  std::int64_t period = kNsPerSecond;
  for (const std::int64_t limit :
       {options.ping_interval_ns, options.pong_timeout_ns, options.stuck_timeout_ns}) {
    if (limit > 0) period = std::min(period, limit / 4);
  }
  return std::max<std::int64_t>(period, static_cast<std::int64_t>(kSweepSlices) * kNsPerMs);
}

// The kernel gives up on a peer that acknowledges nothing: pings do not go out while there is other traffic.
// Inherited by accepted sockets.
void set_user_timeout(const net::Socket& listener, const ServerOptions& options) {
  if (options.stuck_timeout_ns <= 0) return;
  const std::int64_t ms = std::max(options.stuck_timeout_ns, options.pong_timeout_ns) / kNsPerMs;
  const auto value = static_cast<unsigned>(std::clamp<std::int64_t>(ms, 1'000, 3'600'000));
  setsockopt(listener.fd(), IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof value);
}

wire::HttpResponse text_response(int status, wire::HttpHeaders headers, std::string_view sentence) {
  headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  return {status, std::move(headers), std::string(sentence)};
}

wire::HttpResponse full_response() {
  return text_response(503, {{"Retry-After", "5"}}, "No connection is free here; try again later.\n");
}

}  // namespace

struct Server::Impl final : private net::Ready, public HttpSession::Host, private ConnectionEvents {
  // A WebSocket connection and what the server's rules need to know of it.
  struct Peer final : Connection {
    Peer(const ConnectionOwner& server, net::Stream stream)
        : Connection(server, std::move(stream)), pinged_ns(server.loop.now_ns()) {}

    std::uint32_t index = 0;  // in peers
    AddressLimit::Ticket ticket;
    std::int64_t pinged_ns;
    std::int64_t frames_until_ns = 0;  // when its frames so far had come at the rate that is allowed
  };
  static_assert(sizeof(Peer) <= 152, "160 bytes of the heap: a server holds very many");

  struct Drain {
    wire::CloseCode code;
    std::string reason;
    std::int64_t begin_ns;
    std::int64_t spread_ns;
    std::size_t total;  // connections at the beginning
    std::size_t left;   // peers[0..left) are to be closed yet
    std::function<void()> done;
  };

  Impl(net::Loop& its_loop, const ServerOptions& its_options, Application& its_application);
  ~Impl();

  void limit_connections(std::size_t most);
  void on_ready(std::uint32_t) override { accept_some(); }
  void accept_some();
  void take_in(net::Socket socket, const net::Endpoint& peer);
  void pause_accepting(const std::string& why);
  void watch_listener(bool watched);

  void on_request(HttpSession& session, const wire::HttpRequest& request) override;
  void on_bad_request() override { ++counters.bad_requests; }
  void on_tls_failure(const net::Stream& stream) override {
    ++counters.tls_failures;
    if (tls_log.allow(loop.now_ns())) log_info("ws", "a TLS handshake failed: {}", stream.failure());
  }
  void on_request_timeout() override { ++counters.handshake_timeouts; }
  void on_session_end(HttpSession& session) override;
  void upgrade(HttpSession& session, const wire::HttpRequest& request, const Upgrade& upgrade,
               const wire::HandshakeAnswer& handshake);
  void begin_events(HttpSession& session, const wire::HttpRequest& request, const EventStream& stream);
  Peer& take_over(HttpSession& session, std::uint64_t tag, std::string& already_read);

  static Peer& peer_of(Connection& connection) { return static_cast<Peer&>(connection); }
  void on_message(Connection& connection, const wire::Message& message, std::int64_t received_ns) override {
    if (within_rate(peer_of(connection))) application.on_message(connection, message, received_ns);
  }
  void on_read_end(Connection& connection) override {
    if (within_rate(peer_of(connection))) application.on_read_end(connection);
  }
  void on_writable(Connection& connection) override { application.on_writable(connection); }
  void on_ended(Connection& connection, const Ended& ended) override {
    application.on_ended(connection, ended);
    remove(peer_of(connection));
  }

  bool within_rate(Peer& peer);
  void sweep();
  void look_after(Peer& peer);
  void ping_when_due(Peer& peer);
  void remove(Peer& peer);
  void drain_tick();

  net::Loop& loop;
  const ServerOptions options;
  const ConnectionOwner owner{loop, wire::Role::server, options.connection, *this};  // of all peers
  Application& application;
  ServerCounters counters;
  wire::Inflater inflater;  // of all connections: what it holds is used up before the next message

  net::Socket listener;
  bool listener_watched = false;
  net::Loop::TimerId accept_timer = 0;
  LogLimit accept_log{10 * kNsPerSecond};
  LogLimit tls_log{10 * kNsPerSecond};
  AddressLimit addresses;
  HttpSessionOptions session_options;
  metrics::Counter connections_max;
  std::size_t refused = 0;
  std::unordered_map<HttpSession*, std::unique_ptr<HttpSession>> sessions;
  std::vector<std::unique_ptr<Peer>> peers;

  std::size_t sweep_cursor = 0;
  net::Loop::TimerId sweep_timer = 0;
  std::unique_ptr<Drain> draining;
  net::Loop::TimerId drain_timer = 0;
};

Server::Impl::Impl(net::Loop& its_loop, const ServerOptions& its_options, Application& its_application)
    : loop(its_loop),
      options(its_options),
      application(its_application),
      addresses(options.connections_per_address_max),
      session_options{options.handshake_timeout_ns,
                      options.stuck_timeout_ns > 0 ? options.stuck_timeout_ns : 60 * kNsPerSecond} {
  limit_connections(options.connections_max);
  sweep();
}

void Server::Impl::limit_connections(std::size_t most) {
  if (most == 0) {
    const std::size_t descriptors = net::raise_descriptor_limit();
    most = descriptors > 2 * kDescriptorReserve ? descriptors - kDescriptorReserve : descriptors / 2;
  }
  connections_max.set(most);
}

Server::Impl::~Impl() {
  watch_listener(false);
  loop.cancel(accept_timer);
  loop.cancel(sweep_timer);
  loop.cancel(drain_timer);
}

// --- accepting ---

void Server::Impl::watch_listener(bool watched) {
  if (watched == listener_watched || !listener) return;
  listener_watched = watched;
  if (watched) {
    loop.add(listener.fd(), net::kReadable, *this);
  } else {
    loop.remove(listener.fd(), *this);
  }
}

void Server::Impl::accept_some() {
  for (int i = 0; i < kAcceptsPerReadiness; ++i) {
    net::Endpoint peer;
    auto socket = net::accept_tcp(listener, peer);
    if (!socket) return pause_accepting(socket.error().message);
    if (!*socket) return;
    take_in(std::move(socket).value(), peer);
  }
}

void Server::Impl::pause_accepting(const std::string& why) {
  if (accept_log.allow(loop.now_ns()))
    log_warning("ws", "{} ({} connections are open)", why, peers.size() + sessions.size());
  watch_listener(false);
  accept_timer = loop.after(kAcceptPauseNs, [this] { watch_listener(true); });
}

void Server::Impl::take_in(net::Socket socket, const net::Endpoint& peer) {
  ++counters.accepted;
  const bool full = peers.size() + sessions.size() - refused >= connections_max;
  auto ticket = addresses.admit(peer);
  const bool refuse = full || !ticket;
  if (refuse) {
    ++(full ? counters.refused_full : counters.refused_address);
    if (refused >= kRefusedMax) return;
    ++refused;
  }
  net::Stream stream = options.tls == nullptr ? net::Stream(std::move(socket))
                                              : net::Stream(std::move(socket), *options.tls->context());
  auto session = std::make_unique<HttpSession>(loop, std::move(stream), peer, session_options, *this);
  session->refused = refuse;
  if (ticket) session->ticket = std::move(*ticket);
  HttpSession* const key = session.get();
  sessions.emplace(key, std::move(session));
}

// --- HTTP ---

void Server::Impl::on_request(HttpSession& session, const wire::HttpRequest& request) {
  if (session.refused || draining) {
    session.close_after_answer();
    return session.answer(full_response());
  }
  const bool asked = wire::is_websocket_upgrade(request);
  wire::HandshakeAnswer handshake;
  if (asked) {
    handshake = wire::answer_handshake(request, options.compression);
    if (!handshake.accepted) {
      ++counters.bad_requests;
      session.close_after_answer();
      return session.answer(handshake.refusal);
    }
  }
  const Answer answer = application.on_request(request, asked, session.peer());
  if (const auto* response = std::get_if<wire::HttpResponse>(&answer)) return session.answer(*response);
  if (std::holds_alternative<Hang>(answer)) return session.hang();
  if (const auto* stream = std::get_if<EventStream>(&answer)) return begin_events(session, request, *stream);
  if (asked) return upgrade(session, request, std::get<Upgrade>(answer), handshake);
  session.answer(text_response(426, {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}},
                               "This is a WebSocket address.\n"));
}

void Server::Impl::upgrade(HttpSession& session, const wire::HttpRequest& request, const Upgrade& upgrade,
                           const wire::HandshakeAnswer& handshake) {
  ++counters.upgraded;
  std::string already_read;
  Peer& peer = take_over(session, upgrade.tag, already_read);
  if (handshake.compressed) peer.accept_compressed(inflater);
  peer.append_frames(handshake.bytes);
  peer.append_frames(upgrade.first_frames);
  application.on_open(peer, request);
  peer.start(already_read);
}

void Server::Impl::begin_events(HttpSession& session, const wire::HttpRequest& request,
                                const EventStream& stream) {
  if (session.head_only()) return session.answer({200, {{"Content-Type", "text/event-stream"}}, ""});
  ++counters.event_streams;
  std::string already_read;
  Peer& peer = take_over(session, stream.tag, already_read);
  peer.speak_events();
  peer.append_frames(kEventStreamHead);
  application.on_open(peer, request);
  peer.start(already_read);
}

// The session's stream becomes a peer's; the session ends.
Server::Impl::Peer& Server::Impl::take_over(HttpSession& session, std::uint64_t tag,
                                            std::string& already_read) {
  auto made = std::make_unique<Peer>(owner, session.release_stream(already_read));
  Peer& peer = *made;
  peer.ticket = std::move(session.ticket);
  peer.index = static_cast<std::uint32_t>(peers.size());
  peers.push_back(std::move(made));
  on_session_end(session);
  peer.tag = tag;
  return peer;
}

void Server::Impl::on_session_end(HttpSession& session) {
  if (session.refused) --refused;
  session.ticket = {};
  const auto found = sessions.find(&session);
  CHECK(found != sessions.end(), "an HTTP session ended twice");
  loop.dispose(std::move(found->second));
  sessions.erase(found);
}

// --- the rules of open connections ---

bool Server::Impl::within_rate(Peer& peer) {
  if (options.messages_per_second <= 0) return true;
  const std::uint32_t fresh = peer.take_frames_received();
  if (fresh == 0) return peer.open();
  const std::int64_t now_ns = loop.now_ns();
  const double frame_ns = 1e9 / options.messages_per_second;
  const auto burst_ns = static_cast<std::int64_t>(frame_ns * options.messages_burst);
  peer.frames_until_ns =
      std::max(peer.frames_until_ns, now_ns - burst_ns) + static_cast<std::int64_t>(frame_ns * fresh);
  if (peer.frames_until_ns <= now_ns || !peer.open()) return peer.open();
  ++counters.too_many_messages;
  peer.close(wire::CloseCode::policy, "Too many requests");
  return false;
}

void Server::Impl::sweep() {
  const std::size_t slice = (peers.size() + kSweepSlices - 1) / kSweepSlices;
  for (std::size_t i = 0; i < slice; ++i) {
    if (sweep_cursor >= peers.size()) sweep_cursor = 0;
    look_after(*peers[sweep_cursor++]);
  }
  sweep_timer =
      loop.after(sweep_period_ns(options) / static_cast<std::int64_t>(kSweepSlices), [this] { sweep(); });
}

void Server::Impl::look_after(Peer& peer) {
  if (!peer.open()) return;
  const std::int64_t now_ns = loop.now_ns();
  if (peer.blocked() && options.stuck_timeout_ns > 0 &&
      now_ns - peer.last_sent_ns() > options.stuck_timeout_ns) {
    ++counters.stuck;
    return peer.abort("the peer has taken nothing for too long");
  }
  if (peer.ping_sent_ns() != 0 && now_ns - peer.ping_sent_ns() > options.pong_timeout_ns) {
    ++counters.pong_timeouts;
    return peer.close(wire::CloseCode::policy, "Pong timeout");
  }
  if (options.ping_interval_ns > 0) ping_when_due(peer);
}

void Server::Impl::ping_when_due(Peer& peer) {
  std::int64_t since_ns = peer.pinged_ns;
  if (options.ping_only_when_quiet) {
    since_ns = std::max({since_ns, peer.last_received_ns(), peer.last_sent_ns()});
  }
  if (loop.now_ns() - since_ns < options.ping_interval_ns || peer.blocked()) return;
  peer.pinged_ns = loop.now_ns();
  peer.ping();
}

void Server::Impl::remove(Peer& peer) {
  const std::uint32_t index = peer.index;
  peer.ticket = {};
  loop.dispose(std::move(peers[index]));
  if (index + 1 < peers.size()) {
    peers[index] = std::move(peers.back());
    peers[index]->index = index;
  }
  peers.pop_back();
}

// --- draining ---

void Server::Impl::drain_tick() {
  Drain& drain = *draining;
  const std::int64_t elapsed = loop.now_ns() - drain.begin_ns;
  const bool over = elapsed >= drain.spread_ns;
  const auto due =
      over ? drain.total
           : static_cast<std::size_t>(static_cast<double>(drain.total) * static_cast<double>(elapsed) /
                                      static_cast<double>(drain.spread_ns));
  // From the back: when a closed one goes, the last one takes its place, and that one is closed too.
  drain.left = std::min(drain.left, peers.size());
  while (drain.left > drain.total - due) peers[--drain.left]->close(drain.code, drain.reason);
  if (over) sessions.clear();
  if (peers.empty() && sessions.empty()) {
    const auto done = std::move(drain.done);
    if (done) done();
    return;
  }
  drain_timer = loop.after(kDrainTickNs, [this] { drain_tick(); });
}

// --- the door ---

Server::Server(net::Loop& loop, const ServerOptions& options, Application& application)
    : impl_(std::make_unique<Impl>(loop, options, application)) {}

Server::~Server() = default;

void Server::set_limits(std::size_t connections_max, std::size_t connections_per_address_max) {
  impl_->limit_connections(connections_max);
  impl_->addresses.set_most(connections_per_address_max);
}

void Server::listen(net::Socket listener) {
  CHECK(!impl_->listener, "a server was given a second listener");
  impl_->listener = std::move(listener);
  set_user_timeout(impl_->listener, impl_->options);
  impl_->watch_listener(true);
}

void Server::stop_listening() {
  impl_->watch_listener(false);
  impl_->loop.cancel(impl_->accept_timer);
  impl_->listener.reset();
}

std::size_t Server::connections() const { return impl_->peers.size() + impl_->sessions.size(); }

std::size_t Server::connections_max() const { return impl_->connections_max; }

const ServerCounters& Server::counters() const { return impl_->counters; }

void Server::for_each(const std::function<void(Connection&)>& visit) {
  for (const auto& peer : impl_->peers) {
    if (peer->open()) visit(*peer);
  }
}

void Server::drain(wire::CloseCode code, std::string_view reason, std::int64_t spread_ns,
                   std::function<void()> done) {
  CHECK(!impl_->draining, "a server was drained twice");
  stop_listening();
  const std::size_t total = impl_->peers.size();
  impl_->draining = std::make_unique<Impl::Drain>(
      Impl::Drain{code, std::string(reason), steady_ns(), spread_ns, total, total, std::move(done)});
  impl_->drain_timer = impl_->loop.after(0, [impl = impl_.get()] { impl->drain_tick(); });
}

}  // namespace tickcast::ws
