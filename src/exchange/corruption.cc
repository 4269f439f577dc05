// SPDX-License-Identifier: Apache-2.0
#include "exchange/corruption.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/check.h"
#include "base/json_text.h"

namespace tickcast::exchange {
namespace {

constexpr std::size_t kFragmentBytes = 16;

std::string frame_of(std::string_view payload) {
  std::string frame;
  frame.reserve(wire::kFrameHeaderBytesMax + payload.size());
  wire::append_frame(frame, wire::Role::server, wire::Opcode::text, payload, 0);
  return frame;
}

std::string wrapped(std::string_view stream, std::string_view data) {
  return fmt::format(R"({{"stream":{},"data":{}}})", json_string(stream), data);
}

// The payload that a connection in this mode gets for `raw`.
std::string in_mode(const EventFrames& event, bool combined, std::string raw) {
  return combined ? wrapped(fmt::format("{}@bookTicker", event.stream_symbol()), raw) : raw;
}

// An event's six values as JSON text, to be bent one at a time.
struct Texts {
  std::string u, s, b, B, a, A;

  explicit Texts(const EventFrames& event)
      : u(std::to_string(event.quote().update_id)),
        s(json_string(event.name())),
        b(quoted(event.quote().bid_price)),
        B(quoted(event.quote().bid_quantity)),
        a(quoted(event.quote().ask_price)),
        A(quoted(event.quote().ask_quantity)) {}

  std::string json(std::string_view in_front = "", std::string_view between = "",
                   std::string_view behind = "") const {
    return fmt::format(R"({{{}"u":{},"s":{},"b":{},"B":{},{}"a":{},"A":{}{}}})", in_front, u, s, b, B,
                       between, a, A, behind);
  }

