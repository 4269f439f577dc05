// SPDX-License-Identifier: Apache-2.0
#include "emitter/lookups.h"

#include <utility>
#include <variant>

#include "base/clock.h"
#include "wire/gzip.h"
#include "wire/rest.h"

namespace tickcast::emitter {
namespace {

using market::SymbolId;
using wire::HttpRequest;
using wire::HttpResponse;

// Our own word for a symbol the exchange has taken off its list is not in the exchange's vocabulary.
constexpr std::string_view kGoneInPublic = "BREAK";

// What look-ups tell of the symbol table and the book.
class BookMarket final : public wire::RestMarket {
 public:
  BookMarket(const market::SymbolTable& symbols, const market::Book& book) : symbols_(symbols), book_(book) {}

  Number size() const override { return static_cast<Number>(symbols_.size()); }
  bool listed(Number) const override { return true; }
  std::optional<Number> find(std::string_view name) const override {
    const auto id = symbols_.find(name);
    return id ? std::optional(static_cast<Number>(market::index(*id))) : std::nullopt;
  }
  std::string_view name(Number symbol) const override { return symbols_.name(id(symbol)); }
  bool has_status(Number symbol, std::string_view status) const override {
    return status == market::kTrading ? symbols_.trading(id(symbol)) : listing(symbol).status == status;
  }
  market::Listing listing(Number symbol) const override {
    market::Listing listing = symbols_.listing(id(symbol));
    if (listing.status == market::kGone) listing.status = kGoneInPublic;
    return listing;
  }
  bool quote(Number symbol, market::Quote& out) const override {
    market::Book::Entry entry;
    if (!book_.read(id(symbol), entry)) return false;
    out = entry.quote;
    return true;
  }

 private:
  static SymbolId id(Number symbol) { return static_cast<SymbolId>(symbol); }

  const market::SymbolTable& symbols_;
  const market::Book& book_;
};

HttpResponse json(std::string body, int status = 200) {
  return {status,
          {{"Content-Type", "application/json;charset=UTF-8"}, {"Cache-Control", "no-store"}},
          std::move(body)};
}

}  // namespace

std::optional<HttpResponse> Lookups::answer(const HttpRequest& request) {
  const auto what = wire::look_up_at(request.path);
  if (!what) return std::nullopt;
  HttpResponse response = look_up(request);
  if (what == wire::LookUp::exchange_info) {
    const market::SourceStatus source = book_.source();
    response.headers.emplace_back(market::kOriginHeader, market::name(source.origin));
    response.headers.emplace_back(market::kStatusHeader, market::name(source.state));
  }
  return response;
}

HttpResponse Lookups::look_up(const HttpRequest& request) {
  const BookMarket market(symbols_, book_);
  const auto parsed = wire::parse_look_up(request, market);
  if (const auto* const fault = std::get_if<wire::RestFault>(&parsed))
    return json(wire::rest_error(fault->code, fault->message), 400);
  const auto& query = std::get<wire::LookUpQuery>(parsed);
  if (query.whole_info()) return whole_info(request, query);
  HttpResponse response = json(wire::look_up_body(query, market, wall_ns()));
  wire::gzip_body(request, response);
  return response;
}

HttpResponse Lookups::whole_info(const HttpRequest& request, const wire::LookUpQuery& query) {
  const BookMarket market(symbols_, book_);
  const bool gzipped = wire::accepts_gzip(request);
  const std::lock_guard lock(mutex_);
  const std::uint64_t version = symbols_.version();
  HttpResponse response = json(gzipped ? info_.gzipped_body(query, market, version, wall_ns())
                                       : info_.body(query, market, version, wall_ns()));
  wire::add_encoding_headers(response, gzipped);
  return response;
}

}  // namespace tickcast::emitter
