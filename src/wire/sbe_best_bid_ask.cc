// SPDX-License-Identifier: Apache-2.0
#include "wire/sbe_best_bid_ask.h"

#include <cstdint>
#include <optional>

#include "base/check.h"

namespace tickcast::wire {
namespace {

using market::Decimal;

constexpr std::uint16_t kBlockBytes = 50;
constexpr std::uint16_t kTemplate = 10001;
constexpr std::uint16_t kSchema = 1;
constexpr std::uint16_t kVersion = 0;

template <class T>
char* put(char* out, T value) {
  auto bits = static_cast<std::uint64_t>(value);
  for (std::size_t i = 0; i < sizeof value; ++i, bits >>= 8) *out++ = static_cast<char>(bits & 0xff);
  return out;
}

struct Pair {
  std::int64_t bid = 0;
  std::int64_t ask = 0;
  std::int8_t exponent = 0;
};

// False when it does not fit; the decimal is as it was then.
bool lower_exponent(Decimal& decimal, std::int8_t exponent) {
  std::int64_t mantissa = decimal.mantissa;
  for (int digits = decimal.exponent - exponent; digits > 0; --digits) {
    if (__builtin_mul_overflow(mantissa, std::int64_t{10}, &mantissa)) return false;
  }
  decimal = {mantissa, exponent};
  return true;
}

std::optional<Pair> on_common_exponent(Decimal bid, Decimal ask) {
  Decimal& fine = bid.exponent < ask.exponent ? bid : ask;
  Decimal& coarse = bid.exponent < ask.exponent ? ask : bid;
  while (!lower_exponent(coarse, fine.exponent)) {
    if (fine.mantissa % 10 != 0) return std::nullopt;
    fine.mantissa /= 10;
    ++fine.exponent;
  }
  return Pair{bid.mantissa, ask.mantissa, fine.exponent};
}

}  // namespace

char* write_best_bid_ask(char* out, std::string_view symbol, const market::Quote& quote) {
  CHECK(symbol.size() <= market::SymbolTable::kNameBytesMax, "a symbol's name is longer than any may be");
  const auto prices = on_common_exponent(quote.bid_price, quote.ask_price);
  const auto quantities = on_common_exponent(quote.bid_quantity, quote.ask_quantity);
  if (!prices || !quantities) return nullptr;
  out = put(out, kBlockBytes);
  out = put(out, kTemplate);
  out = put(out, kSchema);
  out = put(out, kVersion);
  out = put(out, (quote.event_ns != 0 ? quote.event_ns : quote.admitted_ns) / 1000);
  out = put(out, quote.update_id);
  out = put(out, prices->exponent);
  out = put(out, quantities->exponent);
  out = put(out, prices->bid);
  out = put(out, quantities->bid);
  out = put(out, prices->ask);
  out = put(out, quantities->ask);
  out = put(out, static_cast<std::uint8_t>(symbol.size()));
  return out + symbol.copy(out, symbol.size());
}

}  // namespace tickcast::wire