  static std::string quoted(const market::Decimal& decimal) { return fmt::format("\"{}\"", decimal.text()); }
};

std::string malformed(EventFrames& event, bool combined, std::uint64_t turn) {
  Texts texts(event);
  switch (turn % 7) {
    case 0: {
      const std::string_view whole = event.payload(combined);
      return std::string(whole.substr(0, whole.size() * 2 / 3));
    }
    case 1:
      return "upstream request timeout";
    case 2:
      return in_mode(event, combined,
                     fmt::format(R"({{"u":{},"s":{},"b":{},"B":{},"A":{}}})", texts.u, texts.s, texts.b,
                                 texts.B, texts.A));
    case 3:
      texts.b = "null";
      return in_mode(event, combined, texts.json());
    case 4:
      texts.u = "\"new\"";
      return in_mode(event, combined, texts.json());
    case 5:
      return "";
    default:
      texts.s = "[7]";
      return in_mode(event, combined, texts.json());
  }
}

std::string unrepresentable(const EventFrames& event, bool combined, std::uint64_t turn) {
  Texts texts(event);
  switch (turn % 5) {
    case 0:
      texts.b = R"("123456789012345678901234567890.12345678")";
      break;
    case 1:
      texts.A = R"("1e5")";
      break;
    case 2:
      texts.B = R"("-1.00000000")";
      break;
    case 3:
      texts.u = "99999999999999999999";
      break;
    default:
      texts.a = R"("0.1234567890123456789012345")";
      break;
  }
  return in_mode(event, combined, texts.json());
}

// Nested keys of the same names are a trap for whoever searches instead of parsing.
std::string extra_keys(const EventFrames& event, bool combined, std::uint64_t turn) {
  const Texts texts(event);
  constexpr std::string_view kTrap = R"("x":{"u":1,"s":"NONE","b":"0.1","list":[1,{"A":"2"},null]})";
  switch (turn % 4) {
    case 0:
      return in_mode(event, combined, texts.json(fmt::format("{},", kTrap)));
    case 1:
      return in_mode(event, combined, texts.json("", fmt::format("{},", kTrap)));
    case 2:
      return in_mode(event, combined, texts.json("", "", fmt::format(",{}", kTrap)));
    default:
      return in_mode(event, combined,
                     texts.json(R"("e":"bookTicker",)", R"("T":1770123456789,)", R"(,"st":1)"));
  }
}

std::string huge(const EventFrames& event, bool combined, std::size_t bytes) {
  constexpr std::string_view kPad = R"("pad":"",)";
  std::string payload = in_mode(event, combined, Texts(event).json(kPad));
  if (bytes > payload.size())
    payload.insert(payload.find(kPad) + kPad.size() - 2, bytes - payload.size(), 'x');
  return payload;
}

// The same symbol with other quantities: what a client must not take over the true one.
std::string with_id(const EventFrames& event, bool combined, std::int64_t id) {
  EventFrames other;
  market::Quote quote = event.quote();
  quote.update_id = id;
  for (market::Decimal* quantity : {&quote.bid_quantity, &quote.ask_quantity}) {
    quantity->mantissa += quantity->mantissa < 1'000'000'000'000 ? 1 : -1;
  }
  other.set(event.symbol(), event.name(), event.stream_symbol(), quote);
  return std::string(other.frame(combined));
}

std::string unknown_event(const EventFrames& event, bool combined, std::uint64_t turn, std::int64_t now_ms) {
  const std::string data =
      fmt::format(R"({{"e":"tradingNote","E":{},"s":{},"n":{{"text":"é","more":[true,1.5e3]}}}})", now_ms,
                  json_string(event.name()));
  if (!combined) return data;
  return turn % 2 == 0 ? in_mode(event, combined, data) : wrapped("!tradingNote", data);
}

// Fragments of a few bytes, so that characters are cut as well; between them pings, and once an empty
// fragment.
Corruption fragments(std::string_view payload) {
  Corruption out;
  bool first = true;
  while (!payload.empty()) {
    const std::string_view piece = payload.substr(0, std::min(kFragmentBytes, payload.size()));
    payload.remove_prefix(piece.size());
    wire::append_frame(out.bytes, wire::Role::server, first ? wire::Opcode::text : wire::Opcode::continuation,
                       piece, 0, payload.empty());
    if (first) wire::append_frame(out.bytes, wire::Role::server, wire::Opcode::continuation, "", 0, false);
    first = false;
    if (payload.empty() || out.pings >= 3) continue;
    wire::append_frame(out.bytes, wire::Role::server, wire::Opcode::ping, "between", 0);
    ++out.pings;
  }
  return out;
}

std::string bad_utf8(EventFrames& event, bool combined) {
  std::string payload(event.payload(combined));
  const auto at = payload.find("\"s\":\"");
  payload[at + 5] = '\xff';
  return payload;
}

}  // namespace

Corruption corrupt(const Fault& fault, EventFrames& event, bool combined, std::uint64_t turn,
                   std::int64_t now_ms) {
  const std::string_view frame = event.frame(combined);
  const auto behind = [&frame](const std::string& extra) {
    return Corruption{.bytes = std::string(frame) + extra};
  };
  switch (fault.kind) {
    case FaultKind::malformed:
      return {.bytes = frame_of(malformed(event, combined, turn))};
    case FaultKind::bad_utf8:
      return {.bytes = frame_of(bad_utf8(event, combined))};
    case FaultKind::unrepresentable:
      return {.bytes = frame_of(unrepresentable(event, combined, turn))};
    case FaultKind::truncate:
      return {.bytes = std::string(frame.substr(0, frame.size() / 2)), .then_drop = true};
    case FaultKind::torn:
      return {.bytes = std::string(frame), .byte_by_byte = true};
    case FaultKind::fragments:
      return fragments(event.payload(combined));
    case FaultKind::extra_keys:
      return {.bytes = frame_of(extra_keys(event, combined, turn))};
    case FaultKind::huge:
      return {.bytes = frame_of(huge(event, combined, fault.bytes))};
    case FaultKind::duplicate_id:
      return behind(std::string(frame) + with_id(event, combined, event.quote().update_id));
    case FaultKind::older_id:
      return behind(with_id(event, combined, event.quote().update_id - 1));
    case FaultKind::unknown_event:
      return behind(frame_of(unknown_event(event, combined, turn, now_ms)));
    default:
      break;
  }
  CHECK(false, "a fault that does not change events was asked to");
  return {};
}

}  // namespace tickcast::exchange
