// SPDX-License-Identifier: Apache-2.0
//
// The value of a record in the topic (its key is the symbol in upper case, UTF-8):
//
//   {"bid":"25.35190000","bids":"31.21000000","ask":"25.36520000","asks":"40.66000000",
//    "producerTime":1732320000123.456,"u":400900217}
//
// in this order and without spaces, as existing consumers know it: docs/protocol.md, "Kafka record". Readers
// take any JSON object that has the first four: other producers leave `u` or producerTime out, write
// producerTime as an integer, use another order, and add members of their own.
//
// Pure. Prices and quantities are exact: what does not fit is refused, never rounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "market/quote.h"

namespace tickcast::wire {

// What a value is.
enum class RecordKind : std::uint8_t {
  quote,
  unreadable,       // no JSON object, over 64 KiB, or one of the first four is missing or no decimal string
  unrepresentable,  // numbers that do not fit exactly
};

// The fast path: what write_record() writes, to the letter. False: some other shape, or nothing to trust.
// Never true for a value that RecordReader would read differently.
bool scan_record(std::string_view value, market::Quote& out);

// Reads any value: the fast path first, simdjson for the rest. Holds the parser's memory, so one per thread
// of use.
class RecordReader {
 public:
  RecordReader();
  ~RecordReader();

  RecordKind read(std::string_view value);
  // By the general path alone: the oracle of scan_record's tests.
  RecordKind read_with_simdjson(std::string_view value);

  // After RecordKind::quote. producerTime is admitted_ns, 0 when it was left out or is no number of epoch
  // milliseconds; update_id is kNoUpdateId when it was left out or null.
  const market::Quote& quote() const { return quote_; }

 private:
  struct Json;
  std::unique_ptr<Json> json_;
  market::Quote quote_;
};

inline constexpr std::size_t kRecordBytesMax = 224;  // room that write_record() needs at most

// Returns the end. `u` is left out when the quote has no id.
char* write_record(char* out, const market::Quote& quote);

}  // namespace tickcast::wire
