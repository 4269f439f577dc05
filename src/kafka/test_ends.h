// SPDX-License-Identifier: Apache-2.0
//
// The two ends of a topic, for tests: a producer whose exchange is the test, an emitter without clients, and
// the loop that turns both.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "kafka/settings.h"
#include "kafka/test_cluster.h"
#include "kafka/topic_sink.h"
#include "kafka/topic_source.h"
#include "net/loop.h"

namespace tickcast::kafka {

inline constexpr std::int64_t kDeadlineNs = 60 * kNsPerSecond;

// Holds that no symbol's ids go back, and counts what was admitted.
struct OrderWatch final : market::BookFollower {
  std::map<market::SymbolId, std::int64_t> last;
  std::uint64_t admitted = 0;
  bool went_back = false;
  void on_admitted(market::SymbolId symbol, const market::Quote& quote) override {
    went_back |= quote.update_id < last[symbol];
    last[symbol] = quote.update_id;
    ++admitted;
  }
  void on_published() override {}
};

// The reading end: an emitter without clients.
struct Reader {
  Reader(net::Loop& loop, const SourceOptions& options) : source(loop, symbols, book, options) {
    book.add_follower(watch);
    const Status started = source.start();
    EXPECT_TRUE(started);
  }
  std::optional<market::Quote> last(std::string_view symbol) const {
    market::Book::Entry entry;
    const auto id = symbols.find(symbol);
    if (!id || !book.read(*id, entry)) return std::nullopt;
    return entry.quote;
  }
  market::SymbolTable symbols;
  market::Book book;
  OrderWatch watch;
  TopicSource source;
};

// The writing end: a producer whose exchange is the test.
struct Writer {
  Writer(net::Loop& loop, const SinkOptions& options)
      : source(book.add_source()), sink(loop, symbols, book, options) {
    const Status started = sink.start();
    EXPECT_TRUE(started);
    trust(market::SourceState::live);
  }
  void trust(market::SourceState state) {
    book.set_source(source, state, market::Origin::simulated, wall_ns() / kNsPerMs);
  }
  void admit(const std::string& symbol, std::int64_t id) {
    market::Quote quote;
    quote.update_id = id;
    quote.bid_price = quote.ask_price = {100'000'000 + id, -8};
    quote.bid_quantity = quote.ask_quantity = {100'000'000, -8};
    quote.admitted_ns = wall_ns();
    book.admit(*symbols.put_name(symbol), quote);
  }
  market::SymbolTable symbols;
  market::Book book;
  market::SourceId source;
  TopicSink sink;
};

class TopicTest : public ::testing::Test {
 protected:
  // Turns the loop until the condition holds.
  template <class Condition>
  bool reach(Condition condition) {
    const std::int64_t until_ns = steady_ns() + kDeadlineNs;
    while (!condition()) {
      if (steady_ns() > until_ns) return false;
      loop_.turn(5 * kNsPerMs);
    }
    return true;
  }
  SourceOptions source_options(const TestCluster& cluster) const {
    SourceOptions options;
    options.settings = cluster.settings();
    return options;
  }
  SinkOptions sink_options(const TestCluster& cluster) const {
    SinkOptions options;
    options.settings = cluster.settings();
    return options;
  }
  static std::string name(int symbol) { return "S" + std::to_string(symbol) + "USDT"; }
  bool same_ends(const Writer& writer, const Reader& reader) {
    for (std::size_t i = 0; i < writer.symbols.size(); ++i) {
      market::Book::Entry entry;
      const auto id = static_cast<market::SymbolId>(i);
      if (!writer.book.read(id, entry)) continue;
      const auto last = reader.last(writer.symbols.name(id));
      if (!last || last->update_id != entry.quote.update_id || !last->same_values(entry.quote)) return false;
    }
    return true;
  }

  net::Loop loop_;
};

}  // namespace tickcast::kafka
