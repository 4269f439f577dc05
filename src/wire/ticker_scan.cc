// SPDX-License-Identifier: Apache-2.0
//
// scan_ticker: the fast path.
#include "market/symbol_table.h"
#include "wire/scan.h"
#include "wire/ticker.h"

namespace tickcast::wire {
namespace {

constexpr std::size_t kSymbolBytesMax = market::SymbolTable::kNameBytesMax;

}  // namespace

bool scan_ticker(std::string_view frame, Ticker& out) {
  Cursor in{frame.data(), frame.data() + frame.size()};
  const bool combined = eat(in, R"({"stream":")");
  if (combined) {
    eat_plain(in);
    if (!eat(in, R"(","data":)")) return false;
  }
  market::Quote& quote = out.quote;
  if (!eat(in, R"({"u":)") || !eat_update_id(in, quote.update_id) || !eat(in, R"(,"s":")")) return false;
  const char* const symbol = in.at;
  eat_plain(in);
  const auto symbol_bytes = static_cast<std::size_t>(in.at - symbol);
  if (symbol_bytes == 0 || symbol_bytes > kSymbolBytesMax) return false;
  if (!eat(in, R"(","b":")") || !eat_decimal(in, quote.bid_price) ||    //
      !eat(in, R"(,"B":")") || !eat_decimal(in, quote.bid_quantity) ||  //
      !eat(in, R"(,"a":")") || !eat_decimal(in, quote.ask_price) ||     //
      !eat(in, R"(,"A":")") || !eat_decimal(in, quote.ask_quantity) || !eat(in, "}")) {
    return false;
  }
  if (combined && !eat(in, "}")) return false;
  quote.event_ns = quote.received_ns = quote.admitted_ns = 0;
  out.symbol = {symbol, symbol_bytes};
  return in.at == in.end;
}

}  // namespace tickcast::wire
