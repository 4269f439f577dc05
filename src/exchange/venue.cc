// SPDX-License-Identifier: Apache-2.0
#include "exchange/venue.h"

#include <algorithm>
#include <ctime>

#include <fmt/core.h>

#include "base/json_text.h"
#include "wire/stream_path.h"
#include "wire/ticker.h"

namespace tickcast::exchange {
namespace {

// A turn plays for so long at most, then connections get their turn.
constexpr std::int64_t kPlayNsMax = 5 * kNsPerMs;
// Frames are flushed after so many events though more are due, so that queues stay short while catching up.
constexpr std::size_t kEventsPerFlush = 512;
constexpr std::int64_t kSleepNsMax = 20 * kNsPerMs;
// Falling behind by less is a matter of the kernel's scheduling.
constexpr std::int64_t kBehindNs = 100 * kNsPerMs;
// Beyond the rule for slow readers, which the venue enforces itself after each flush.
constexpr std::size_t kQueueReserveBytes = kHugeBytesMax + 1024 * 1024;

ws::ServerOptions server_options(const Rules& rules) {
  ws::ServerOptions options;
  options.connection.unsent_bytes_max = rules.unsent_bytes_max + kQueueReserveBytes;
  options.ping_interval_ns = rules.ping_interval_ns;
  options.ping_only_when_quiet = false;
  options.pong_timeout_ns = rules.pong_timeout_ns;
  options.stuck_timeout_ns = 0;
  options.messages_per_second = 0;
  return options;
}

std::int64_t thread_cpu_ns() { return detail::read_clock_ns(CLOCK_THREAD_CPUTIME_ID); }

// As state() tells it: a URL may hold any bytes, and very many.
std::string shown_path(std::string_view path) { return wire::percent_encode(path.substr(0, 64)); }

Session& session_of(ws::Connection& connection) { return *reinterpret_cast<Session*>(connection.tag); }

}  // namespace

Venue::Venue(net::Loop& loop, Source& source, const Rules& rules, bool control_endpoint)
    : loop_(loop),
      source_(source),
      rules_(rules),
      control_endpoint_(control_endpoint),
      board_(source, retired_symbols()),
      clock_(wall_ns(), steady_ns()),
      audience_(board_),
      faults_(board_, *this),
      rest_(board_, rules_),
      connects_(rules.connects_per_5_minutes_max),
      server_(loop, server_options(rules), *this) {
  loop_.on_end_of_turn([this] { return end_of_turn(); });
}

void Venue::stop(std::function<void()> done) {
  stopping_ = true;
  for_each_session([this](Session& session) { announce_shutdown(session); });
  flush();
  server_.drain(wire::CloseCode::going_away, "", 0, std::move(done));
}

// --- requests and connections ---

ws::Answer Venue::on_request(const wire::HttpRequest& request, bool upgrade, const net::Endpoint& peer) {
  if (request.path.starts_with("/control/") && !upgrade) return control(request, peer);
  if (auto refused = faults_.refuse(upgrade, wall_ns())) return *std::move(refused);
  if (upgrade) return answer_handshake(request, peer);
  if (wire::parse_stream_path(request)) return ws::Upgrade{};  // which was not asked for: the server says 426
  wire::HttpResponse response = rest_.answer(request, peer.host_text(), wall_ns());
  response.headers.emplace_back(market::kOriginHeader, market::name(source_.origin()));
  return response;
}

ws::Answer Venue::answer_handshake(const wire::HttpRequest& request, const net::Endpoint& peer) {
  if (!wire::parse_stream_path(request)) return not_found(request);
  if (!connects_.admit(peer.host_text(), steady_ns())) return refusal(403, 0, wall_ns());
  return ws::Upgrade{};
}

void Venue::on_open(ws::Connection& connection, const wire::HttpRequest& request) {
  const auto path = wire::parse_stream_path(request);
  CHECK(path.has_value(), "a connection was opened on a path that was refused");
  auto session = std::make_unique<Session>(++last_session_, shown_path(request.path), path->combined,
                                           steady_ns(), rules_);
  session->connection = &connection;
  connection.tag = reinterpret_cast<std::uint64_t>(session.get());
  Session& opened = *session;
  sessions_.emplace(opened.id, std::move(session));
  counters_.connections.set(sessions_.size());
  faults_.on_open(opened);
  carry_out(opened, opened.open(path->streams));
}

void Venue::on_message(ws::Connection& connection, const wire::Message& message, std::int64_t) {
  Session& session = session_of(connection);
  if (!keeps_rate(session) || message.kind != wire::Opcode::text) return;
  auto outcome = session.answer({message.payload.data(), message.payload.size()}, control_reader_);
  if (!outcome.reply.empty() && faults_.swallows_reply(session)) outcome.reply.clear();
  carry_out(session, outcome);
}

void Venue::on_read_end(ws::Connection& connection) { keeps_rate(session_of(connection)); }

void Venue::on_ended(ws::Connection& connection, const ws::Ended&) {
  Session& session = session_of(connection);
  session.connection = nullptr;
  ended_.push_back(session.id);
}

bool Venue::keeps_rate(Session& session) {
  ws::Connection& connection = *session.connection;
  if (!connection.open()) return false;
  if (session.admit_frames(connection.take_frames_received(), steady_ns())) return true;
  connection.close(wire::CloseCode::policy, "Too many requests");
  return false;
}

void Venue::carry_out(Session& session, const Session::Outcome& outcome) {
  if (outcome.over_limit) return session.connection->abort("too many streams");
  for (const auto& stream : outcome.removed) audience_.remove(stream, session);
  for (const auto& stream : outcome.added) {
    if (faults_.mutes(session)) {
      session.muted.insert(stream);
    } else {
      audience_.add(stream, session);
    }
  }
  if (!outcome.reply.empty()) session.connection->send(wire::Opcode::text, outcome.reply);
}

// --- /control/... ---

wire::HttpResponse Venue::control(const wire::HttpRequest& request, const net::Endpoint& peer) {
  if (!control_endpoint_ || !peer.loopback()) return not_found(request);
  if (request.method != "GET" && request.method != "POST") {
    return {.status = 405, .headers = {{"Allow", "GET, POST"}}, .body = ""};
  }
  const std::string_view what = std::string_view(request.path).substr(std::string_view("/control/").size());
  if (what == "fault") return control_fault(request);
  if (what == "help")
    return {.status = 200, .headers = {{"Content-Type", "text/plain;charset=UTF-8"}}, .body = fault_help()};
  if (what == "clear")
    faults_.clear(steady_ns());
  else if (what == "freeze")
    clock_.freeze(steady_ns());
  else if (what == "resume")
    clock_.resume(steady_ns());
  else if (what != "state")
    return not_found(request);
  return json_response(200, state());
}

wire::HttpResponse Venue::control_fault(const wire::HttpRequest& request) {
  const auto refused = [](const std::string& why) {
    return json_response(400, fmt::format(R"({{"error":{}}})", json_string(why)));
  };
  const auto spec = request.query_value("spec");
  if (!spec) return refused("the query needs spec=<fault>; GET /control/help lists what there is");
  const auto fault = parse_fault(*spec);
  if (!fault) return refused(fault.error().message);
  const auto number = faults_.give(*fault, steady_ns());
  if (!number) return refused(number.error().message);
  return json_response(200, fmt::format(R"({{"number":{}}})", *number));
}

std::string Venue::state() {
  std::string connections;
  for_each_session([&connections](Session& session) {
    if (!connections.empty()) connections += ',';
    connections += fmt::format(R"({{"id":{},"path":{},"combined":{},"subscriptions":{},"unsent":{}}})",
                               session.id, json_string(session.path), session.combined,
                               session.streams().size(), session.connection->unsent_bytes());
  });
  const std::int64_t behind_ns =
      behind_ ? std::max<std::int64_t>(0, clock_.now_ns(steady_ns()) - source_.next_ns()) : 0;
  return fmt::format(
      R"({{"frozen":{},"symbols":{},"events":{},"frames":{},"behindMs":{},"cpuMs":{},"connections":[{}],"faults":{}}})",
      clock_.frozen(), board_.size(), counters_.events.value(), counters_.frames_sent.value(),
      behind_ns / kNsPerMs, thread_cpu_ns() / kNsPerMs, connections, faults_.describe());
}

// --- what faults need ---

void Venue::for_each_session(const std::function<void(Session&)>& visit) {
  for (const auto& [id, session] : sessions_) {
    if (session->connection != nullptr && session->connection->open()) visit(*session);
  }
}

void Venue::publish(SymbolNumber symbol) {
  const auto& audience = audience_.of(symbol);
  if (audience.empty()) return;
  frames_.set(symbol, board_.listing(symbol).symbol, board_.stream_symbol(symbol), board_.quote(symbol));
  for (Session* session : audience) {
    if (session->connection == nullptr) continue;
    if (session->bent) {
      faults_.deliver(*session, frames_, wall_ns());
    } else {
      session->connection->append_frames(frames_.frame(session->combined));
    }
    ++counters_.frames_sent;
    if (session->has_unflushed) continue;
    session->has_unflushed = true;
    unflushed_.push_back(session);
  }
}

void Venue::on_symbol_added(SymbolNumber symbol) {
  audience_.grow();
  const std::string stream =
      fmt::format("{}@{}", board_.stream_symbol(symbol), wire::channel_name(wire::Channel::book_ticker));
  for_each_session([this, &stream](Session& session) {
    if (session.streams().contains(stream) && !session.muted.contains(stream)) audience_.add(stream, session);
  });
}

void Venue::unmute(Session& session) {
  const auto streams = std::exchange(session.muted, {});
  for (const auto& stream : streams) {
    audience_.add(stream, session);
    const auto symbol = audience_.symbol_of(stream);
    if (symbol && board_.say_again(*symbol)) publish(*symbol);
  }
}

void Venue::announce_shutdown(Session& session) {
  session.connection->send(wire::Opcode::text, wire::server_shutdown_event(wall_ns(), session.combined));
}

// --- a turn ---

std::int64_t Venue::end_of_turn() {
  const std::int64_t now_ns = steady_ns();
  bury_ended();
  faults_.advance(now_ns);
  close_old(now_ns);
  play();
  flush();
  return sleep_ns();
}

void Venue::bury_ended() {
  for (const std::uint64_t id : ended_) {
    const auto found = sessions_.find(id);
    Session* session = found->second.get();
    audience_.remove_all(*session);
    std::erase(unflushed_, session);
    sessions_.erase(found);
    counters_.connections.set(sessions_.size());
  }
  ended_.clear();
}

void Venue::close_old(std::int64_t now_ns) {
  const std::int64_t lifetime_ns = faults_.lifetime_ns(rules_.lifetime_ns);
  for (const auto& [id, session] : sessions_) {
    if (now_ns - session->opened_ns < lifetime_ns) break;
    if (session->connection != nullptr) session->connection->close(wire::CloseCode::normal, "");
  }
}

void Venue::play() {
  behind_ = false;
  if (clock_.frozen() || stopping_) return;
  const std::int64_t give_up_ns = steady_ns() + kPlayNsMax;
  std::int64_t now_ns = steady_ns();
  while (!behind_) {
    const auto events = source_.due(clock_.now_ns(now_ns));
    if (events.empty()) return;
    for (const MarketEvent& event : events) {
      board_.take(event, [this](SymbolNumber symbol) { publish(symbol); });
    }
    counters_.events.add(events.size());
    events_unflushed_ += events.size();
    if (events_unflushed_ >= kEventsPerFlush) flush();
    now_ns = steady_ns();
    behind_ = now_ns >= give_up_ns;
  }
  const std::int64_t late_ns = clock_.now_ns(now_ns) - source_.next_ns();
  if (late_ns > kBehindNs && behind_log_.allow(now_ns)) {
    log_warning("exchange",
                "the market is {} ms behind and catches up: its rate is more than this machine can do now",
                late_ns / kNsPerMs);
  }
}

void Venue::flush() {
  events_unflushed_ = 0;
  for (Session* session : unflushed_) {
    session->has_unflushed = false;
    if (session->connection == nullptr) continue;
    session->connection->flush();
    enforce_queue(*session);
  }
  unflushed_.clear();
}

void Venue::enforce_queue(Session& session) {
  const std::size_t unsent = session.connection->unsent_bytes();
  if (unsent == 0) {
    session.queue_bytes_allowed = 0;
  } else if (unsent > faults_.queue_bytes_max(session, rules_.unsent_bytes_max)) {
    session.connection->abort("slow reader");
  }
}

std::int64_t Venue::sleep_ns() const {
  if (behind_) return 0;
  const std::int64_t now_ns = steady_ns();
  std::int64_t sleep = kSleepNsMax;
  const auto wake_at = [&sleep](std::int64_t in_ns) { sleep = std::clamp<std::int64_t>(in_ns, 0, sleep); };
  if (!clock_.frozen() && !stopping_) wake_at(source_.next_ns() - clock_.now_ns(now_ns));
  wake_at(faults_.next_ns() - now_ns);
  return sleep;
}

}  // namespace tickcast::exchange
