// SPDX-License-Identifier: Apache-2.0
#include "emitter/shard.h"

#include <algorithm>
#include <optional>
#include <variant>

#include <fmt/core.h>

#include "base/clock.h"
#include "emitter/page.h"
#include "wire/status_event.h"
#include "wire/stream_path.h"
#include "wire/ticker.h"

namespace tickcast::emitter {
namespace {

using fanout::ClientId;
using fanout::Encoding;
using wire::HttpResponse;

// How long a turn may serve before the loop takes in what clients sent and who wants to connect.
constexpr std::int64_t kServePerTurnNs = 2 * kNsPerMs;
// Reading the clock costs 1/200 of a send: often enough here.
constexpr std::size_t kVisitsPerClockRead = 8;

// Of what all shards may have together; 0 stays 0.
std::size_t share_of(std::size_t connections, std::size_t shards) {
  return (connections + shards - 1) / shards;
}

ws::ServerOptions server_options(const Options& options, const net::TlsIdentity* tls) {
  ws::ServerOptions out;
  out.tls = tls;
  out.connection.limits = {options.message_bytes_max, options.fragments_max};
  out.handshake_timeout_ns = options.handshake_timeout_ns;
  out.ping_interval_ns = options.ping_interval_ns;
  out.pong_timeout_ns = options.pong_timeout_ns;
  out.stuck_timeout_ns = options.stuck_timeout_ns;
  out.connections_max = share_of(options.admission.connections_max, options.shards);
  out.connections_per_address_max = options.admission.connections_per_address_max;
  // Replies, and the rest of an array message that was torn.
  out.connection.unsent_bytes_max = fanout::kArrayBytesMax + 64 * 1024;
  out.messages_per_second = options.messages_per_second;
  out.messages_burst = options.messages_burst;
  out.compression = options.compression;
  return out;
}

// Into the cache, while the kernel sends for the client before: its work leaves little there of the next one.
void fetch_ahead(const ws::Connection* connection) {
  constexpr std::size_t kCacheLine = 64;
  const char* const bytes = reinterpret_cast<const char*>(connection);
  for (std::size_t at = 0; at < sizeof *connection; at += kCacheLine) __builtin_prefetch(bytes + at);
}

HttpResponse text(int status, std::string body) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
}

Encoding encoding_of(bool combined) { return combined ? Encoding::combined : Encoding::raw; }

std::optional<wire::StreamPath> parse_path(const wire::HttpRequest& request) {
  auto path = wire::parse_stream_path(request);
  return path ? path : wire::parse_event_stream_path(request);
}

std::vector<wire::StreamName> parse_all(const std::vector<std::string>& names) {
  std::vector<wire::StreamName> out;
  out.reserve(names.size());
  for (const std::string& name : names) out.push_back(wire::parse_stream_name(name));
  return out;
}

}  // namespace

Shard::Shard(const Options& options, const net::TlsIdentity* tls, const market::SymbolTable& symbols,
             market::Book& book, Lookups& lookups)
    : options_(options),
      symbols_(symbols),
      book_(book),
      lookups_(lookups),
      reader_(book),
      lanes_(symbols),
      live_(lanes_.live()),
      origins_(options.admission.origins),
      server_(loop_, server_options(options, tls), *this) {
  lanes_.set_fastest_pace(options.fastest_pace_ns);
  book.add_sleeper(wakeup_);
  loop_.add(wakeup_.fd(), net::kReadable, *this);
  loop_.on_end_of_turn([this] { return end_of_turn(); });
}

Shard::~Shard() { loop_.remove(wakeup_.fd(), *this); }

void Shard::run() { loop_.run(); }

void Shard::stop() {
  loop_.post([this] {
    const std::int64_t now_ns = wall_ns();
    server_.for_each([&](ws::Connection& connection) {
      connection.send(wire::Opcode::text, wire::server_shutdown_event(now_ns, combined(connection)));
    });
    server_.drain(wire::CloseCode::service_restart, "Server is shutting down", options_.drain_ns,
                  [this] { loop_.stop(); });
  });
}

void Shard::set_admission(const Admission& admission) {
  loop_.post([this, admission] {
    server_.set_limits(share_of(admission.connections_max, options_.shards),
                       admission.connections_per_address_max);
    origins_ = admission.origins;
  });
}

void Shard::set_fastest_pace(std::int64_t pace_ns) {
  loop_.post([this, pace_ns] { lanes_.set_fastest_pace(pace_ns); });
}

