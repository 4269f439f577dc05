// SPDX-License-Identifier: Apache-2.0
#include "market/book.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

#include "base/check.h"

namespace tickcast::market {
namespace {

static_assert(sizeof(Book::Entry) % sizeof(std::uint64_t) == 0);
constexpr std::size_t kEntryWords = sizeof(Book::Entry) / sizeof(std::uint64_t);
using EntryWords = std::array<std::uint64_t, kEntryWords>;

constexpr std::size_t kIdWord =
    (offsetof(Book::Entry, quote) + offsetof(Quote, update_id)) / sizeof(std::uint64_t);
constexpr std::size_t kUpdatesWord = offsetof(Book::Entry, updates) / sizeof(std::uint64_t);

static_assert(SymbolTable::kSymbolsMax <= 1 << 16, "a ring entry keeps the symbol in 16 bits");

}  // namespace

// Two cache lines: what decides admission is read from the words themselves, by their only writer.
struct alignas(64) Book::Slot {
  std::atomic<std::uint64_t> version{0};
  std::atomic<std::uint64_t> words[kEntryWords]{};
  std::uint32_t order = 0;  // of the held id; the writer's alone

  std::int64_t held_id() const {
    return static_cast<std::int64_t>(words[kIdWord].load(std::memory_order_relaxed));
  }
  std::uint64_t updates() const { return words[kUpdatesWord].load(std::memory_order_relaxed); }
};

Book::Book()
    : slots_(std::make_unique<Slot[]>(SymbolTable::kSymbolsMax)),
      ring_(std::make_unique<std::atomic<std::uint64_t>[]>(kRingEntries)) {}

Book::~Book() = default;

Admission Book::admit(SymbolId symbol, const Quote& quote) {
  const Slot& slot = slots_[index(symbol)];
  if (slot.updates() != 0 && slot.order == order_) {
    const std::int64_t held_id = slot.held_id();
    if (quote.update_id == held_id && quote.update_id != kNoUpdateId) return Admission::duplicate;
    if (quote.update_id < held_id) return Admission::older;
  }
  write(symbol, quote);
  return Admission::admitted;
}

void Book::reconcile(SymbolId symbol, const Quote& quote) {
  Slot& slot = slots_[index(symbol)];
  Quote dated = quote;
  dated.update_id = slot.held_id() == kNoUpdateId ? kNoUpdateId : slot.held_id() + 1;
  const std::uint32_t order = slot.order;
  write(symbol, dated);
  slot.order = order;  // an id that we made up must not settle how the exchange counts after a restart
}

void Book::restart_order() { ++order_; }

void Book::write(SymbolId symbol, const Quote& quote) {
  Slot& slot = slots_[index(symbol)];
  const std::uint64_t sequence = head_.load(std::memory_order_relaxed) + 1;
  slot.order = order_;

  const auto words = std::bit_cast<EntryWords>(Entry{quote, sequence, slot.updates() + 1});
  const std::uint64_t version = slot.version.load(std::memory_order_relaxed);
  slot.version.store(version + 1, std::memory_order_relaxed);
  // Store-store order through release on every word: as cheap as a plain store here, and thread sanitizer
  // understands it.
  for (std::size_t i = 0; i < kEntryWords; ++i) slot.words[i].store(words[i], std::memory_order_release);
  slot.version.store(version + 2, std::memory_order_release);

  // The ring entry before the head that announces it; a reader that sees an entry of a later lap knows that
  // it fell off.
  ring_[sequence % kRingEntries].store(sequence << 16 | index(symbol), std::memory_order_release);
  head_.store(sequence, std::memory_order_release);
  for (BookFollower* follower : followers_) follower->on_admitted(symbol, quote);
}

SourceId Book::add_source() {
  CHECK(sources_.size() < kSourcesMax, "a book has a few sources at most");
  sources_.emplace_back();
  return static_cast<SourceId>(sources_.size() - 1);
}

void Book::set_source(SourceId id, SourceState state, Origin origin, std::int64_t now_ms) {
  sources_[static_cast<std::size_t>(id)] = {state, origin};
  const Source& best = *std::ranges::max_element(
      sources_, [](const Source& a, const Source& b) { return trust(a.state) < trust(b.state); });

  const SourceStatus told = source();
  const std::int64_t since_ms = best.state == told.state ? told.since_ms : now_ms;
  source_.store(static_cast<std::uint64_t>(since_ms) << 16 | static_cast<std::uint64_t>(best.origin) << 8 |
                    static_cast<std::uint64_t>(best.state),
                std::memory_order_release);
}

bool Book::stands_alone(SourceId id) const {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (i != static_cast<std::size_t>(id) && sources_[i].state == SourceState::live) return false;
  }
  return true;
}

SourceStatus Book::source() const {
  const std::uint64_t packed = source_.load(std::memory_order_acquire);
  return {static_cast<SourceState>(packed & 0xff), static_cast<std::int64_t>(packed >> 16),
          static_cast<Origin>(packed >> 8 & 0xff)};
}

void Book::publish() {
  for (Wakeup* sleeper : sleepers_) sleeper->notify();
  for (BookFollower* follower : followers_) follower->on_published();
}

bool Book::read(SymbolId symbol, Entry& out) const {
  const Slot& slot = slots_[index(symbol)];
  for (;;) {
    const std::uint64_t before = slot.version.load(std::memory_order_acquire);
    if (before == 0) return false;
    if (before % 2 == 0) {
      EntryWords words;
      for (std::size_t i = 0; i < kEntryWords; ++i) words[i] = slot.words[i].load(std::memory_order_acquire);
      if (slot.version.load(std::memory_order_relaxed) == before) {
        out = std::bit_cast<Entry>(words);
        return true;
      }
    }
  }
}

std::optional<SymbolId> BookReader::changed_at(std::uint64_t sequence) const {
  const std::uint64_t entry = book_->ring_[sequence % Book::kRingEntries].load(std::memory_order_acquire);
  if (entry >> 16 != sequence) return std::nullopt;
  return static_cast<SymbolId>(entry & 0xffff);
}

}  // namespace tickcast::market
