// SPDX-License-Identifier: Apache-2.0
#include "load/lying_server.h"

#include <algorithm>

#include "base/clock.h"
#include "net/socket.h"
#include "wire/rest.h"
#include "wire/stream_name.h"
#include "wire/stream_path.h"
#include "wire/ticker.h"

namespace tickcast::load::test {
namespace {

const ws::ServerOptions kOptions;

}  // namespace

LyingServer::LyingServer(net::Loop& loop) {
  ws::Application& application = *this;
  server_ = std::make_unique<ws::Server>(loop, kOptions, application);
  net::Socket listener = net::listen_tcp({"127.0.0.1", 0}, {}).value();
  port_ = net::local_endpoint(listener)->port();
  server_->listen(std::move(listener));
}

LyingServer::~LyingServer() = default;

wire::Url LyingServer::url() const { return {"ws", "127.0.0.1", port_, ""}; }

void LyingServer::list(const std::string& symbol) {
  market::Quote& quote = market_[symbol];
  quote.update_id = 1000;
  quote.bid_price = *market::Decimal::parse("61685.99000000");
  quote.bid_quantity = quote.ask_quantity = *market::Decimal::parse("1.50000000");
  quote.ask_price = *market::Decimal::parse("61686.00000000");
  quote.admitted_ns = wall_ns();
}

market::Quote LyingServer::move(const std::string& symbol) {
  market::Quote& quote = market_.at(symbol);
  quote.update_id += 3;
  quote.bid_price.mantissa += 1;
  quote.admitted_ns = wall_ns();
  return quote;
}

std::string LyingServer::event(const std::string& symbol, const market::Quote& quote, std::uint64_t merged) {
  char out[wire::kQuoteEventBytesMax];
  return {out, wire::write_quote_event(out, symbol, quote, wall_ns(), merged)};
}

void LyingServer::tell_truth(const Client& client, const std::string& symbol, const market::Quote& quote,
                             std::uint64_t merged) {
  char out[wire::kBookTickerBytesMax];
  const std::string message = client.quotes ? event(symbol, quote, merged)
                                            : std::string(out, wire::write_book_ticker(out, symbol, quote));
  client.connection->send(wire::Opcode::text, message);
}

void LyingServer::tell_all(const std::string& symbol) {
  for (const Client& client : clients_) {
    if (client.connection != nullptr && std::ranges::count(client.symbols, symbol) != 0)
      tell_truth(client, symbol, market_.at(symbol), 1);
  }
}

void LyingServer::tell(std::size_t client, std::string_view message) {
  clients_.at(client).connection->send(wire::Opcode::text, message);
}

void LyingServer::tell_raw(std::size_t client, std::string_view bytes) {
  clients_.at(client).connection->append_frames(bytes);
  clients_.at(client).connection->flush();
}

ws::Answer LyingServer::on_request(const wire::HttpRequest& request, bool upgrade, const net::Endpoint&) {
  if (upgrade && refuse) return wire::HttpResponse{503, {}, "full"};
  if (upgrade) return ws::Upgrade{};
  if (request.path == "/api/v3/exchangeInfo") {
    std::vector<market::Listing> listings;
    for (const auto& [symbol, quote] : market_) listings.emplace_back().symbol = symbol;
    return wire::HttpResponse{200, {}, wire::exchange_info(listings, 0)};
  }
  std::string body = "[";
  for (const auto& [symbol, quote] : market_)
    body += (body.size() == 1 ? "" : ",") + wire::rest_ticker(symbol, quote);
  return wire::HttpResponse{200, {}, body + "]"};
}

void LyingServer::on_open(ws::Connection& connection, const wire::HttpRequest& request) {
  Client& client = clients_.emplace_back();
  client.connection = &connection;
  const wire::StreamPath path = wire::parse_stream_path(request).value();
  for (const std::string& name : path.streams) {
    const wire::StreamName stream = wire::parse_stream_name(name);
    client.quotes = stream.channel == wire::Channel::quote;
    client.symbols.push_back(market::to_upper_ascii(stream.symbol));
    tell_truth(client, client.symbols.back(), market_.at(client.symbols.back()), 0);
  }
}

void LyingServer::on_ended(ws::Connection& connection, const ws::Ended&) {
  for (Client& client : clients_) {
    if (client.connection == &connection) client.connection = nullptr;
  }
}

}  // namespace tickcast::load::test