void Shard::add_to(ClientReading& out) const {
  out.clients += metrics_.clients;
  out.clients_max += server_.connections_max();
  out.watchlists += metrics_.watchlists;
  out.visits += metrics_.visits;
  out.full_sockets += metrics_.full_sockets;
  out.sent_bytes += metrics_.sent_bytes;
  out.serving_ns += metrics_.serving_ns;
  out.updates_due += lanes_.counters().due;
  out.updates_sent += lanes_.counters().sent;
  out.longest_turn_ns = std::max(out.longest_turn_ns, loop_.longest_turn_ns());
  out.written_age += metrics_.written_age.read();
  for (std::size_t i = 0; i < kCodesTold.size(); ++i) {
    for (std::size_t by = 0; by < 2; ++by) out.ended[i][by] += metrics_.ended[i][by];
  }
  const ws::ServerCounters& server = server_.counters();
  out.accepted += server.accepted;
  out.upgraded += server.upgraded;
  out.event_streams += server.event_streams;
  out.refused_full += server.refused_full;
  out.refused_address += server.refused_address;
  out.refused_origin += metrics_.refused_origin;
  out.tls_failures += server.tls_failures;
  out.bad_requests += server.bad_requests;
  out.handshake_timeouts += server.handshake_timeouts;
  out.pong_timeouts += server.pong_timeouts;
  out.stuck += server.stuck;
  out.too_many_messages += server.too_many_messages;
}

// --- requests ---

ws::Answer Shard::on_request(const wire::HttpRequest& request, bool upgrade, const net::Endpoint&) {
  const auto streams = parse_path(request);
  if (upgrade || (streams && streams->events && request.method == "GET")) {
    if (!streams || streams->events == upgrade)
      return text(404, "WebSocket streams are at /ws and /stream, event streams at /sse.\n");
    if (!admits_origin(request)) {
      ++metrics_.refused_origin;
      return text(403, "Pages of this origin are not let in here.\n");
    }
    const auto names = parse_all(streams->streams);
    if (Subscriptions().count_with(names, symbols_, Selections(1)) > options_.streams_per_connection_max) {
      return text(400, fmt::format("A connection may have at most {} streams.\n",
                                   options_.streams_per_connection_max));
    }
    if (streams->events &&
        std::ranges::find(names, wire::Channel::best_bid_ask, &wire::StreamName::channel) != names.end()) {
      return text(
          400, "bestBidAsk is binary and an event stream carries text: subscribe to it at /ws or /stream.\n");
    }
    if (streams->events) return ws::EventStream{};
    return ws::Upgrade{};
  }
  if (request.method != "GET" && request.method != "HEAD") return text(405, "Only GET is answered here.\n");
  if (streams) {
    return HttpResponse{
        426, {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}}, "This path speaks WebSocket.\n"};
  }
  if (auto answer = lookups_.answer(request)) return std::move(*answer);
  return answer_page(request);
}

// RFC 6455 section 10.2. The page that is served here has the origin that its request's Host names.
bool Shard::admits_origin(const wire::HttpRequest& request) const {
  const auto origin = wire::header(request.headers, "Origin");
  if (origins_.empty() || !origin || std::ranges::find(origins_, *origin) != origins_.end()) return true;
  const auto host = wire::header(request.headers, "Host");
  const std::size_t scheme = origin->find("://");
  return host && scheme != std::string_view::npos && origin->substr(scheme + 3) == *host;
}

HttpResponse Shard::answer_page(const wire::HttpRequest& request) const {
  const auto asset = find_page_asset(request.path);
  if (!asset) return text(404, "Nothing is served at this path.\n");
  HttpResponse response;
  response.headers = page_security_headers();
  response.headers.emplace_back("ETag", asset->etag);
  if (wire::header(request.headers, "If-None-Match") == asset->etag) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", asset->content_type);
  response.body = asset->bytes;
  return response;
}

// --- clients ---

void Shard::on_open(ws::Connection& connection, const wire::HttpRequest& request) {
  const wire::StreamPath path = parse_path(request).value();
  const Encoding encoding = path.events ? Encoding::events : encoding_of(path.combined);
  const ClientId number = live_.add_client(encoding);
  connection.tag = static_cast<std::uint64_t>(number);
  if (clients_.size() <= connection.tag) clients_.resize(connection.tag + 1);
  Client& client = client_of(connection);
  client.connection = &connection;
  ++metrics_.clients;
  change_subscriptions(connection, {wire::Method::subscribe, parse_all(path.streams), false, {}});
}

void Shard::on_ended(ws::Connection& connection, const ws::Ended& ended) {
  metrics_.clients.set(metrics_.clients - 1);
  metrics_.note_end(ended);
  Client& client = client_of(connection);
  select(client, Selections(1));
  live_.remove_client(number_of(connection));
  client = {};
}

