// SPDX-License-Identifier: Apache-2.0
//
// REST bodies and recording lines of any bytes: read or refused; what was read is written and read again.
#include "wire/rest.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/recording.h"

namespace wire = tickcast::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto listings = wire::parse_exchange_info(text)) {
    std::vector<tickcast::market::Listing> kept;
    for (const auto& listing : *listings) {
      if (listing.status != tickcast::market::kGone) kept.push_back(listing);
    }
    const auto again = wire::parse_exchange_info(wire::exchange_info(kept, 1));
    CHECK(again && again->size() == kept.size(), "the exchangeInfo that was written is not read");
    for (std::size_t i = 0; i < kept.size(); ++i) {
      CHECK((*again)[i].symbol == kept[i].symbol && (*again)[i].status == kept[i].status,
            "a listing changed");
      CHECK((*again)[i].tick_size == kept[i].tick_size && (*again)[i].step_size == kept[i].step_size,
            "a grid changed");
    }
  }
  if (const auto tickers = wire::parse_rest_tickers(text)) {
    for (const auto& ticker : *tickers) {
      const auto again = wire::parse_rest_tickers(wire::rest_ticker(ticker.symbol, ticker.quote));
      CHECK(again && again->size() == 1 && again->front().quote.same_values(ticker.quote),
            "a ticker changed");
    }
  }
  (void)wire::parse_symbols_parameter(text);
  const auto recorded = wire::parse_recording_line(text);
  // Other frames than JSON may begin like the mark of a venue; they are nobody's.
  if (recorded && (recorded->frame.front() == '{' || recorded->frame.front() == '[')) {
    std::string line;
    wire::append_recording_line(line, recorded->received_ns, recorded->frame);
    const auto again = wire::parse_recording_line(line);
    CHECK(
        again && again->received_ns == recorded->received_ns && again->frame.size() == recorded->frame.size(),
        "a recorded line changed");
  }
  return 0;
}
