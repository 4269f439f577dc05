// SPDX-License-Identifier: Apache-2.0
#include "load/ledger.h"

#include <utility>

namespace tickcast::load {
namespace {

constexpr std::uint64_t mix(std::uint64_t hash, const market::Decimal& decimal) {
  hash ^= static_cast<std::uint64_t>(decimal.mantissa) + static_cast<std::uint8_t>(decimal.exponent);
  hash *= 0x9e37'79b9'7f4a'7c15;
  return hash ^ (hash >> 29);
}

}  // namespace

std::uint64_t fingerprint(const market::Quote& quote) {
  std::uint64_t hash = 0x2545'f491'4f6c'dd1d;
  for (const market::Decimal* part :
       {&quote.bid_price, &quote.bid_quantity, &quote.ask_price, &quote.ask_quantity}) {
    hash = mix(hash, *part);
  }
  return hash | 1;
}

std::optional<Fault> Ledger::enter(Seen& seen, market::SymbolId symbol, const wire::ServedEvent& event) {
  const market::Quote& quote = event.ticker.quote;
  const std::uint64_t values = fingerprint(quote);
  if (quote.update_id == market::kNoUpdateId) {
    seen.fingerprint = values;
    seen.place = 0;
    return std::nullopt;
  }
  if (seen.update_id != market::kNoUpdateId && quote.update_id <= seen.update_id)
    return quote.update_id == seen.update_id ? Fault::repeated : Fault::backwards;
  const bool counted = seen.place != 0 && event.merged_updates != 0;
  seen = {quote.update_id, values, counted ? seen.place + event.merged_updates : 0};
  if (market::index(symbol) >= newest_.size()) newest_.resize(market::index(symbol) + 1);
  return compare(seen, newest_[market::index(symbol)]);
}

std::optional<Fault> Ledger::compare(Seen& seen, Seen& newest) {
  if (seen.update_id < newest.update_id) return std::nullopt;
  if (seen.update_id > newest.update_id) {
    if (seen.place == 0) seen.place = ++counts_begun_ * kCountBegins;
    newest = seen;
    return std::nullopt;
  }
  const std::uint64_t counted = std::exchange(seen.place, newest.place);
  if (seen.fingerprint != newest.fingerprint) return Fault::contradicted;
  if (comparable(counted, newest.place) && counted != newest.place) return Fault::uncounted;
  return std::nullopt;
}

}  // namespace tickcast::load