void Shard::on_message(ws::Connection& connection, const wire::Message& message, std::int64_t) {
  const auto parsed = control_.read({message.payload.data(), message.payload.size()});
  if (const auto* error = std::get_if<wire::ControlError>(&parsed)) {
    connection.send(wire::Opcode::text, wire::error_reply(*error));
    return;
  }
  const auto& request = std::get<wire::ControlRequest>(parsed);
  connection.send(wire::Opcode::text, handle(connection, request));
  // After the acknowledgement, so that a client sees its reply first.
  if (request.method == wire::Method::subscribe || request.method == wire::Method::unsubscribe) {
    change_subscriptions(connection, request);
  }
}

std::string Shard::handle(ws::Connection& connection, const wire::ControlRequest& request) {
  Client& client = client_of(connection);
  switch (request.method) {
    case wire::Method::subscribe:
      if (too_many(client, request.streams)) {
        return wire::error_reply({2,
                                  fmt::format("Too many streams: a connection may have at most {}",
                                              options_.streams_per_connection_max),
                                  request.id});
      }
      return wire::null_reply(request.id);
    case wire::Method::unsubscribe:
      return wire::null_reply(request.id);
    case wire::Method::list_subscriptions:
      return wire::list_reply(subscriptions_of(client).list(symbols_, selections_of(client)), request.id);
    case wire::Method::set_property:
      live_.set_encoding(number_of(connection), encoding_of(request.combined));
      if (client.further) {
        for (const Tap& tap : client.further->taps)
          tap.lane->fanout.set_encoding(tap.number, encoding_in(client, tap.lane->form));
      }
      return wire::null_reply(request.id);
    case wire::Method::get_property:
      return wire::bool_reply(combined(connection), request.id);
  }
  return {};
}

bool Shard::too_many(const Client& client, std::span<const wire::StreamName> names) {
  return subscriptions_of(client).count_with(names, symbols_, selections_of(client)) >
         options_.streams_per_connection_max;
}

void Shard::change_subscriptions(ws::Connection& connection, const wire::ControlRequest& request) {
  Client& client = client_of(connection);
  Selections selections = selections_of(client);
  if (request.method == wire::Method::unsubscribe) {
    further_of(client).subscriptions.remove(request.streams, symbols_, selections);
  } else if (!too_many(client, request.streams)) {
    Subscriptions& subscriptions = further_of(client).subscriptions;
    const bool had_status = subscriptions.status();
    subscriptions.add(request.streams, symbols_, selections);
    if (subscriptions.status() && !had_status) send_status(client);
  }
  select(client, selections);
  serve(connection);
}

const Subscriptions& Shard::subscriptions_of(const Client& client) {
  static const Subscriptions kNone;
  return client.further ? client.further->subscriptions : kNone;
}

// select() frees it again when it is empty then.
Shard::Further& Shard::further_of(Client& client) {
  if (!client.further) client.further = std::make_unique<Further>();
  return *client.further;
}

Selections Shard::selections_of(const Client& client) const {
  Selections out = {{{}, 0, live_.watches(number_of(*client.connection))}};
  if (!client.further) return out;
  for (const Tap& tap : client.further->taps) {
    out.push_back({tap.lane->form, tap.market_channel, {}});
    if (tap.market_channel == 0) out.back().watches = tap.lane->fanout.watches(tap.number);
  }
  return out;
}

void Shard::select(Client& client, const Selections& selections) {
  live_.watch(number_of(*client.connection), selections.front().watches);
  if (client.further) {
    std::erase_if(client.further->taps, [&](const Tap& tap) {
      const bool kept = std::ranges::any_of(selections, [&](const Selection& selection) {
        return selection.form == tap.lane->form && selection.market_channel == tap.market_channel;
      });
      if (!kept) lanes_.remove_client(*tap.lane, tap.number);
      return !kept;
    });
  }
  for (std::size_t i = 1; i < selections.size(); ++i) select_further(client, selections[i]);
  if (client.further && client.further->empty()) client.further.reset();
  metrics_.watchlists.set(lanes_.watchlists());
}

void Shard::select_further(Client& client, const Selection& selection) {
  std::vector<Tap>& taps = further_of(client).taps;
  auto tap = std::ranges::find_if(taps, [&](const Tap& each) {
    return each.lane->form == selection.form && each.market_channel == selection.market_channel;
  });
  if (tap == taps.end()) {
    fanout::Lane& lane = lanes_.lane_for(selection.form, steady_ns());
    const ClientId number =
        lane.add_client(encoding_in(client, lane.form), static_cast<std::uint32_t>(client.connection->tag));
    tap = taps.insert(tap, {&lane, number, selection.market_channel});
    if (selection.market_channel != 0)
      lane.fanout.watch_market(number, static_cast<fanout::Channels>(selection.market_channel));
  }
  if (selection.market_channel == 0) tap->lane->fanout.watch(tap->number, selection.watches);
}

