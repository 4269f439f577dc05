// SPDX-License-Identifier: Apache-2.0
//
// Lookups: the REST look-ups that Binance's clients make before they open a stream (/api/v3/ping, time,
// exchangeInfo, ticker/bookTicker), told of the symbol table and the book (wire/rest_lookup.h).
//
// Thread: any; one is shared by all shards, so that the large exchangeInfo body is rendered once per change
// of the listings.
#pragma once

#include <mutex>
#include <optional>

#include "market/book.h"
#include "market/symbol_table.h"
#include "wire/http.h"
#include "wire/info_cache.h"

namespace tickcast::emitter {

class Lookups {
 public:
  Lookups(const market::SymbolTable& symbols, const market::Book& book) : symbols_(symbols), book_(book) {}

  // Nothing for a path that is not a look-up.
  std::optional<wire::HttpResponse> answer(const wire::HttpRequest& request);

 private:
  wire::HttpResponse look_up(const wire::HttpRequest& request);
  wire::HttpResponse whole_info(const wire::HttpRequest& request, const wire::LookUpQuery& query);

  const market::SymbolTable& symbols_;
  const market::Book& book_;
  std::mutex mutex_;
  wire::InfoCache info_;  // guarded by mutex_
};

}  // namespace tickcast::emitter
