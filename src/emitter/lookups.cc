// SPDX-License-Identifier: Apache-2.0
#include "emitter/lookups.h"

#include <variant>

#include "base/clock.h"
#include "wire/rest.h"

namespace tickcast::emitter {
namespace {

using market::Listing;
using market::SymbolId;
using wire::HttpRequest;
using wire::HttpResponse;

HttpResponse json(std::string body, int status = 200) {
  return {status,
          {{"Content-Type", "application/json;charset=UTF-8"}, {"Cache-Control", "no-store"}},
          std::move(body)};
}

HttpResponse error(int code, std::string_view message) { return json(wire::rest_error(code, message), 400); }

// The symbols that `symbol=` or `symbols=` name; nothing when neither is there; an answer when they can't be
// read or are unknown.
std::variant<std::monostate, std::vector<SymbolId>, HttpResponse> named_symbols(
    const HttpRequest& request, const market::SymbolTable& symbols) {
  const auto one = request.query_value("symbol");
  const auto many = request.query_value("symbols");
  if (!one && !many) return std::monostate{};
  if (one && many) return error(-1101, "Too many parameters; expected '1' and received '2'.");
  std::vector<std::string> names;
  if (one) {
    names.emplace_back(*one);
  } else {
    auto parsed = wire::parse_symbols_parameter(*many);
    if (!parsed) return error(-1100, "Illegal characters found in parameter 'symbols'.");
    names = std::move(*parsed);
  }
  std::vector<SymbolId> ids;
  for (const std::string& name : names) {
    const auto id = symbols.find(name);
    if (!id) return error(-1121, "Invalid symbol.");
    ids.push_back(*id);
  }
  return ids;
}

// Our own word for a symbol the exchange has taken off its list is not in the exchange's vocabulary.
Listing public_listing(Listing listing) {
  if (listing.status == market::kGone) listing.status = "BREAK";
  return listing;
}

}  // namespace

std::optional<HttpResponse> Lookups::answer(const HttpRequest& request) {
  if (request.path == "/readyz") return readiness();
  if (request.path == "/api/v3/ping") return json("{}");
  if (request.path == "/api/v3/time") return json(wire::server_time(wall_ns() / kNsPerMs));
  if (request.path == "/api/v3/exchangeInfo") {
    HttpResponse response = exchange_info(request);
    response.headers.emplace_back(market::kOriginHeader, market::name(book_.source().origin));
    return response;
  }
  if (request.path == "/api/v3/ticker/bookTicker") return book_ticker(request);
  return std::nullopt;
}

HttpResponse Lookups::readiness() const {
  const market::SourceState state = book_.source().state;
  HttpResponse response{state == market::SourceState::live ? 200 : 503,
                        {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}},
                        std::string(market::name(state)) + "\n"};
  if (response.status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse Lookups::exchange_info(const HttpRequest& request) {
  const auto named = named_symbols(request, symbols_);
  if (const auto* refusal = std::get_if<HttpResponse>(&named)) return *refusal;
  const auto status = request.query_value("symbolStatus");
  const bool permission_sets = request.query_value("showPermissionSets") != "false";
  const bool everything = std::holds_alternative<std::monostate>(named) && !status && permission_sets;
  if (everything) {
    const std::lock_guard lock(mutex_);
    if (rendered_info_ && rendered_version_ == symbols_.version()) return json(*rendered_info_);
  }

  const std::uint64_t version = symbols_.version();
  std::vector<Listing> listings;
  const auto add = [&](SymbolId id) {
    Listing listing = public_listing(symbols_.listing(id));
    if (!status || listing.status == *status) listings.push_back(std::move(listing));
  };
  if (const auto* ids = std::get_if<std::vector<SymbolId>>(&named)) {
    for (const SymbolId id : *ids) add(id);
  } else {
    for (std::size_t i = 0; i < symbols_.size(); ++i) add(static_cast<SymbolId>(i));
  }
  std::string body = wire::exchange_info(listings, wall_ns() / kNsPerMs, permission_sets);
  if (everything) {
    const std::lock_guard lock(mutex_);
    rendered_info_ = std::make_shared<const std::string>(body);
    rendered_version_ = version;
  }
  return json(std::move(body));
}

HttpResponse Lookups::book_ticker(const HttpRequest& request) const {
  const auto named = named_symbols(request, symbols_);
  if (const auto* refusal = std::get_if<HttpResponse>(&named)) return *refusal;
  const auto row = [&](SymbolId id) {
    market::Book::Entry entry;
    return book_.read(id, entry) ? wire::rest_ticker(symbols_.name(id), entry.quote) : std::string();
  };

  const auto* ids = std::get_if<std::vector<SymbolId>>(&named);
  if (ids != nullptr && request.query_value("symbol")) {
    std::string one = row(ids->front());
    return one.empty() ? error(-1121, "Invalid symbol.") : json(std::move(one));
  }
  std::string body = "[";
  const auto add = [&](SymbolId id) {
    const std::string one = row(id);
    if (one.empty()) return;
    if (body.size() > 1) body += ',';
    body += one;
  };
  if (ids != nullptr) {
    for (const SymbolId id : *ids) add(id);
  } else {
    const bool trading_only = request.query_value("symbolStatus") == market::kTrading;
    for (std::size_t i = 0; i < symbols_.size(); ++i) {
      const auto id = static_cast<SymbolId>(i);
      if (!trading_only || symbols_.trading(id)) add(id);
    }
  }
  body += ']';
  return json(std::move(body));
}

}  // namespace tickcast::emitter
