// SPDX-License-Identifier: Apache-2.0
//
// The book: what it admits, and what readers in other threads may rely on. The latter runs under the thread
// sanitizer too.
#include "market/book.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "market/order_watch.h"

namespace tickcast::market {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A quote of which every part tells the same number, so that a torn one shows.
Quote quote_of(std::int64_t id, std::int64_t value) {
  Quote quote;
  quote.update_id = id;
  quote.bid_price = quote.bid_quantity = quote.ask_price = quote.ask_quantity = Decimal{value, -8};
  quote.event_ns = quote.received_ns = quote.admitted_ns = value;
  return quote;
}
Quote quote_of(std::int64_t id) { return quote_of(id, id); }

bool is_whole(const Quote& quote) {
  const Quote expected = quote_of(quote.update_id, quote.event_ns);
  return quote.same_values(expected) && quote.received_ns == expected.received_ns &&
         quote.admitted_ns == expected.admitted_ns;
}

struct BookTest : ::testing::Test {
  void SetUp() override {
    for (const char* name : {"BTCUSDT", "ETHUSDT", "BNBUSDT"}) symbols.put_name(name);
  }
  Book::Entry read(SymbolId symbol) const {
    Book::Entry entry;
    EXPECT_TRUE(book.read(symbol, entry));
    return entry;
  }
  std::vector<int> drain(BookReader& reader, bool expect_kept_up = true) const {
    std::vector<int> changed;
    EXPECT_EQ(reader.drain(symbols, [&changed](SymbolId id) { changed.push_back(static_cast<int>(id)); }),
              expect_kept_up);
    return changed;
  }

