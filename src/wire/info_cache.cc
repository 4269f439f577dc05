// SPDX-License-Identifier: Apache-2.0
#include "wire/info_cache.h"

#include "base/check.h"
#include "wire/rest.h"

namespace tickcast::wire {
namespace {

std::string head_at(std::int64_t now_ns) {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  return exchange_info_head(now_ns / kNsPerMs);
}

}  // namespace

InfoCache::Rendered& InfoCache::rendered(const LookUpQuery& query, const RestMarket& market,
                                         std::uint64_t version) {
  CHECK(query.whole_info(), "only the exchangeInfo of all symbols is kept");
  auto& kept = rendered_[query.with_permission_sets ? 1 : 0];
  if (!kept || kept->version != version) {
    kept = Rendered{version, look_up_body(query, market, 0).substr(head_at(0).size()), {}};
  }
  return *kept;
}

std::string InfoCache::body(const LookUpQuery& query, const RestMarket& market, std::uint64_t version,
                            std::int64_t now_ns) {
  return head_at(now_ns) + rendered(query, market, version).tail;
}

std::string InfoCache::gzipped_body(const LookUpQuery& query, const RestMarket& market, std::uint64_t version,
                                    std::int64_t now_ns) {
  Rendered& kept = rendered(query, market, version);
  if (!kept.gzip_tail) kept.gzip_tail.emplace(kept.tail);
  return kept.gzip_tail->behind(head_at(now_ns));
}

}  // namespace tickcast::wire
