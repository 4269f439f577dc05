// SPDX-License-Identifier: Apache-2.0
#include "plan/demand.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/core.h>

#include "wire/sbe_best_bid_ask.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

namespace tickcast::plan {
namespace {

// An event of the market's mean size: docs/protocol.md has 170 kB of bookTicker and 330 kB of quote for 1,400
// symbols.
double bytes_of_event(wire::Channel channel) {
  constexpr std::string_view kSymbol = "SYMBOLUSDT";
  market::Quote quote;
  quote.bid_price = *market::Decimal::parse("0.35190000");
  quote.bid_quantity = *market::Decimal::parse("131021021.21000000");
  quote.ask_price = *market::Decimal::parse("0.35210000");
  quote.ask_quantity = *market::Decimal::parse("214066066.66000000");
  quote.update_id = 40'090'021'700;
  quote.admitted_ns = 1'732'320'000'123'456'000;
  char out[wire::kQuoteEventBytesMax];
  char* end = out;
  if (channel == wire::Channel::book_ticker) end = wire::write_book_ticker(out, kSymbol, quote);
  if (channel == wire::Channel::best_bid_ask) end = wire::write_best_bid_ask(out, kSymbol, quote);
  if (channel == wire::Channel::quote)
    end = wire::write_quote_event(out, kSymbol, quote, quote.admitted_ns, 1);
  return static_cast<double>(end - out);
}

double header_bytes(double payload) {
  return static_cast<double>(wire::frame_header_bytes(static_cast<std::size_t>(payload)));
}

// Sends to a user, and events in all of them, a second.
struct Rates {
  double sends = 0;
  double events = 0;
};

Rates rates(const Demand& demand) {
  const double symbols = demand.symbols;
  const double flushes = symbols * demand.flushes_per_s();
  if (demand.pace_ms == 0) return {flushes, flushes};
  const double period_s = demand.pace_ms / 1e3;
  if (demand.array) {
    const Gate all = gate(flushes * period_s);
    const double sends = (all.at_once + all.at_end) / period_s;
    return {sends, sends * symbols * -std::expm1(-demand.flushes_per_s() / sends)};
  }
  const Gate each = gate(demand.flushes_per_s() * period_s);
  const double end_has_any = 1 - std::pow(1 - each.at_end, symbols);
  return {(symbols * each.at_once + end_has_any) / period_s,
          symbols * (each.at_once + each.at_end) / period_s};
}

double array_bytes(const Demand& demand, double events, double event_bytes) {
  const double text = events * event_bytes + 1;  // commas between them, brackets around
  const bool compressed = demand.compressed && text >= kCompressedFromBytes;
  const double payload = compressed ? text / kArrayCompression : text;
  return payload + header_bytes(payload);
}

}  // namespace

Gate gate(double mean) {
  const double any = -std::expm1(-mean);
  const double several = any - mean * std::exp(-mean);
  if (several <= 0) return {any, 0};
  // The share of periods that begin with one that was held: any one in such a period is held again, in
  // another one the first passes and a second is held.
  const double held = several / (1 - any + several);
  return {(1 - held) * any, held};
}

double Traffic::wire_bytes() const { return payload_bytes + tls_bytes + packets * kHeadersBytes; }

Traffic traffic(const Demand& demand) {
  const Rates rate = rates(demand);
  Traffic out;
  out.sends_per_s = rate.sends;
  out.events_per_send = rate.events / rate.sends;
  const double event = bytes_of_event(demand.channel);
  out.event_bytes = event + (demand.array ? 1 : header_bytes(event));
  out.payload_bytes = demand.array ? array_bytes(demand, out.events_per_send, out.event_bytes)
                                   : out.events_per_send * out.event_bytes;
  if (demand.tls) out.tls_bytes = kRecordBytes * std::ceil(out.payload_bytes / kRecordPayloadMax);
  out.packets = std::ceil((out.payload_bytes + out.tls_bytes) / kSegmentBytes);
  return out;
}

Status check(const Demand& demand) {
  const bool known_pace =
      demand.pace_ms == 0 || std::ranges::find(wire::kPacesMs, demand.pace_ms) != std::end(wire::kPacesMs);
  if (!known_pace) return Error{"--pace is one of 100ms, 250ms, 500ms, 1000ms, 3000ms, or none"};
  if (demand.array && demand.channel == wire::Channel::best_bid_ask)
    return Error{"bestBidAsk has no arrays: take another --encoding, or leave --array out"};
  if (demand.symbols * demand.updates_per_s > kMarketUpdatesMax)
    return Error{fmt::format("--symbols x --updates is more than {} updates/s, which no market has",
                             kMarketUpdatesMax)};
  return Done{};
}

std::string streams_text(const Demand& demand) {
  std::string text = demand.array ? fmt::format("!{}@arr", wire::channel_name(demand.channel))
                                  : fmt::format("{}@{}", demand.symbols, wire::channel_name(demand.channel));
  if (demand.pace_ms != 0) text += fmt::format("@{}ms", demand.pace_ms);
  return text;
}

}  // namespace tickcast::plan