  SymbolTable symbols;
  Book book;
  SymbolId btc{0}, eth{1}, bnb{2};
};

TEST_F(BookTest, HoldsNothingAtFirst) {
  Book::Entry entry;
  EXPECT_FALSE(book.read(btc, entry));
  EXPECT_EQ(book.head(), 0U);
}

TEST_F(BookTest, AdmitsOnlyWhatIsNewer) {
  EXPECT_EQ(book.admit(btc, quote_of(5)), Admission::admitted);
  EXPECT_EQ(book.admit(btc, quote_of(5)), Admission::duplicate);
  EXPECT_EQ(book.admit(btc, quote_of(4)), Admission::older);
  EXPECT_EQ(book.admit(btc, quote_of(kNoUpdateId, 9)), Admission::older);
  EXPECT_EQ(book.admit(eth, quote_of(1)), Admission::admitted);
  EXPECT_EQ(book.admit(btc, quote_of(6)), Admission::admitted);
  EXPECT_EQ(read(btc).quote.update_id, 6);
  EXPECT_EQ(read(btc).updates, 2U);
  EXPECT_EQ(read(btc).sequence, 3U);
  EXPECT_EQ(read(eth).sequence, 2U);
  EXPECT_EQ(book.head(), 3U);
}

TEST_F(BookTest, TakesQuotesWithoutIdUntilOneHasIt) {
  EXPECT_EQ(book.admit(btc, quote_of(kNoUpdateId, 1)), Admission::admitted);
  EXPECT_EQ(book.admit(btc, quote_of(kNoUpdateId, 2)), Admission::admitted);
  EXPECT_EQ(read(btc).quote.event_ns, 2);
  EXPECT_EQ(book.admit(btc, quote_of(7)), Admission::admitted);
  EXPECT_EQ(book.admit(btc, quote_of(kNoUpdateId, 3)), Admission::older);
}

TEST_F(BookTest, KeepsEveryPartOfAQuote) {
  Quote quote;
  quote.update_id = 50093421613;
  quote.bid_price = {6168599000000, -8};
  quote.bid_quantity = {0, -8};
  quote.ask_price = {6168600, -2};
  quote.ask_quantity = {9223372036854775807, -18};
  quote.event_ns = 1;
  quote.received_ns = 2;
  quote.admitted_ns = 3;
  book.admit(btc, quote);
  const Quote held = read(btc).quote;
  EXPECT_TRUE(held.same_values(quote));
  EXPECT_EQ(held.update_id, quote.update_id);
  EXPECT_EQ(held.event_ns, 1);
  EXPECT_EQ(held.received_ns, 2);
  EXPECT_EQ(held.admitted_ns, 3);
}

TEST_F(BookTest, ReconcilesUnderTheLowestIdThatCanBeTrue) {
  book.admit(btc, quote_of(100));
  book.reconcile(btc, quote_of(kNoUpdateId, 7));
  EXPECT_EQ(read(btc).quote.event_ns, 7);
  EXPECT_EQ(read(btc).quote.update_id, 101);
  EXPECT_EQ(book.admit(btc, quote_of(100)), Admission::older);
  EXPECT_EQ(book.admit(btc, quote_of(102)), Admission::admitted);
}

TEST_F(BookTest, ReconcilesOverNothingWithoutAnId) {
  book.reconcile(btc, quote_of(kNoUpdateId, 7));
  EXPECT_EQ(read(btc).quote.update_id, kNoUpdateId);
  EXPECT_EQ(book.admit(btc, quote_of(1)), Admission::admitted);
}

TEST_F(BookTest, TakesAnyIdOnceAfterItsOrderWasRestarted) {
  book.admit(btc, quote_of(100));
  book.admit(eth, quote_of(100));
  book.restart_order();
  EXPECT_EQ(book.admit(btc, quote_of(3)), Admission::admitted);
  EXPECT_EQ(book.admit(btc, quote_of(3)), Admission::duplicate);
  EXPECT_EQ(book.admit(btc, quote_of(2)), Admission::older);
  EXPECT_EQ(book.admit(eth, quote_of(100)), Admission::admitted);
  EXPECT_EQ(read(btc).quote.update_id, 3);
}

TEST_F(BookTest, TakesAnyIdAfterARestartThoughAReconciledValueCameFirst) {
  book.admit(btc, quote_of(100));
  book.restart_order();
  book.reconcile(btc, quote_of(kNoUpdateId, 7));
  EXPECT_EQ(read(btc).quote.event_ns, 7);
  EXPECT_EQ(read(btc).quote.update_id, 101) << "readers see no lower id than before";
  EXPECT_EQ(book.admit(btc, quote_of(3)), Admission::admitted) << "the exchange counts anew";
  EXPECT_EQ(book.admit(btc, quote_of(2)), Admission::older);
}

TEST_F(BookTest, TellsReadersWhatChangedInOrder) {
  BookReader reader(book);
  EXPECT_FALSE(reader.behind());
  EXPECT_THAT(drain(reader), IsEmpty());
  book.admit(eth, quote_of(1));
  book.admit(btc, quote_of(1));
  book.admit(btc, quote_of(1));
  book.admit(eth, quote_of(2));
  EXPECT_TRUE(reader.behind());
  EXPECT_THAT(drain(reader), ElementsAre(1, 0, 1));
  EXPECT_EQ(reader.position(), 3U);
  EXPECT_FALSE(reader.behind());
  EXPECT_THAT(drain(reader), IsEmpty());
}

TEST_F(BookTest, KeepsTheLastChangesForReaders) {
  BookReader reader(book);
  for (std::size_t i = 1; i <= Book::kRingEntries; ++i)
    book.admit(btc, quote_of(static_cast<std::int64_t>(i)));
  EXPECT_EQ(drain(reader).size(), Book::kRingEntries);
}

TEST_F(BookTest, TellsAReaderThatFellOffEverySymbolThatChanged) {
  BookReader reader(book);
  book.admit(bnb, quote_of(1));
  drain(reader);
  book.admit(eth, quote_of(1));
  for (std::size_t i = 1; i <= Book::kRingEntries; ++i)
    book.admit(btc, quote_of(static_cast<std::int64_t>(i)));
  EXPECT_THAT(drain(reader, false), ElementsAre(0, 1));
  EXPECT_FALSE(reader.behind());
  book.admit(bnb, quote_of(2));
  EXPECT_THAT(drain(reader), ElementsAre(2));
}

RC_GTEST_PROP(BookProperty, HoldsTheHighestIdOfEverySymbolInAnyOrderOfArrival, ()) {
  const auto arrivals = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 3), rc::gen::inRange(1, 20)));
  SymbolTable symbols;
  for (const char* name : {"A", "B", "C"}) symbols.put_name(name);
  Book book;
  BookReader reader(book);
  std::int64_t highest[3] = {};
  std::size_t admitted = 0;
  for (const auto& [symbol, id] : arrivals) {
    const bool newer = id > highest[symbol];
    const Admission admission = book.admit(static_cast<SymbolId>(symbol), quote_of(id));
    RC_ASSERT((admission == Admission::admitted) == newer);
    if (newer) {
      highest[symbol] = id;
      ++admitted;
    }
  }
  for (int symbol = 0; symbol < 3; ++symbol) {
    Book::Entry entry;
    RC_ASSERT(book.read(static_cast<SymbolId>(symbol), entry) == (highest[symbol] != 0));
    if (highest[symbol] != 0) RC_ASSERT(entry.quote.update_id == highest[symbol]);
  }
  std::size_t told = 0;
  RC_ASSERT(reader.drain(symbols, [&told](SymbolId) { ++told; }));
  RC_ASSERT(told == admitted);
  RC_ASSERT(book.head() == admitted);
}

