// SPDX-License-Identifier: Apache-2.0
#include "emitter/shard.h"

#include <algorithm>
#include <variant>

#include <fmt/core.h>

#include "base/clock.h"
#include "emitter/page.h"
#include "wire/stream_path.h"
#include "wire/ticker.h"

namespace tickcast::emitter {
namespace {

using fanout::ClientId;
using wire::HttpResponse;

// How long a turn may serve before the loop takes in what clients sent and who wants to connect.
constexpr std::int64_t kServePerTurnNs = 2 * kNsPerMs;
// Reading the clock costs 1/200 of a send: often enough here.
constexpr std::size_t kVisitsPerClockRead = 8;

ws::ServerOptions server_options(const Options& options) {
  ws::ServerOptions out;
  out.connection.limits = {options.message_bytes_max, options.fragments_max};
  out.handshake_timeout_ns = options.handshake_timeout_ns;
  out.ping_interval_ns = options.ping_interval_ns;
  out.pong_timeout_ns = options.pong_timeout_ns;
  out.stuck_timeout_ns = options.stuck_timeout_ns;
  out.connections_max =
      options.connections_max == 0 ? 0 : (options.connections_max + options.shards - 1) / options.shards;
  out.connections_per_address_max = options.connections_per_address_max;
  out.messages_per_second = options.messages_per_second;
  out.messages_burst = options.messages_burst;
  return out;
}

HttpResponse text(int status, std::string body) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
}

fanout::Encoding encoding_of(bool combined) {
  return combined ? fanout::Encoding::combined : fanout::Encoding::raw;
}

std::vector<wire::StreamName> parse_all(const std::vector<std::string>& names) {
  std::vector<wire::StreamName> out;
  out.reserve(names.size());
  for (const std::string& name : names) out.push_back(wire::parse_stream_name(name));
  return out;
}

}  // namespace

Shard::Shard(const Options& options, const market::SymbolTable& symbols, market::Book& book, Lookups& lookups)
    : options_(options),
      symbols_(symbols),
      book_(book),
      lookups_(lookups),
      reader_(book),
      fanout_(symbols),
      server_(loop_, server_options(options), *this) {
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
      connection.send(wire::Opcode::text,
                      wire::server_shutdown_event(now_ns, client_of(connection).combined));
    });
    server_.drain(wire::CloseCode::service_restart, "Server is shutting down", options_.drain_ns,
                  [this] { loop_.stop(); });
  });
}

// --- requests ---

