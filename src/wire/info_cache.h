// SPDX-License-Identifier: Apache-2.0
//
// InfoCache: the exchangeInfo of every symbol, some megabytes, rendered once per version of the listings.
// and
// compressed once for those who take that. Only its time is put in anew. Pure.
//
// Thread: one at a time. Bound: two bodies and their gzip, with and without permission sets.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "wire/gzip.h"
#include "wire/rest_lookup.h"

namespace tickcast::wire {

class InfoCache {
 public:
  // The body for a query that is a whole_info(). `version` must change with any listing of the market, and be
  // read before this is called.
  std::string body(const LookUpQuery& query, const RestMarket& market, std::uint64_t version,
                   std::int64_t now_ns);
  // The same as gzip.
  std::string gzipped_body(const LookUpQuery& query, const RestMarket& market, std::uint64_t version,
                           std::int64_t now_ns);

 private:
  struct Rendered {
    std::uint64_t version;
    std::string tail;                   // all behind the time
    std::optional<GzipTail> gzip_tail;  // once it was asked for
  };

  Rendered& rendered(const LookUpQuery& query, const RestMarket& market, std::uint64_t version);

  std::array<std::optional<Rendered>, 2> rendered_;  // without and with permission sets
};

}  // namespace tickcast::wire
