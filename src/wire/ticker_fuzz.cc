// SPDX-License-Identifier: Apache-2.0
//
// The fast path against the general one: where scan_ticker says true, simdjson must read the same; and what
// was read is written and read again to the letter. The same for scan_events, one event at a time: the
// general path knows no arrays.
#include "wire/ticker.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "wire/json_fault.h"

namespace {

using tickcast::wire::FrameKind;
using tickcast::wire::Ticker;

void check_same(const Ticker& a, const Ticker& b) {
  CHECK(a.symbol == b.symbol, "the paths read different symbols");
  CHECK(a.quote.update_id == b.quote.update_id, "the paths read different ids");
  CHECK(a.quote.same_values(b.quote), "the paths read different values");
}

void check_round_trip(const Ticker& ticker) {
  char out[tickcast::wire::kBookTickerBytesMax];
  for (const char c : ticker.symbol) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20)
      return;  // came with escapes; no symbol table takes it
  }
  const std::string frame(out, tickcast::wire::write_book_ticker(out, ticker.symbol, ticker.quote));
  tickcast::wire::FrameReader reader;
  CHECK(reader.read(frame) == FrameKind::ticker, "what was written is not read");
  check_same(ticker, reader.ticker());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tickcast::wire::FrameReader reader;
  // Memory of its own size, so that a look past the end is seen.
  const std::unique_ptr<char[]> copy(new char[size]);
  if (size != 0) std::memcpy(copy.get(), data, size);
  const std::string_view frame(copy.get(), size);

  Ticker scanned;
  const bool fast = tickcast::wire::scan_ticker(frame, scanned);
  const FrameKind kind = reader.read_with_simdjson(frame);
  if (kind == FrameKind::ticker) {
    if (fast) check_same(scanned, reader.ticker());
    const std::string symbol(reader.ticker().symbol);
    check_round_trip({symbol, reader.ticker().quote});
  }
  CHECK(kind == FrameKind::malformed || tickcast::wire::json_fault(frame).empty(),
        "what is not JSON was let through");
  CHECK(!fast || kind == FrameKind::ticker, "the fast path took what the general path refuses");

  static std::vector<tickcast::wire::ServedEvent> events;
  if (!tickcast::wire::scan_events(frame, events)) return 0;
  CHECK(!events.empty() && tickcast::wire::json_fault(frame).empty(), "what is not JSON was scanned");
  if (kind == FrameKind::ticker) check_same(events.front().ticker, reader.ticker());
  const bool without_id = events.front().ticker.quote.update_id == tickcast::market::kNoUpdateId;
  CHECK(kind == FrameKind::ticker || without_id || frame.find('[') != frame.npos,
        "the general path refuses a scanned event");
  return 0;
}
