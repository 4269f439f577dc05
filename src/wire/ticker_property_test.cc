// SPDX-License-Identifier: Apache-2.0
//
// What holds for every quote and every frame: what is written is read back to the letter, and the fast path
// never differs from the general one.
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "market/symbol_table.h"
#include "wire/ticker.h"

namespace tickcast::wire {
namespace {

using market::Decimal;

rc::Gen<Decimal> any_decimal() {
  return rc::gen::apply(
      [](std::int64_t mantissa, int digits, int exponent) {
        // Widths evenly: values between 0 and int64's are mostly of 19 digits otherwise.
        std::int64_t limit = 10;
        for (int i = 1; i < digits && limit < 1'000'000'000'000'000'000; ++i) limit *= 10;
        return Decimal{digits == 19 ? mantissa : mantissa % limit, static_cast<std::int8_t>(-exponent)};
      },
      rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max()), rc::gen::inRange(1, 20),
      rc::gen::oneOf(rc::gen::just(8), rc::gen::inRange(0, 19)));
}

rc::Gen<std::string> any_symbol() {
  const auto letters = rc::gen::suchThat(
      rc::gen::container<std::string>(rc::gen::oneOf(rc::gen::inRange<char>('A', 'Z'),
                                                     rc::gen::inRange<char>('0', '9'),
                                                     rc::gen::element('_', '-', '.'))),
      [](const std::string& text) { return text.size() <= market::SymbolTable::kNameBytesMax - 12; });
  return rc::gen::suchThat(
      rc::gen::apply([](const char* first, const std::string& rest) { return first + rest; },
                     rc::gen::element<const char*>("", "", "", "币安人生", "É"), letters),
      [](const std::string& text) { return !text.empty(); });
}

rc::Gen<market::Quote> any_quote() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::inRange<std::int64_t>(1, std::numeric_limits<std::int64_t>::max()),
                     rc::gen::inRange(0, 63), any_decimal(), any_decimal(), any_decimal(), any_decimal()),
      [](const auto& parts) {
        market::Quote quote;
        quote.update_id = std::max<std::int64_t>(1, std::get<0>(parts) >> std::get<1>(parts));
        quote.bid_price = std::get<2>(parts);
        quote.bid_quantity = std::get<3>(parts);
        quote.ask_price = std::get<4>(parts);
        quote.ask_quantity = std::get<5>(parts);
        return quote;
      });
}

std::string raw_frame(const std::string& symbol, const market::Quote& quote) {
  char out[kBookTickerBytesMax];
  return {out, write_book_ticker(out, symbol, quote)};
}

std::string combined_frame(const std::string& symbol, const market::Quote& quote) {
  char out[kCombinedPrefixBytesMax];
  return std::string(out, write_combined_prefix(out, market::to_lower_ascii(symbol), "bookTicker")) +
         raw_frame(symbol, quote) + "}";
}

bool same(const Ticker& a, const Ticker& b) {
  return a.symbol == b.symbol && a.quote.update_id == b.quote.update_id && a.quote.same_values(b.quote);
}

// scan_ticker says true only where the general path reads the same.
void check_agreement(const std::string& frame) {
  Ticker scanned;
  if (!scan_ticker(frame, scanned)) return;
  FrameReader reader;
  RC_ASSERT(reader.read_with_simdjson(frame) == FrameKind::ticker);
  RC_ASSERT(same(scanned, reader.ticker()));
}

