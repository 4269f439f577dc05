// SPDX-License-Identifier: Apache-2.0
//
// Lookups: the REST look-ups that Binance's clients make before they open a stream (/api/v3/ping, time,
// exchangeInfo, ticker/bookTicker), answered from the symbol table and the book; and /readyz for balancers:
// 200 while every symbol is known and the source is live, 503 otherwise, the body says which.
//
// Thread: any; one is shared by all shards, so that the large exchangeInfo body is rendered once per change
// of the listings.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "market/book.h"
#include "market/symbol_table.h"
#include "wire/http.h"

namespace tickcast::emitter {

class Lookups {
 public:
  Lookups(const market::SymbolTable& symbols, const market::Book& book) : symbols_(symbols), book_(book) {}

  // Nothing for a path that is not a look-up.
  std::optional<wire::HttpResponse> answer(const wire::HttpRequest& request);

 private:
  wire::HttpResponse readiness() const;
  wire::HttpResponse exchange_info(const wire::HttpRequest& request);
  wire::HttpResponse book_ticker(const wire::HttpRequest& request) const;

  const market::SymbolTable& symbols_;
  const market::Book& book_;
  std::mutex mutex_;
  std::uint64_t rendered_version_ = 0;                // guarded by mutex_
  std::shared_ptr<const std::string> rendered_info_;  // guarded by mutex_
};

}  // namespace tickcast::emitter
