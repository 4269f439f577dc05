// SPDX-License-Identifier: Apache-2.0
//
// Book: the last quote of every symbol. Sources race into it; it admits only what is newer than what it
// holds, and gives each admitted quote the next number of one global sequence. Readers follow that sequence;
// the writer never waits for one.
//
// Thread: one writer (ingest). Any number of readers, each through a BookReader of its own.
//
// A slot is a seqlock: an odd version means a write is under way. The payload travels through relaxed atomic
// words, so a torn read is detected, never a data race. The change ring holds the last kRingEntries changes
// as (sequence, symbol); a reader that fell further behind is told so and scans the slots instead.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/wakeup.h"
#include "market/quote.h"
#include "market/source.h"
#include "market/symbol_table.h"

namespace tickcast::market {

enum class Admission : std::uint8_t {
  admitted,
  duplicate,  // same id as the one held
  older,      // lower id, or no id where one is held
};

// Whoever takes part in every admission, in the writer's own thread (a sink that must miss none).
class BookFollower {
 public:
  virtual void on_admitted(SymbolId symbol, const Quote& quote) = 0;
  virtual void on_published() = 0;  // the readers were woken first

 protected:
  ~BookFollower() = default;
};

// One of the sources that race into a book, as it calls itself.
enum class SourceId : std::uint8_t {};

class Book {
 public:
  static constexpr std::size_t kSourcesMax = 8;
  static constexpr std::size_t kRingEntries = 1 << 16;

  // What a reader sees of a symbol.
  struct Entry {
    Quote quote;
    std::uint64_t sequence = 0;  // of the last admission, from 1; global over symbols
    std::uint64_t updates = 0;   // how many quotes of this symbol were admitted so far
  };

  Book();
  ~Book();
  Book(const Book&) = delete;
  Book& operator=(const Book&) = delete;

  // --- the writer's side (Thread: ingest) ---

  // Admits a quote with a higher id than the held one; one without id only over nothing or over another
  // without id.
  Admission admit(SymbolId symbol, const Quote& quote);

  // Takes in a value that is known to be newer than the held one but comes without its id (a REST look-up
  // made after the held one was received): it gets the held id plus one, the lowest id it can truly have, so
  // that everything after it still wins. After restart_order() the next admit() still takes whatever id
  // comes.
  void reconcile(SymbolId symbol, const Quote& quote);

  // After all sources were gone for a while: the next quote of every symbol is admitted whatever its id,
  // because an exchange that was reset counts anew. Nothing that is older can still be under way.
  void restart_order();

  // A source of its own, to be told of by set_source(). Before ingest starts; kSourcesMax at most.
  SourceId add_source();

  // Whether this source can be trusted to be current. The book is as trustworthy as the best of its sources.
  // Readers learn of a change as of a quote: publish() wakes them.
  void set_source(SourceId id, SourceState state, Origin origin, std::int64_t now_ms);

  // No other source is live: what this one says of the order of ids is all there is to know.
  bool stands_alone(SourceId id) const;

  // Wakes readers that sleep. Once per batch of admissions, not per quote.
  void publish();

  // Whoever sleeps for news of this book. The wakeup must outlive the book's last publish(). Before ingest
  // starts.
  void add_sleeper(Wakeup& wakeup) { sleepers_.push_back(&wakeup); }
  // The follower must outlive the book's last admission. Before ingest starts.
  void add_follower(BookFollower& follower) { followers_.push_back(&follower); }

  // --- the readers' side (Thread: any) ---

  bool read(SymbolId symbol, Entry& out) const;  // false: no quote yet
  SourceStatus source() const;
  std::uint64_t head() const {
    return head_.load(std::memory_order_acquire);
  }  // sequence of the newest admission

 private:
  friend class BookReader;
  struct Slot;

  void write(SymbolId symbol, const Quote& quote);

  std::unique_ptr<Slot[]> slots_;                       // kSymbolsMax
  std::unique_ptr<std::atomic<std::uint64_t>[]> ring_;  // sequence << 16 | symbol
  std::uint32_t order_ = 0;                             // bumped by restart_order()
  std::vector<Wakeup*> sleepers_;
  std::vector<BookFollower*> followers_;
  struct Source {
    SourceState state = SourceState::connecting;
    Origin origin = Origin::live;
  };
  std::vector<Source> sources_;           // by SourceId
  std::atomic<std::uint64_t> source_{0};  // since_ms << 16 | origin << 8 | state
  alignas(64) std::atomic<std::uint64_t> head_{0};
};

// A reader's position in the book's sequence. Thread: the reader's.
class BookReader {
 public:
  explicit BookReader(const Book& book) : book_(&book) {}

  bool behind() const { return book_->head() != position_; }
  std::uint64_t position() const { return position_; }

  // Calls on_change(SymbolId) for what changed since the last call, in order of change, a symbol possibly
  // more than once; returns false when the reader fell off the ring: then it was called for every symbol that
  // changed since, in order of symbol.
  template <class OnChange>
  bool drain(const SymbolTable& symbols, OnChange&& on_change);

 private:
  // The symbol changed at `sequence`, or nothing when the ring has moved past it.
  std::optional<SymbolId> changed_at(std::uint64_t sequence) const;

  const Book* book_;
  std::uint64_t position_ = 0;
};

template <class OnChange>
bool BookReader::drain(const SymbolTable& symbols, OnChange&& on_change) {
  const std::uint64_t head = book_->head();
  while (position_ < head) {
    const auto symbol = changed_at(position_ + 1);
    if (!symbol) {
      const std::uint64_t since = position_;
      position_ = book_->head();
      Book::Entry entry;
      for (std::size_t i = 0; i < symbols.size(); ++i) {
        const auto id = static_cast<SymbolId>(i);
        if (book_->read(id, entry) && entry.sequence > since) on_change(id);
      }
      return false;
    }
    ++position_;
    on_change(*symbol);
  }
  return true;
}

}  // namespace tickcast::market
