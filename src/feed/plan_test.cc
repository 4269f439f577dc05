// SPDX-License-Identifier: Apache-2.0
#include "feed/plan.h"

#include <algorithm>
#include <limits>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "wire/control.h"

namespace tickcast::feed {
namespace {

std::vector<RatedSymbol> rated(const std::vector<double>& rates) {
  std::vector<RatedSymbol> out;
  for (std::size_t i = 0; i < rates.size(); ++i) out.push_back({static_cast<market::SymbolId>(i), rates[i]});
  return out;
}

market::Listing listing(std::string base, std::string quote) {
  market::Listing out;
  out.symbol = base + quote;
  out.base_asset = std::move(base);
  out.quote_asset = std::move(quote);
  return out;
}

TEST(ExpectedRate, RanksMajorsFirstThenQuoteAssets) {
  EXPECT_GT(expected_rate(listing("BTC", "USDT")), expected_rate(listing("ETH", "USDT")));
  EXPECT_GT(expected_rate(listing("ETH", "USDT")), expected_rate(listing("NKN", "USDT")));
  EXPECT_GT(expected_rate(listing("NKN", "USDT")), expected_rate(listing("NKN", "ETH")));
  EXPECT_GT(expected_rate(listing("NKN", "SOMETHING")), 0);
}

TEST(Spread, KeepsTheBusiestSymbolsApart) {
  const auto plan = spread(rated({100, 90, 1, 1, 1, 1}), 2, 1024);
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan[0].front(), static_cast<market::SymbolId>(0));
  EXPECT_EQ(plan[1].front(), static_cast<market::SymbolId>(1));
}

TEST(Spread, OpensNoConnectionWithoutSymbols) {
  EXPECT_TRUE(spread({}, 2, 1024).empty());
  EXPECT_EQ(spread(rated({1}), 2, 1024).size(), 1u);
}

RC_GTEST_PROP(Spread, PutsEverySymbolOnExactlyOneConnectionWithinItsLimit, ()) {
  const auto symbols = rated(*rc::gen::container<std::vector<double>>(
      rc::gen::map(rc::gen::inRange(0, 100'000), [](int n) { return n / 100.0; })));
  const auto connections_min = *rc::gen::inRange<std::size_t>(1, 6);
  const auto streams_max = *rc::gen::inRange<std::size_t>(1, 40);
  const auto plan = spread(symbols, connections_min, streams_max);

  std::multiset<market::SymbolId> seen;
  for (const auto& connection : plan) {
    RC_ASSERT(!connection.empty());
    RC_ASSERT(connection.size() <= streams_max);
    seen.insert(connection.begin(), connection.end());
  }
  RC_ASSERT(seen.size() == symbols.size());
  for (const RatedSymbol& symbol : symbols) RC_ASSERT(seen.count(symbol.symbol) == 1u);
  const std::size_t needed = (symbols.size() + streams_max - 1) / streams_max;
  RC_ASSERT(plan.size() == std::min(symbols.size(), std::max(connections_min, needed)));
}

RC_GTEST_PROP(Spread, LeavesNoConnectionHeavierThanTheMeanByMoreThanOneSymbol, ()) {
  const auto symbols = rated(*rc::gen::nonEmpty(rc::gen::container<std::vector<double>>(
      rc::gen::map(rc::gen::inRange(1, 10'000), [](int n) { return n / 10.0; }))));
  const auto plan = spread(symbols, 4, 1024);
  double total = 0;
  double heaviest_symbol = 0;
  for (const RatedSymbol& symbol : symbols) {
    total += symbol.rate;
    heaviest_symbol = std::max(heaviest_symbol, symbol.rate);
  }
  for (const auto& connection : plan) {
    double load = 0;
    for (const auto id : connection) load += symbols[market::index(id)].rate;
    RC_ASSERT(load <= total / static_cast<double>(plan.size()) + heaviest_symbol + 1e-6);
  }
}

// Names of every length a symbol table takes, of bytes that JSON must escape and of letters of three bytes.
rc::Gen<std::string> any_symbol() {
  const auto piece =
      rc::gen::oneOf(rc::gen::map(rc::gen::inRange('a', '{'), [](char c) { return std::string(1, c); }),
                     rc::gen::element<std::string>("\"", "\\", "\n", "\x01", "\x1f", "币", "安", "é"));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        std::string name;
                        for (const std::string& part : pieces) {
                          if (name.size() + part.size() <= market::SymbolTable::kNameBytesMax) name += part;
                        }
                        return name;
                      });
}

RC_GTEST_PROP(RequestLengths, CoverAllNamesInOrderWithNoRequestOverTheLimit, ()) {
  const auto symbols = *rc::gen::container<std::vector<std::string>>(any_symbol());
  const auto bytes_max = *rc::gen::inRange<std::size_t>(kRequestBytesMin, 5000);
  std::vector<std::string> names;
  for (const std::string& symbol : symbols) names.push_back(stream_of(symbol, wire::Channel::book_ticker));

  std::size_t at = 0;
  for (const std::size_t length : request_lengths(names, bytes_max)) {
    RC_ASSERT(length > 0u);
    const std::vector<std::string> run(names.begin() + static_cast<std::ptrdiff_t>(at),
                                       names.begin() + static_cast<std::ptrdiff_t>(at + length));
    const auto longest_id = std::numeric_limits<std::int64_t>::min();
    RC_ASSERT(wire::subscribe_request(run, longest_id).size() <= bytes_max);
    at += length;
    // No request could have taken one more.
    if (at < names.size()) {
      auto more = run;
      more.push_back(names[at]);
      RC_ASSERT(wire::subscribe_request(more, longest_id).size() + 1 > bytes_max);
    }
  }
  RC_ASSERT(at == names.size());
}

TEST(RequestLengths, FitTheLongestNameThatEscapesWorst) {
  const std::vector<std::string> names(
      3, stream_of(std::string(market::SymbolTable::kNameBytesMax, '\x01'), wire::Channel::book_ticker));
  EXPECT_EQ(request_lengths(names, kRequestBytesMin).size(), 3u);
}

TEST(RequestLengths, TakeFourteenHundredSymbolsInEightRequests) {
  std::vector<std::string> names;
  for (int i = 0; i < 1400; ++i)
    names.push_back(stream_of("abc" + std::to_string(1000 + i), wire::Channel::book_ticker));
  EXPECT_LE(request_lengths(names, 4000).size(), 9u);
}

}  // namespace
}  // namespace tickcast::feed
