// SPDX-License-Identifier: Apache-2.0
#include "watch/plain_lines.h"

#include <algorithm>
#include <ctime>

#include <fmt/core.h>

#include "base/clock.h"
#include "watch/format.h"
#include "watch/glyphs.h"

namespace tickcast::watch {

std::string moment(std::int64_t wall_ns) {
  const std::time_t seconds = wall_ns / kNsPerSecond;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, wall_ns % kNsPerSecond / kNsPerMs);
}

std::string milliseconds(std::optional<std::int64_t> ns) {
  return ns ? fmt::format("{:.3f}", static_cast<double>(*ns) / static_cast<double>(kNsPerMs)) : kUnknown;
}

std::string quote_line(const wire::ServedEvent& event, std::int64_t received_ns,
                       std::optional<std::int64_t> offset_ns) {
  const market::Quote& quote = event.ticker.quote;
  std::optional<std::int64_t> age_ns;
  if (quote.admitted_ns != 0 && offset_ns)
    age_ns = std::max<std::int64_t>(0, received_ns + *offset_ns - quote.admitted_ns);
  return fmt::format("{} {} {} {} {} {} {} {}", moment(received_ns), printable(event.ticker.symbol),
                     quote.bid_price.text(), quote.bid_quantity.text(), quote.ask_price.text(),
                     quote.ask_quantity.text(), milliseconds(age_ns),
                     event.merged_updates == 0 ? kUnknown : std::to_string(event.merged_updates));
}

std::string summary_line(std::int64_t wall_ns, std::string_view state, std::size_t symbols,
                         const MarketNumbers& numbers) {
  return fmt::format("{} {} symbols={} updates/s={:.0f} events/s={:.0f} bytes/s={:.0f} p50_ms={} p99_ms={}",
                     moment(wall_ns), state, symbols, numbers.updates_per_s, numbers.events_per_s,
                     numbers.bytes_per_s, milliseconds(numbers.age.p50_ns), milliseconds(numbers.age.p99_ns));
}

}  // namespace tickcast::watch