Encoding Shard::encoding_in(const Client& client, const fanout::Form& form) const {
  const bool compressed = form.scope == fanout::Scope::array && client.connection->accepts_compressed();
  const Encoding encoding = live_.encoding(number_of(*client.connection));
  return compressed ? fanout::deflated(encoding) : encoding;
}

void Shard::send_status(Client& client) {
  client.connection->send(wire::Opcode::text, wire::status_event(status_, combined(*client.connection)));
}

// --- serving ---

void Shard::on_ready(std::uint32_t) { wakeup_.drain(); }

void Shard::on_writable(ws::Connection& connection) { serve(connection); }

std::int64_t Shard::end_of_turn() {
  wakeup_.disarm();
  look();
  serve_due();
  if (more_due_) return 0;
  wakeup_.arm();
  // What was admitted before the flag was up woke nobody.
  if (reader_.behind()) {
    wakeup_.disarm();
    return 0;
  }
  return lanes_due_ns_ == fanout::Lane::kNever ? -1 : std::max<std::int64_t>(0, lanes_due_ns_ - steady_ns());
}

void Shard::look() {
  if (symbols_.size() != symbols_seen_) resolve_new_symbols();
  const std::int64_t now_ns = steady_ns();
  market::Book::Entry entry;
  reader_.drain(symbols_, [&](market::SymbolId symbol) {
    if (book_.read(symbol, entry)) lanes_.apply(symbol, entry, now_ns);
  });
  lanes_due_ns_ = lanes_.advance(now_ns);
  if (const market::SourceStatus now = book_.source(); now != status_) {
    status_ = now;
    for (Client& client : clients_) {
      if (subscriptions_of(client).status()) send_status(client);
    }
  }
}

void Shard::serve_due() {
  const std::int64_t begin_ns = steady_ns();
  std::int64_t look_ns = begin_ns + options_.look_interval_ns;
  std::size_t visits = 0;
  fanout::Lanes::Due due;
  while (lanes_.next_due(due)) {
    const bool live = due.lane == &lanes_.live_lane();
    if (ClientId next{}; live && due.lane->fanout.expects(next))
      fetch_ahead(clients_[static_cast<std::size_t>(next)].connection);
    serve(*clients_[live ? static_cast<std::size_t>(due.client) : due.lane->owner(due.client)].connection);
    if (++visits % kVisitsPerClockRead != 0) continue;
    const std::int64_t now_ns = steady_ns();
    if (now_ns >= begin_ns + kServePerTurnNs) {
      more_due_ = true;
      metrics_.serving_ns.add(static_cast<std::uint64_t>(now_ns - begin_ns));
      return;
    }
    if (now_ns >= look_ns) {
      look();
      look_ns = now_ns + options_.look_interval_ns;
    }
  }
  more_due_ = false;
  if (visits > 0) metrics_.serving_ns.add(static_cast<std::uint64_t>(steady_ns() - begin_ns));
}

void Shard::serve(ws::Connection& connection) {
  if (!connection.can_offer()) return;
  Client& client = client_of(connection);
  if (client.further) return serve_taps(client);
  serve_from(live_, number_of(connection), connection);
}

// Each visit begins with another tap: on a slow connection the first one would leave the others nothing.
void Shard::serve_taps(Client& client) {
  const std::size_t taps = client.further->taps.size() + 1;
  const std::size_t first = client.further->turn++;
  for (std::size_t i = 0; i < taps && client.connection->can_offer(); ++i) {
    const std::size_t at = (first + i) % taps;
    if (at == 0) {
      serve_from(live_, number_of(*client.connection), *client.connection);
    } else {
      const Tap& tap = client.further->taps[at - 1];
      serve_from(tap.lane->fanout, tap.number, *client.connection);
    }
  }
}

void Shard::serve_from(fanout::Fanout& fanout, ClientId number, ws::Connection& connection) {
  const std::int64_t now_ns = wall_ns();
  const auto owed = fanout.owed(number, now_ns);
  if (owed.empty()) return;
  const std::int64_t newest_ns = fanout.newest_ns();
  const std::size_t sent = connection.offer(owed);
  ++metrics_.visits;
  metrics_.sent_bytes.add(sent);
  if (sent > 0 && newest_ns != 0) metrics_.written_age.add(now_ns - newest_ns);
  if (sent < owed.size()) ++metrics_.full_sockets;
  const auto rest = fanout.written(number, sent);
  if (!rest.empty()) connection.finish(rest);
}

void Shard::resolve_new_symbols() {
  symbols_seen_ = symbols_.size();
  for (Client& client : clients_) {
    if (!subscriptions_of(client).has_silent()) continue;
    Selections selections = selections_of(client);
    if (!client.further->subscriptions.resolve(symbols_, selections)) continue;
    select(client, selections);
    serve(*client.connection);
  }
}

}  // namespace tickcast::emitter
