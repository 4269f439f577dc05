// SPDX-License-Identifier: Apache-2.0
//
// Book tickers as JSON: what the exchange sends, and what we send in the same shapes. Key order and spelling
// are the exchange's:
//
//   raw {"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}
//   combined  {"stream":"bnbusdt@bookTicker","data":<raw>}
//   quote (`u` is left out where the source told none)
//   {"e":"quote","s":"BNBUSDT","u":400900217,"bid":"25.35190000","bids":"31.21000000","ask":"25.36520000",
//              "asks":"40.66000000","producerTime":1732320000123.456,"emitterTime":1732320000123.789,"n":3}
//
// Pure. Prices and quantities are exact: what does not fit is refused, never rounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "market/quote.h"

namespace tickcast::wire {

// One book ticker as read. `symbol` points into the frame (or into the reader, when the frame spelt it with
// escapes).
struct Ticker {
  std::string_view symbol;  // upper case, as the exchange spells it
  market::Quote quote;      // id and decimals; the times are the caller's
};

// The fast path: the raw or combined shape to the letter, in one pass without allocation. False: some other
// shape, or nothing to trust; FrameReader::read then decides what it is. Never true for a frame that
// FrameReader would read differently.
bool scan_ticker(std::string_view frame, Ticker& out);

// One event as a client of ours takes it in. What a quote event says beyond the exchange's own is 0 in a book
// ticker.
struct ServedEvent {
  Ticker ticker;          // of a quote event with its producerTime: quote.admitted_ns
  bool is_quote = false;  // a quote event, which has times
  std::int64_t emitter_ns = 0;
  std::uint64_t merged_updates = 0;  // `n`; 0: not told
};

// The same for all we send, an id of 0 (none) too, one event or an array, wrapped or not: a frame is taken as
// a whole or not at all, and only to the letter. `out` keeps its memory from frame to frame.
bool scan_events(std::string_view frame, std::vector<ServedEvent>& out);

// The stream that a wrapped frame names; empty when it is not wrapped, or names one that is not plain ASCII.
// Says nothing of the rest of the frame.
std::string_view wrapped_stream(std::string_view frame);

// What a text frame from an exchange is.
enum class FrameKind : std::uint8_t {
  ticker,
  reply,            // the answer to a control message: acknowledgement, list or error
  server_shutdown,  // {"e":"serverShutdown",...}, raw or wrapped
  other,            // well-formed JSON of a kind we do not know: counted, ignored
  malformed,        // no JSON object or array, over 16 MiB or 64 levels deep, or a ticker with a missing or
                    // mistyped field
  unrepresentable,  // a ticker whose numbers do not fit exactly
};

// The answer to a control message. A success has error_code 0 and no message.
struct Reply {
  std::optional<std::int64_t> id;  // when it came back as an integer: all ids we send are
  bool is_error = false;
  int error_code = 0;
  std::string error_message;
};

// Reads any frame of an exchange: the fast path first, simdjson for the rest. A book ticker is known by its
// keys, since the spot exchange gives it no type; of a key that comes twice the last counts. Holds the
// parser's memory, so one per thread of use.
class FrameReader {
 public:
  FrameReader();
  ~FrameReader();

  FrameKind read(std::string_view frame);
  // By the general path alone: the oracle of scan_ticker's tests.
  FrameKind read_with_simdjson(std::string_view frame);

  const Ticker& ticker() const {
    return ticker_;
  }  // after FrameKind::ticker, while the frame lives and until the next read
  const Reply& reply() const { return reply_; }  // after FrameKind::reply

 private:
  struct Json;

  std::unique_ptr<Json> json_;
  Ticker ticker_;
  Reply reply_;
};

// --- writing ---

// Room that each writer needs at most.
inline constexpr std::size_t kBookTickerBytesMax = 256;
inline constexpr std::size_t kQuoteEventBytesMax = 384;
inline constexpr std::size_t kCombinedPrefixBytesMax = 128;

// The raw event; returns the end.
char* write_book_ticker(char* out, std::string_view symbol, const market::Quote& quote);

// The quote event; `merged_updates` 0 leaves `n` out. producerTime is quote.admitted_ns.
char* write_quote_event(char* out, std::string_view symbol, const market::Quote& quote,
                        std::int64_t emitter_ns, std::uint64_t merged_updates);

// `{"stream":"<lower>@<channel>","data":` : what a combined event has before the raw one; after it comes '}'.
char* write_combined_prefix(char* out, std::string_view lower_case_symbol, std::string_view channel);

// Epoch milliseconds with a fraction of three digits, as JavaScript reads it: 1732320000123.456. Needs
// room for 28 bytes.
char* write_epoch_ms(char* out, std::int64_t epoch_ns);

// {"e":"serverShutdown","E":<ms>}, wrapped as {"stream":"!serverShutdown","data":…} when `combined`.
std::string server_shutdown_event(std::int64_t epoch_ns, bool combined);

}  // namespace tickcast::wire