// One reader thread: sleeps when there is nothing, follows the ring, and looks at what it is told.
class Follower {
 public:
  // Stops at its first change of all until the book's sequence has come to `pause_until`.
  Follower(Book& book, const SymbolTable& symbols, std::uint64_t last, std::uint64_t pause_until)
      : book_(book), symbols_(symbols), last_(last), pause_until_(pause_until), seen_(symbols.size()) {
    book.add_sleeper(wakeup_);
  }
  void start() {
    thread_ = std::thread([this] {
      run();
      ended_.store(true, std::memory_order_release);
    });
  }
  void join() { thread_.join(); }

  const std::vector<Book::Entry>& seen() const { return seen_; }
  std::uint64_t overruns() const { return overruns_; }
  // While it runs; the rest after join().
  std::uint64_t position() const { return position_.load(std::memory_order_acquire); }
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  const std::string& fault() const { return fault_; }

 private:
  void run() {
    BookReader reader(book_);
    while (reader.position() < last_ && fault_.empty()) {
      if (!reader.behind() && !sleep(reader)) return;
      const bool kept_up = reader.drain(symbols_, [this](SymbolId id) {
        while (book_.head() < pause_until_) std::this_thread::yield();
        look(id);
      });
      if (!kept_up) ++overruns_;
      position_.store(reader.position(), std::memory_order_release);
    }
  }