ws::Answer Shard::on_request(const wire::HttpRequest& request, bool upgrade, const net::Endpoint&) {
  const auto streams = wire::parse_stream_path(request);
  if (upgrade) {
    if (!streams) return text(404, "Streams are at /ws and /stream.\n");
    const auto names = parse_all(streams->streams);
    if (Subscriptions().count_with(names, symbols_, {}) > options_.streams_per_connection_max) {
      return text(400, fmt::format("A connection may have at most {} streams.\n",
                                   options_.streams_per_connection_max));
    }
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
  const wire::StreamPath path = wire::parse_stream_path(request).value();
  const ClientId number = fanout_.add_client(encoding_of(path.combined));
  connection.tag = static_cast<std::uint64_t>(number);
  if (clients_.size() <= connection.tag) clients_.resize(connection.tag + 1);
  client_of(connection) = {&connection, path.combined, {}};
  change_subscriptions(connection, {wire::Method::subscribe, parse_all(path.streams), false, {}});
}

void Shard::on_ended(ws::Connection& connection, const ws::Ended&) {
  fanout_.remove_client(static_cast<ClientId>(connection.tag));
  client_of(connection) = {};
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
  const auto number = static_cast<ClientId>(connection.tag);
  switch (request.method) {
    case wire::Method::subscribe:
      if (too_many(client, number, request.streams)) {
        return wire::error_reply({2,
                                  fmt::format("Too many streams: a connection may have at most {}",
                                              options_.streams_per_connection_max),
                                  request.id});
      }
      return wire::null_reply(request.id);
    case wire::Method::unsubscribe:
      return wire::null_reply(request.id);
    case wire::Method::list_subscriptions:
      return wire::list_reply(client.subscriptions.list(symbols_, fanout_.watches(number)), request.id);
    case wire::Method::set_property:
      client.combined = request.combined;
      fanout_.set_encoding(number, encoding_of(request.combined));
      return wire::null_reply(request.id);
    case wire::Method::get_property:
      return wire::bool_reply(client.combined, request.id);
  }
  return {};
}

bool Shard::too_many(const Client& client, ClientId number, std::span<const wire::StreamName> names) const {
  return client.subscriptions.count_with(names, symbols_, fanout_.watches(number)) >
         options_.streams_per_connection_max;
}

void Shard::change_subscriptions(ws::Connection& connection, const wire::ControlRequest& request) {
  Client& client = client_of(connection);
  const auto number = static_cast<ClientId>(connection.tag);
  std::vector<fanout::Watch> watches(fanout_.watches(number).begin(), fanout_.watches(number).end());
  if (request.method == wire::Method::unsubscribe) {
    client.subscriptions.remove(request.streams, symbols_, watches);
  } else if (!too_many(client, number, request.streams)) {
    const bool had_status = client.subscriptions.status();
    client.subscriptions.add(request.streams, symbols_, watches);
    if (client.subscriptions.status() && !had_status) send_status(client);
  }
  fanout_.watch(number, watches);
  serve(connection);
}

void Shard::send_status(Client& client) {
  std::string event =
      fmt::format(R"({{"e":"status","state":"{}","since":{},"symbols":"all","origin":"{}"}})",
                  market::name(status_.state), status_.since_ms, market::name(status_.origin));
  if (client.combined) event = fmt::format(R"({{"stream":"!status","data":{}}})", event);
  client.connection->send(wire::Opcode::text, event);
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
  if (!reader_.behind()) return -1;
  wakeup_.disarm();
  return 0;
}

void Shard::look() {
  if (symbols_.size() != symbols_seen_) resolve_new_symbols();
  market::Book::Entry entry;
  reader_.drain(symbols_, [&](market::SymbolId symbol) {
    if (book_.read(symbol, entry)) fanout_.apply(symbol, entry);
  });
  if (const market::SourceStatus now = book_.source(); now != status_) {
    status_ = now;
    for (Client& client : clients_) {
      if (client.connection != nullptr && client.subscriptions.status()) send_status(client);
    }
  }
}

void Shard::serve_due() {
  const std::int64_t begin_ns = steady_ns();
  std::int64_t look_ns = begin_ns + options_.look_interval_ns;
  std::size_t visits = 0;
  ClientId due{};
  while (fanout_.next_due(due)) {
    serve(*clients_[static_cast<std::size_t>(due)].connection);
    if (++visits % kVisitsPerClockRead != 0) continue;
    const std::int64_t now_ns = steady_ns();
    if (now_ns >= begin_ns + kServePerTurnNs) {
      more_due_ = true;
      return;
    }
    if (now_ns >= look_ns) {
      look();
      look_ns = now_ns + options_.look_interval_ns;
    }
  }
  more_due_ = false;
}

void Shard::serve(ws::Connection& connection) {
  if (!connection.can_offer()) return;
  const auto number = static_cast<ClientId>(connection.tag);
  const auto owed = fanout_.owed(number, wall_ns());
  if (owed.empty()) return;
  const std::size_t sent = connection.offer(owed);
  const auto rest = fanout_.written(number, sent);
  if (!rest.empty()) connection.finish(rest);
}

void Shard::resolve_new_symbols() {
  symbols_seen_ = symbols_.size();
  for (Client& client : clients_) {
    if (client.connection == nullptr || !client.subscriptions.has_silent()) continue;
    const auto number = static_cast<ClientId>(client.connection->tag);
    std::vector<fanout::Watch> watches(fanout_.watches(number).begin(), fanout_.watches(number).end());
    if (!client.subscriptions.resolve(symbols_, watches)) continue;
    fanout_.watch(number, watches);
    serve(*client.connection);
  }
}

}  // namespace tickcast::emitter
