// SPDX-License-Identifier: Apache-2.0
#include "feed/roster.h"

#include <algorithm>

namespace tickcast::feed {
namespace {

constexpr std::size_t kFewSymbols = 10;  // below this, losing most of them at once is nothing strange

std::set<std::string, std::less<>> upper_case_set(const std::vector<std::string>& names) {
  std::set<std::string, std::less<>> out;
  for (const std::string& name : names) out.insert(market::to_upper_ascii(name));
  return out;
}

}  // namespace

Roster::Roster(market::SymbolTable& symbols, const std::vector<std::string>& only_symbols,
               const std::vector<std::string>& only_quote_assets)
    : symbols_(symbols),
      only_symbols_(upper_case_set(only_symbols)),
      only_quote_assets_(upper_case_set(only_quote_assets)),
      followed_(market::SymbolTable::kSymbolsMax, false),
      named_(market::SymbolTable::kSymbolsMax, false) {}

RosterChanges Roster::apply(const std::vector<market::Listing>& listings) {
  RosterChanges changes;
  named_.assign(named_.size(), false);
  for (const market::Listing& listing : listings) {
    if (passes(listing)) take(listing, changes);
  }
  mark_gone(changes);
  return changes;
}

bool Roster::passes(const market::Listing& listing) const {
  return (only_symbols_.empty() || only_symbols_.contains(listing.symbol)) &&
         (only_quote_assets_.empty() || only_quote_assets_.contains(listing.quote_asset));
}

void Roster::take(const market::Listing& listing, RosterChanges& changes) {
  const auto known = symbols_.find(listing.symbol);
  const bool followed = known && followed_[market::index(*known)];
  if (!followed && listing.status != market::kTrading) return;

  const bool restated = followed && symbols_.listing(*known).status != listing.status;
  const auto id = symbols_.put(listing);
  if (!id) {
    ++changes.refused;
    return;
  }
  named_[market::index(*id)] = true;
  if (restated) changes.restated.push_back(*id);
  if (followed) return;
  followed_[market::index(*id)] = true;
  ++size_;
  changes.appeared.push_back({*id, expected_rate(listing)});
}

void Roster::mark_gone(RosterChanges& changes) {
  for (std::size_t i = 0; i < followed_.size(); ++i) {
    if (followed_[i] && !named_[i]) changes.gone.push_back(static_cast<market::SymbolId>(i));
  }
  changes.doubtful = size_ >= kFewSymbols && changes.gone.size() > size_ / 2 && !doubted_;
  doubted_ = changes.doubtful;
  if (changes.doubtful) return changes.gone.clear();
  for (const market::SymbolId id : changes.gone) {
    followed_[market::index(id)] = false;
    symbols_.set_status(id, market::kGone);
  }
  size_ -= changes.gone.size();
}

void Roster::forget(market::SymbolId symbol) {
  if (!followed_[market::index(symbol)]) return;
  followed_[market::index(symbol)] = false;
  --size_;
}

std::vector<std::string> Roster::never_seen() const {
  std::vector<std::string> names;
  std::copy_if(only_symbols_.begin(), only_symbols_.end(), std::back_inserter(names),
               [&](const std::string& name) { return !symbols_.find(name); });
  return names;
}

}  // namespace tickcast::feed
