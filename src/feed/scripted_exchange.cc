// SPDX-License-Identifier: Apache-2.0
#include "feed/scripted_exchange.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "net/socket.h"
#include "wire/gzip.h"
#include "wire/rest.h"
#include "wire/status_event.h"
#include "wire/ticker.h"

namespace tickcast::feed {
namespace {

market::Decimal eighths(std::int64_t mantissa) { return {mantissa, -8}; }

std::string stream_of(const std::string& symbol) { return market::to_lower_ascii(symbol) + "@bookTicker"; }

}  // namespace

ScriptedExchange::ScriptedExchange(net::Loop& loop) : loop_(loop) { listen(); }

ScriptedExchange::~ScriptedExchange() = default;

void ScriptedExchange::listen() {
  auto socket = net::listen_tcp({"127.0.0.1", port_}, {});
  CHECK(socket.has_value(), "the scripted exchange can't listen");
  port_ = net::local_endpoint(*socket)->port();
  ws::ServerOptions options;
  options.messages_per_second = 0;
  ws::Application& self = *this;
  server_ = std::make_unique<ws::Server>(loop_, options, self);
  server_->listen(std::move(*socket));
}

wire::Url ScriptedExchange::rest() const {
  return *wire::parse_url("http://127.0.0.1:" + std::to_string(port_), "http");
}

wire::Url ScriptedExchange::streams() const {
  return *wire::parse_url("ws://127.0.0.1:" + std::to_string(port_), "ws");
}

void ScriptedExchange::list(const std::string& symbol, const std::string& status) {
  Symbol& entry = market_[symbol];
  entry.listing.symbol = symbol;
  entry.listing.status = status;
  entry.listing.base_asset = symbol.substr(0, 3);
  entry.listing.quote_asset = symbol.substr(3);
  if (entry.quote.update_id == 0) {
    entry.quote = {10'000'000'000, eighths(100), eighths(200), eighths(300), eighths(400)};
  }
}

void ScriptedExchange::delist(const std::string& symbol) { market_.erase(symbol); }

void ScriptedExchange::move_unseen(const std::string& symbol) {
  market::Quote& quote = market_.at(symbol).quote;
  quote.update_id += 3;
  quote.bid_price.mantissa += 1;
  quote.ask_quantity.mantissa += 7;
}

void ScriptedExchange::move(const std::string& symbol) {
  move_unseen(symbol);
  std::array<char, wire::kBookTickerBytesMax> frame{};
  const char* end = wire::write_book_ticker(frame.data(), symbol, last(symbol));
  for (auto& [connection, peer] : peers_) {
    if (!peer.muted && peer.streams.contains(stream_of(symbol))) {
      connection->send(wire::Opcode::text, {frame.data(), static_cast<std::size_t>(end - frame.data())});
    }
  }
}

void ScriptedExchange::reset_ids() {
  for (auto& [name, symbol] : market_) symbol.quote.update_id = 1000;
}

std::vector<std::string> ScriptedExchange::symbols() const {
  std::vector<std::string> names;
  for (const auto& [name, symbol] : market_) names.push_back(name);
  return names;
}

void ScriptedExchange::say(market::SourceState state) {
  state_ = state;
  for (auto& [connection, peer] : peers_) {
    if (peer.streams.contains(std::string(wire::kStatusStream))) say_to(peer, state);
  }
}

void ScriptedExchange::say_to(Peer& peer, market::SourceState state) {
  peer.connection->send(wire::Opcode::text, wire::status_event({state, 0, market::Origin::live}, false));
}

void ScriptedExchange::send_to_all(const std::string& frame) {
  for (auto& [connection, peer] : peers_) connection->send(wire::Opcode::text, frame);
}

void ScriptedExchange::send_binary_to_all(const std::string& frame) {
  for (auto& [connection, peer] : peers_) connection->send(wire::Opcode::binary, frame);
}

void ScriptedExchange::drop_all() {
  for (Peer* peer : peers()) peer->connection->abort("test");
}

void ScriptedExchange::close_all() {
  for (Peer* peer : peers()) peer->connection->close(wire::CloseCode::going_away, "");
}

void ScriptedExchange::go_away() {
  peers_.clear();
  server_.reset();
}

void ScriptedExchange::come_back() { listen(); }

std::vector<ScriptedExchange::Peer*> ScriptedExchange::peers() {
  std::vector<Peer*> out;
  for (auto& [connection, peer] : peers_) out.push_back(&peer);
  std::sort(out.begin(), out.end(), [](const Peer* a, const Peer* b) { return a->number < b->number; });
  return out;
}

std::size_t ScriptedExchange::subscribers(const std::string& symbol) {
  return static_cast<std::size_t>(std::count_if(peers_.begin(), peers_.end(), [&](const auto& each) {
    return each.second.streams.contains(stream_of(symbol));
  }));
}

ws::Answer ScriptedExchange::on_request(const wire::HttpRequest& request, bool upgrade,
                                        const net::Endpoint&) {
  if (!upgrade) return rest_answer(request);
  ++handshakes_;
  if (handshake_fault) {
    if (wire::HttpResponse fault = handshake_fault(request); fault.status != 0) return fault;
  }
  return ws::Upgrade{};
}

wire::HttpResponse ScriptedExchange::rest_answer(const wire::HttpRequest& request) {
  ++rest_requests[request.path];
  if (rest_fault) {
    if (wire::HttpResponse fault = rest_fault(request); fault.status != 0) return fault;
  }
  if (request.path == "/api/v3/ping") return {200, {}, "{}"};
  if (request.path == "/api/v3/exchangeInfo") {
    std::vector<market::Listing> listings;
    for (const auto& [name, symbol] : market_) listings.push_back(symbol.listing);
    wire::HttpHeaders headers;
    if (state_) headers.emplace_back(market::kStatusHeader, market::name(*state_));
    return {200, headers, wire::exchange_info(listings, 0)};
  }
  if (request.path == "/api/v3/ticker/bookTicker") {
    std::string body = "[";
    for (const auto& [name, symbol] : market_) {
      if (body.size() > 1) body += ',';
      body += wire::rest_ticker(name, symbol.quote);
    }
    wire::HttpResponse response{200, {}, body + "]"};
    wire::gzip_body(request, response);
    if (wire::header(response.headers, "Content-Encoding")) ++gzip_answers;
    return response;
  }
  return {404, {}, ""};
}

void ScriptedExchange::on_open(ws::Connection& connection, const wire::HttpRequest&) {
  Peer& peer = peers_[&connection];
  peer.connection = &connection;
  peer.number = ++last_number_;
  peer.muted = mute_new;
}

void ScriptedExchange::on_message(ws::Connection& connection, const wire::Message& message, std::int64_t) {
  Peer& peer = peers_.at(&connection);
  peer.requests_ns.push_back(steady_ns());
  peer.request_bytes_max = std::max(peer.request_bytes_max, message.payload.size());
  if (!acknowledge) return;
  const auto read = control_.read({message.payload.data(), message.payload.size()});
  const auto* request = std::get_if<wire::ControlRequest>(&read);
  CHECK(request != nullptr && request->method == wire::Method::subscribe,
        "the feed sent something else than SUBSCRIBE");
  for (const wire::StreamName& stream : request->streams) {
    if (refuse_requests || stream.text == invalid_stream) {
      return connection.send(wire::Opcode::text,
                             wire::error_reply({2, "Invalid request: invalid stream", request->id}));
    }
  }
  for (const wire::StreamName& stream : request->streams) peer.streams.insert(stream.text);
  connection.send(wire::Opcode::text, wire::null_reply(request->id));
  const auto is_status = [](const wire::StreamName& stream) { return stream.text == wire::kStatusStream; };
  if (state_ && std::ranges::any_of(request->streams, is_status)) say_to(peer, *state_);
}

void ScriptedExchange::on_writable(ws::Connection&) {}

void ScriptedExchange::on_ended(ws::Connection& connection, const ws::Ended&) { peers_.erase(&connection); }

}  // namespace tickcast::feed
