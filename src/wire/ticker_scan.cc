// SPDX-License-Identifier: Apache-2.0
//
// scan_ticker and scan_events: the fast paths.
#include <simdjson.h>

#include "market/symbol_table.h"
#include "wire/scan.h"
#include "wire/ticker.h"

namespace tickcast::wire {
namespace {

constexpr std::size_t kSymbolBytesMax = market::SymbolTable::kNameBytesMax;

// Goes on where eat_plain stopped at a byte that is not ASCII.
[[gnu::noinline]] bool eat_utf8(Cursor& in) {
  const char* const text = in.at;
  while (in.left() != 0) {
    const auto c = static_cast<unsigned char>(*in.at);
    if (c < 0x20 || c == '"' || c == '\\') break;
    ++in.at;
  }
  return simdjson::validate_utf8(text, static_cast<std::size_t>(in.at - text));
}

// To the first byte that a JSON string cannot hold as it is. False: no text.
[[gnu::always_inline]] inline bool eat_text(Cursor& in) {
  eat_plain(in);
  return in.left() == 0 || static_cast<unsigned char>(*in.at) < 0x80 || eat_utf8(in);
}

[[gnu::always_inline]] inline bool eat_symbol(Cursor& in, std::string_view& out) {
  const char* const symbol = in.at;
  if (!eat_text(in)) return false;
  out = {symbol, static_cast<std::size_t>(in.at - symbol)};
  return !out.empty() && out.size() <= kSymbolBytesMax;
}

// The wrapper's start, if there is one. False: something that only looks like it.
[[gnu::always_inline]] inline bool eat_wrapper(Cursor& in, bool& combined) {
  combined = eat(in, R"({"stream":")");
  return !combined || (eat_text(in) && eat(in, R"(","data":)"));
}

// REQUIRES: `{"u":` and the id are eaten.
[[gnu::always_inline]] inline bool eat_book_ticker_after_id(Cursor& in, Ticker& out) {
  market::Quote& quote = out.quote;
  quote.event_ns = quote.received_ns = quote.admitted_ns = 0;
  return eat(in, R"(,"s":")") && eat_symbol(in, out.symbol) &&           //
         eat(in, R"(","b":")") && eat_decimal(in, quote.bid_price) &&    //
         eat(in, R"(,"B":")") && eat_decimal(in, quote.bid_quantity) &&  //
         eat(in, R"(,"a":")") && eat_decimal(in, quote.ask_price) &&     //
         eat(in, R"(,"A":")") && eat_decimal(in, quote.ask_quantity) && eat(in, "}");
}

// Digits that may end with the text; at most 15, so that they always fit.
bool eat_number(Cursor& in, std::int64_t& out) {
  const char* const begin = in.at;
  out = 0;
  while (in.at != in.end && *in.at >= '0' && *in.at <= '9' && in.at - begin < 16)
    out = out * 10 + (*in.at++ - '0');
  const auto digits = in.at - begin;
  return digits != 0 && digits < 16 && (*begin != '0' || digits == 1);
}

// Milliseconds with a fraction of three digits, as write_epoch_ms writes them; the text may end soon after.
bool eat_epoch_ms(Cursor& in, std::int64_t& out_ns) {
  std::int64_t ms = 0;
  if (!eat_number(in, ms) || ms >= 10'000'000'000'000 / 2 || !eat(in, ".") || in.left() < 3) return false;
  std::int64_t us = 0;
  for (int i = 0; i < 3; ++i, ++in.at) {
    if (*in.at < '0' || *in.at > '9') return false;
    us = us * 10 + (*in.at - '0');
  }
  out_ns = (ms * 1'000 + us) * 1'000;
  return true;
}

bool eat_id(Cursor& in, std::int64_t& out) {
  out = market::kNoUpdateId;
  return !eat(in, R"("u":)") || (eat_update_id(in, out) && eat(in, ","));
}

bool eat_merged(Cursor& in, std::uint64_t& out) {
  out = 0;
  std::int64_t number = 0;
  if (!eat(in, R"(,"n":)")) return true;
  if (!eat_number(in, number) || number == 0) return false;
  out = static_cast<std::uint64_t>(number);
  return true;
}

// REQUIRES: `{"e":"quote"` is eaten.
bool eat_quote_event(Cursor& in, ServedEvent& out) {
  market::Quote& quote = out.ticker.quote;
  quote.event_ns = quote.received_ns = 0;
  if (!eat(in, R"(,"s":")") || !eat_symbol(in, out.ticker.symbol) || !eat(in, R"(",)") ||
      !eat_id(in, quote.update_id)) {
    return false;
  }
  return eat(in, R"("bid":")") && eat_decimal(in, quote.bid_price) &&       //
         eat(in, R"(,"bids":")") && eat_decimal(in, quote.bid_quantity) &&  //
         eat(in, R"(,"ask":")") && eat_decimal(in, quote.ask_price) &&      //
         eat(in, R"(,"asks":")") && eat_decimal(in, quote.ask_quantity) &&  //
         eat(in, R"(,"producerTime":)") && eat_epoch_ms(in, quote.admitted_ns) &&
         eat(in, R"(,"emitterTime":)") && eat_epoch_ms(in, out.emitter_ns) &&  //
         eat_merged(in, out.merged_updates) && eat(in, "}");
}

bool eat_event(Cursor& in, ServedEvent& out) {
  out.is_quote = eat(in, R"({"e":"quote")");
  if (out.is_quote) return eat_quote_event(in, out);
  out.emitter_ns = 0;
  out.merged_updates = 0;
  out.ticker.quote.update_id = market::kNoUpdateId;
  if (!eat(in, R"({"u":)")) return false;
  // We write 0 where the source told no id; the exchange never does.
  return (eat(in, "0") || eat_update_id(in, out.ticker.quote.update_id)) &&
         eat_book_ticker_after_id(in, out.ticker);
}

bool eat_array(Cursor& in, std::vector<ServedEvent>& out) {
  do {
    if (!eat_event(in, out.emplace_back())) return false;
  } while (eat(in, ","));
  return eat(in, "]");
}

}  // namespace

bool scan_ticker(std::string_view frame, Ticker& out) {
  Cursor in{frame.data(), frame.data() + frame.size()};
  bool combined = false;
  if (!eat_wrapper(in, combined) || !eat(in, R"({"u":)") || !eat_update_id(in, out.quote.update_id) ||
      !eat_book_ticker_after_id(in, out)) {
    return false;
  }
  if (combined && !eat(in, "}")) return false;
  return in.at == in.end;
}

bool scan_events(std::string_view frame, std::vector<ServedEvent>& out) {
  out.clear();
  Cursor in{frame.data(), frame.data() + frame.size()};
  bool combined = false;
  if (!eat_wrapper(in, combined)) return false;
  if (!(eat(in, "[") ? eat_array(in, out) : eat_event(in, out.emplace_back()))) return false;
  if (combined && !eat(in, "}")) return false;
  return in.at == in.end;
}

std::string_view wrapped_stream(std::string_view frame) {
  Cursor in{frame.data(), frame.data() + frame.size()};
  if (!eat(in, R"({"stream":")")) return {};
  const char* const name = in.at;
  eat_plain(in);
  const std::string_view stream(name, static_cast<std::size_t>(in.at - name));
  return eat(in, R"(","data":)") ? stream : std::string_view();
}

}  // namespace tickcast::wire
