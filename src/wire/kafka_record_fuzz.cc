// SPDX-License-Identifier: Apache-2.0
//
// The fast path against the general one: where scan_record says true, simdjson must read the same; and what
// was read is written and read again to the letter.
#include "wire/kafka_record.h"

#include <cstring>
#include <memory>
#include <string>

#include "base/check.h"

namespace wire = tickcast::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static wire::RecordReader reader;
  // Memory of its own size, so that a look past the end is seen.
  const std::unique_ptr<char[]> copy(new char[size]);
  if (size != 0) std::memcpy(copy.get(), data, size);
  const std::string_view value(copy.get(), size);

  tickcast::market::Quote scanned;
  const bool fast = wire::scan_record(value, scanned);
  const bool read = reader.read_with_simdjson(value) == wire::RecordKind::quote;
  CHECK(!fast || read, "the fast path took what the general path refuses");
  if (!read) return 0;
  const tickcast::market::Quote quote = reader.quote();
  if (fast) {
    CHECK(scanned.same_values(quote) && scanned.update_id == quote.update_id &&
              scanned.admitted_ns == quote.admitted_ns,
          "the paths read different quotes");
  }
  char out[wire::kRecordBytesMax];
  const std::string again(out, wire::write_record(out, quote));
  CHECK(reader.read(again) == wire::RecordKind::quote, "what was written is not read");
  CHECK(reader.quote().same_values(quote) && reader.quote().update_id == quote.update_id,
        "a quote changed on its way");
  return 0;
}