  bool sleep(const BookReader& reader) {
    wakeup_.arm();
    if (reader.behind()) {
      wakeup_.disarm();
      return true;
    }
    pollfd ready{wakeup_.fd(), POLLIN, 0};
    if (poll(&ready, 1, 30'000) != 1) {
      fault_ = "a wake-up was lost";
      return false;
    }
    wakeup_.drain();
    return true;
  }

  void look(SymbolId id) {
    Book::Entry entry;
    Book::Entry& before = seen_[index(id)];
    if (!book_.read(id, entry)) fault_ = "told of a symbol that has no quote";
    if (!is_whole(entry.quote)) fault_ = "a torn read";
    if (entry.sequence < before.sequence) fault_ = "an older sequence after a newer one";
    if (entry.quote.update_id < before.quote.update_id) fault_ = "an older quote after a newer one";
    if (entry.updates < before.updates) fault_ = "a count of updates that fell";
    before = entry;
  }

  Book& book_;
  const SymbolTable& symbols_;
  const std::uint64_t last_;
  const std::uint64_t pause_until_;
  Wakeup wakeup_;
  std::vector<Book::Entry> seen_;
  std::uint64_t overruns_ = 0;
  std::string fault_;
  std::atomic<std::uint64_t> position_{0};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

TEST(BookThreads, TwoReadersSeeWholeQuotesInOrderAndTheLastOfEverySymbol) {
  constexpr std::size_t kSymbols = 50;
  constexpr std::uint64_t kQuotes = 600'000;
  SymbolTable symbols;
  for (std::size_t i = 0; i < kSymbols; ++i) symbols.put_name("S" + std::to_string(i));
  Book book;
  Follower quick(book, symbols, kQuotes, 0);
  Follower slow(book, symbols, kQuotes, 3 * Book::kRingEntries);
  quick.start();
  slow.start();

  std::uint64_t random = 1;
  for (std::uint64_t i = 1; i <= kQuotes; ++i) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    // The last kSymbols quotes go to each symbol once, so that every symbol has a known last quote.
    const std::uint64_t symbol = i + kSymbols > kQuotes ? i % kSymbols : (random >> 33) % kSymbols;
    ASSERT_EQ(book.admit(static_cast<SymbolId>(symbol), quote_of(static_cast<std::int64_t>(i))),
              Admission::admitted);
    // Batches of different sizes with pauses, so that the readers do sleep.
    if ((random >> 20) % 16 == 0 || i == kQuotes) book.publish();
    if ((random >> 40) % 4096 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  quick.join();
  slow.join();
  for (const Follower* follower : {&quick, &slow}) {
    EXPECT_EQ(follower->fault(), "");
    for (std::size_t i = 0; i < kSymbols; ++i) {
      Book::Entry last;
      ASSERT_TRUE(book.read(static_cast<SymbolId>(i), last));
      EXPECT_EQ(follower->seen()[i].sequence, last.sequence) << i;
    }
  }
  EXPECT_GT(slow.overruns(), 0U) << "the slow reader was meant to fall off the ring";
}

TEST(BookSources, TheBestOneDecidesWhetherTheBookIsTrusted) {
  Book book;
  const SourceId topic = book.add_source();
  const SourceId lane = book.add_source();
  EXPECT_EQ(book.source().state, SourceState::connecting);
  book.set_source(topic, SourceState::live, Origin::simulated, 1'000);
  EXPECT_EQ(book.source(), (SourceStatus{SourceState::live, 1'000, Origin::simulated}));
  EXPECT_TRUE(book.stands_alone(topic));
  EXPECT_FALSE(book.stands_alone(lane));

  book.set_source(lane, SourceState::live, Origin::simulated, 2'000);
  EXPECT_EQ(book.source().since_ms, 1'000) << "it was live before";
  book.set_source(topic, SourceState::down, Origin::simulated, 3'000);
  EXPECT_EQ(book.source().state, SourceState::live) << "the other still is";
  book.set_source(lane, SourceState::stale, Origin::simulated, 4'000);
  EXPECT_EQ(book.source(), (SourceStatus{SourceState::stale, 4'000, Origin::simulated}));
  book.set_source(lane, SourceState::down, Origin::simulated, 5'000);
  EXPECT_EQ(book.source().state, SourceState::down);
}

TEST(BookFollowers, TakePartInEveryAdmissionAndInNothingElse) {
  struct Log final : BookFollower {
    std::vector<std::int64_t> ids;
    int published = 0;
    void on_admitted(SymbolId, const Quote& quote) override { ids.push_back(quote.update_id); }
    void on_published() override { ++published; }
  } log;
  Book book;
  book.add_follower(log);
  for (const std::int64_t id : {5, 5, 4, 7}) book.admit(SymbolId{0}, quote_of(id));
  book.reconcile(SymbolId{0}, quote_of(kNoUpdateId));
  book.publish();
  EXPECT_EQ(log.ids, (std::vector<std::int64_t>{5, 7, 8}));
  EXPECT_EQ(log.published, 1);
}

TEST(OrderWatch, SpeaksUpOnlyWhenNothingButOlderIdsCameForLong) {
  OrderWatch watch(3, 1'000);
  EXPECT_FALSE(watch.counts_anew(1, 0, 0));
  EXPECT_FALSE(watch.counts_anew(1, 2, 2'000)) << "too few";
  EXPECT_TRUE(watch.counts_anew(1, 3, 2'001));
  EXPECT_FALSE(watch.counts_anew(1, 4, 2'002)) << "said once";
  EXPECT_FALSE(watch.counts_anew(2, 9, 9'000)) << "a fresh one came";
  EXPECT_FALSE(watch.counts_anew(2, 99, 9'999)) << "too soon after it";
  EXPECT_TRUE(watch.counts_anew(2, 99, 10'000));
}

TEST(BookThreads, AReaderThatSleepsAfterEveryQuoteMissesNoWakeup) {
  constexpr std::uint64_t kQuotes = 10'000;
  SymbolTable symbols;
  symbols.put_name("A");
  Book book;
  Follower follower(book, symbols, kQuotes, 0);
  follower.start();
  for (std::uint64_t i = 1; i <= kQuotes && !follower.ended(); ++i) {
    book.admit(SymbolId{0}, quote_of(static_cast<std::int64_t>(i)));
    book.publish();
    // Nothing more comes until this one was seen: a wake-up that is lost has no second chance.
    while (follower.position() < i && !follower.ended()) std::this_thread::yield();
  }
  follower.join();
  EXPECT_EQ(follower.fault(), "");
  EXPECT_EQ(follower.seen()[0].sequence, kQuotes);
  EXPECT_EQ(follower.overruns(), 0U) << "the ring holds more than this";
}

}  // namespace
}  // namespace tickcast::market
