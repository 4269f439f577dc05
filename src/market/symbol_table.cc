// SPDX-License-Identifier: Apache-2.0
#include "market/symbol_table.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace tickcast::market {
namespace {

template <class Word>
std::uint64_t load(const char* at) {
  Word out;
  std::memcpy(&out, at, sizeof out);
  return out;
}

// Eight bytes a step; the last step overlaps the one before. Names come from the exchange: nobody gains by
// making them collide.
std::size_t hash(std::string_view text) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  const char* at = text.data();
  const char* const end = at + text.size();
  std::uint64_t h = text.size();
  if (text.size() >= 8) {
    for (; end - at > 8; at += 8) h = (h ^ load<std::uint64_t>(at)) * kOdd;
    h = (h ^ load<std::uint64_t>(end - 8)) * kOdd;
  } else if (text.size() >= 4) {
    h = (h ^ load<std::uint32_t>(at) ^ load<std::uint32_t>(end - 4) << 32) * kOdd;
  } else {
    for (; at != end; ++at) h = (h ^ static_cast<unsigned char>(*at)) * kOdd;
  }
  return static_cast<std::size_t>(h >> 40);  // the high bits of a product depend on all of both factors
}

// What can be written into JSON and into a stream name as it is.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= SymbolTable::kNameBytesMax &&
         std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\\' || c == '/' || c == '\x7f';
         });
}

}  // namespace

// What find() looks at comes first, in one cache line.
struct alignas(64) SymbolTable::Entry {
  std::uint8_t bytes = 0;
  std::atomic<bool> trading{false};
  char upper[kNameBytesMax];
  char lower[kNameBytesMax];
  Listing listing;  // guarded by listings_mutex_

  std::string_view name() const { return {upper, bytes}; }
};

SymbolTable::SymbolTable()
    : entries_(std::make_unique<Entry[]>(kSymbolsMax)),
      slots_(std::make_unique<std::atomic<std::uint16_t>[]>(kSlots)) {}

SymbolTable::~SymbolTable() = default;

SymbolTable::Entry& SymbolTable::entry(SymbolId id) const {
  CHECK(index(id) < kSymbolsMax, "a symbol id that the table never gave");
  return entries_[index(id)];
}

std::optional<SymbolId> SymbolTable::put_name(std::string_view symbol) {
  if (const auto known = find(symbol)) return known;
  Listing listing;
  listing.symbol = symbol;
  return put(listing);
}

std::optional<SymbolId> SymbolTable::put(const Listing& listing) {
  const std::string& symbol = listing.symbol;
  if (!is_name(symbol)) return std::nullopt;
  auto id = find(symbol);
  const bool is_new = !id;
  if (is_new) {
    const std::size_t count = size_.load(std::memory_order_relaxed);
    if (count == kSymbolsMax) return std::nullopt;
    id = static_cast<SymbolId>(count);
    Entry& fresh = entry(*id);
    fresh.bytes = static_cast<std::uint8_t>(symbol.size());
    std::memcpy(fresh.upper, symbol.data(), symbol.size());
    std::memcpy(fresh.lower, to_lower_ascii(symbol).data(), symbol.size());
  }
  {
    const std::lock_guard lock(listings_mutex_);
    if (!is_new && entry(*id).listing == listing) return id;
    entry(*id).listing = listing;
  }
  entry(*id).trading.store(listing.status == kTrading, std::memory_order_relaxed);
  if (is_new) {
    std::size_t slot = hash(symbol) % kSlots;
    while (slots_[slot].load(std::memory_order_relaxed) != 0) slot = (slot + 1) % kSlots;
    slots_[slot].store(static_cast<std::uint16_t>(index(*id) + 1), std::memory_order_release);
    size_.store(index(*id) + 1, std::memory_order_release);
  }
  version_.fetch_add(1, std::memory_order_release);
  return id;
}

void SymbolTable::set_status(SymbolId id, std::string_view status) {
  {
    const std::lock_guard lock(listings_mutex_);
    entry(id).listing.status = status;
  }
  entry(id).trading.store(status == kTrading, std::memory_order_relaxed);
  version_.fetch_add(1, std::memory_order_release);
}

std::optional<SymbolId> SymbolTable::find(std::string_view name) const {
  std::size_t slot = hash(name) % kSlots;
  while (const std::uint16_t held = slots_[slot].load(std::memory_order_acquire)) {
    const auto id = static_cast<SymbolId>(held - 1);
    if (entry(id).name() == name) return id;
    slot = (slot + 1) % kSlots;
  }
  return std::nullopt;
}

std::string_view SymbolTable::name(SymbolId id) const { return entry(id).name(); }

std::string_view SymbolTable::stream_name(SymbolId id) const { return {entry(id).lower, entry(id).bytes}; }

bool SymbolTable::trading(SymbolId id) const { return entry(id).trading.load(std::memory_order_relaxed); }

Listing SymbolTable::listing(SymbolId id) const {
  const std::lock_guard lock(listings_mutex_);
  return entry(id).listing;
}

std::string to_upper_ascii(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

std::string to_lower_ascii(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

}  // namespace tickcast::market