RC_GTEST_PROP(TickerProperty, WhatIsWrittenIsReadBackByBothPaths, ()) {
  const auto symbol = *any_symbol();
  const auto quote = *any_quote();
  FrameReader reader;
  for (const std::string& frame : {raw_frame(symbol, quote), combined_frame(symbol, quote)}) {
    RC_ASSERT(reader.read(frame) == FrameKind::ticker);
    RC_ASSERT(same(reader.ticker(), {symbol, quote}));
    RC_ASSERT(reader.read_with_simdjson(frame) == FrameKind::ticker);
    RC_ASSERT(same(reader.ticker(), {symbol, quote}));
    Ticker scanned;
    // An id of 17 digits or more is the general path's: the exchange's have eleven.
    RC_ASSERT(scan_ticker(frame, scanned) == (quote.update_id < 10'000'000'000'000'000));
  }
}

std::string quote_event(const std::string& symbol, const ServedEvent& event) {
  char out[kQuoteEventBytesMax];
  return {out, write_quote_event(out, symbol, event.ticker.quote, event.emitter_ns, event.merged_updates)};
}

// To the microsecond, as events tell it.
rc::Gen<std::int64_t> any_moment() {
  return rc::gen::map(rc::gen::inRange<std::int64_t>(0, 2'000'000'000'000'000),
                      [](std::int64_t us) { return us * 1'000; });
}

rc::Gen<ServedEvent> any_quote_event() {
  return rc::gen::map(
      rc::gen::tuple(any_quote(), any_moment(), any_moment(),
                     rc::gen::element<std::uint64_t>(0, 0, 1, 7, 123'456), rc::gen::arbitrary<bool>()),
      [](const auto& parts) {
        ServedEvent event{{"", std::get<0>(parts)}, true, std::get<2>(parts), std::get<3>(parts)};
        event.ticker.quote.update_id =
            std::get<4>(parts) ? market::kNoUpdateId : event.ticker.quote.update_id % 10'000'000'000'000'000;
        event.ticker.quote.admitted_ns = std::get<1>(parts);
        return event;
      });
}

RC_GTEST_PROP(TickerProperty, EveryEventWeWriteIsScannedBackToTheLetterAloneWrappedAndInArrays, ()) {
  const auto symbol = *any_symbol();
  const auto events = *rc::gen::nonEmpty(rc::gen::container<std::vector<ServedEvent>>(any_quote_event()));
  std::string array = "[";
  for (const ServedEvent& event : events) array += quote_event(symbol, event) + ",";
  array.back() = ']';
  std::vector<ServedEvent> scanned;
  const std::string one = quote_event(symbol, events.front());
  for (const std::string& frame : {one, R"({"stream":"x@quote","data":)" + one + "}", array,
                                   R"({"stream":"!quote@arr","data":)" + array + "}"}) {
    RC_ASSERT(scan_events(frame, scanned));
    RC_ASSERT(scanned.size() == (frame.find('[') == std::string::npos ? 1 : events.size()));
    for (std::size_t i = 0; i < scanned.size(); ++i) {
      const ServedEvent& expected = events[i];
      RC_ASSERT(scanned[i].is_quote && same(scanned[i].ticker, {symbol, expected.ticker.quote}));
      RC_ASSERT(scanned[i].ticker.quote.admitted_ns == expected.ticker.quote.admitted_ns);
      RC_ASSERT(scanned[i].emitter_ns == expected.emitter_ns);
      RC_ASSERT(scanned[i].merged_updates == expected.merged_updates);
    }
    RC_ASSERT(!scan_events(frame.substr(0, frame.size() - 1), scanned));
    RC_ASSERT(!scan_events(frame + " ", scanned));
  }
}

// One small change: another byte, one more, a few less, or a piece of the frame once more.
std::string mutated(std::string frame, std::mt19937_64& random) {
  constexpr std::string_view kTelling = "0019.\",{}:\\-+eE \n\t\x7f\xc3\xa9ubBaAs";
  const auto below = [&random](std::size_t limit) { return static_cast<std::size_t>(random() % limit); };
  const char byte = below(4) == 0 ? static_cast<char>(below(256)) : kTelling[below(kTelling.size())];
  const std::size_t at = below(frame.size());
  switch (below(4)) {
    case 0:
      frame[at] = byte;
      break;
    case 1:
      frame.insert(at, 1, byte);
      break;
    case 2:
      frame.erase(at, 1 + below(12));
      break;
    default:
      frame.insert(at, frame.substr(below(frame.size()), 1 + below(20)));
      break;
  }
  return frame.empty() ? "{" : frame;
}

RC_GTEST_PROP(TickerProperty, TheFastPathAgreesOnMutatedFrames, ()) {
  const std::string frame = *rc::gen::oneOf(rc::gen::apply(raw_frame, any_symbol(), any_quote()),
                                            rc::gen::apply(combined_frame, any_symbol(), any_quote()));
  std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
  for (int i = 0; i < 100; ++i) {
    const std::string once = mutated(frame, random);
    check_agreement(once);
    check_agreement(mutated(once, random));
  }
}

TEST(WrappedStream, IsNamedByWhatIsWrappedAlone) {
  EXPECT_EQ(wrapped_stream(R"({"stream":"!quote@arr","data":[]})"), "!quote@arr");
  EXPECT_EQ(wrapped_stream(R"({"stream":"x@quote","data":)"), "x@quote") << "the rest is not looked at";
  for (const char* frame :
       {"", R"({"u":1})", R"({"stream":"x)", R"({"stream":"x"})", R"({"stream":"\u0041","data":1})"})
    EXPECT_EQ(wrapped_stream(frame), "") << frame;
}

TEST(ScanEvents, TakesABookTickerWhoseSourceToldNoId) {
  std::vector<ServedEvent> scanned;
  market::Quote quote;
  for (const char* symbol : {"BTCUSDT", "币安人生USDT"}) {
    const std::string known = raw_frame(symbol, quote);
    ASSERT_TRUE(scan_events(known, scanned));
    EXPECT_EQ(scanned.front().ticker.symbol, symbol);
    EXPECT_EQ(scanned.front().ticker.quote.update_id, market::kNoUpdateId);
  }
  std::string frame = raw_frame("BTCUSDT", quote);
  frame.insert(frame.find('0'), "0");
  EXPECT_FALSE(scan_events(frame, scanned));
}

RC_GTEST_PROP(TickerProperty, AScannedEventIsOneThatTheGeneralPathReadsTheSame, ()) {
  const auto symbol = *any_symbol();
  const std::string frame =
      *rc::gen::element(quote_event(symbol, *any_quote_event()), raw_frame(symbol, *any_quote()));
  std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
  FrameReader reader;
  std::vector<ServedEvent> scanned;
  for (int i = 0; i < 100; ++i) {
    const std::string changed = mutated(frame, random);
    if (!scan_events(changed, scanned) || changed.front() == '[') continue;
    if (!scanned.front().is_quote && scanned.front().ticker.quote.update_id == market::kNoUpdateId) continue;
    RC_ASSERT(reader.read_with_simdjson(changed) == FrameKind::ticker);
    RC_ASSERT(same(scanned.front().ticker, reader.ticker()));
  }
}

}  // namespace
}  // namespace tickcast::wire
