// SPDX-License-Identifier: Apache-2.0
//
// What the fast paths scan with: literals, numbers and plain text, eight bytes at a time, so that how long a
// number or a name is decides hardly a branch. All or nothing: a scanner that meets anything else returns
// false and the general path decides.
//
// For the .cc files of wire/ alone. Pure. Thread: any.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/digits.h"
#include "market/decimal.h"

namespace tickcast::wire {

inline constexpr std::uint64_t kPowersOf10[] = {1,       10,        100,        1'000,      10'000,
                                                100'000, 1'000'000, 10'000'000, 100'000'000};

struct Cursor {
  const char* at;
  const char* end;

  std::size_t left() const { return static_cast<std::size_t>(end - at); }
};

// Literals of at most 16 characters, compared as two words that may overlap: memcmp would be called for some
// lengths.
template <std::size_t N>
[[gnu::always_inline]] inline bool eat(Cursor& in, const char (&literal)[N]) {
  constexpr std::size_t kBytes = N - 1;
  static_assert(kBytes == 1 || kBytes == 2 || (kBytes >= 4 && kBytes <= 16));
  using Word = std::conditional_t<(kBytes >= 8), std::uint64_t,
                                  std::conditional_t<(kBytes >= 4), std::uint32_t, char>>;
  constexpr std::size_t kLast = kBytes - sizeof(Word);
  if (in.left() < kBytes || load_word<Word>(in.at) != load_word<Word>(literal) ||
      load_word<Word>(in.at + kLast) != load_word<Word>(literal + kLast)) {
    return false;
  }
  in.at += kBytes;
  return true;
}

// A positive integer of at most 16 digits. Longer ones are left to the general path, which knows what
// overflow is.
[[gnu::always_inline]] inline bool eat_update_id(Cursor& in, std::int64_t& out) {
  if (in.left() < 16 || *in.at == '0') return false;
  const std::uint64_t first = digit_values(in.at);
  std::size_t count = leading_digits(first);
  if (count == 0) return false;
  std::uint64_t value = digits_number(first, count);
  if (count == 8) {
    const std::uint64_t second = digit_values(in.at + 8);
    const std::size_t more = leading_digits(second);
    if (more != 0) value = value * kPowersOf10[more] + digits_number(second, more);
    count += more;
  }
  out = static_cast<std::int64_t>(value);
  in.at += count;
  return true;
}

// To the first byte that a JSON string cannot hold as it is: a quote, a backslash, a control character; or
// that is not ASCII.
[[gnu::always_inline]] inline void eat_plain(Cursor& in) {
  constexpr std::uint64_t kQuotes = static_cast<std::uint64_t>('"') * kEachByte;
  constexpr std::uint64_t kBackslashes = static_cast<std::uint64_t>('\\') * kEachByte;
  while (in.left() >= 8) {
    const std::uint64_t w = load_word<std::uint64_t>(in.at);
    const std::uint64_t quote = ((w ^ kQuotes) - kEachByte) & ~(w ^ kQuotes);
    const std::uint64_t backslash = ((w ^ kBackslashes) - kEachByte) & ~(w ^ kBackslashes);
    const std::uint64_t control = (w - 0x20 * kEachByte) & ~w;
    const std::uint64_t special = (quote | backslash | control | w) & kEachHighBit;
    if (special != 0) {
      in.at += std::countr_zero(special) / 8;  // borrows reach later bytes alone, so the first is right
      return;
    }
    in.at += 8;
  }
  while (in.left() != 0) {
    const auto c = static_cast<unsigned char>(*in.at);
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') return;
    ++in.at;
  }
}

// A decimal of any form and the quote after it; returns what follows, or null.
[[gnu::noinline, gnu::cold]] inline const char* other_decimal(const char* at, const char* end,
                                                              market::Decimal& out) {
  const std::size_t longest =
      std::min(static_cast<std::size_t>(end - at), market::Decimal::kTextBytesMax + 1);
  const auto* const quote = static_cast<const char*>(std::memchr(at, '"', longest));
  if (quote == nullptr) return nullptr;
  const auto parsed = market::Decimal::parse({at, static_cast<std::size_t>(quote - at)});
  if (!parsed) return nullptr;
  out = *parsed;
  return quote + 1;
}

// A decimal and the quote after it. What Binance Spot sends has at most eight digits, a point, and eight
// digits more.
[[gnu::always_inline]] inline bool eat_decimal(Cursor& in, market::Decimal& out) {
  if (in.left() >= 8) {
    const std::uint64_t whole = digit_values(in.at);
    const std::size_t count = leading_digits(whole);
    if (count != 0 && in.left() >= count + 10 && in.at[count] == '.' && !(in.at[0] == '0' && count > 1)) {
      const std::uint64_t fraction = digit_values(in.at + count + 1);
      if (leading_digits(fraction) == 8 && in.at[count + 9] == '"') {
        out.mantissa =
            static_cast<std::int64_t>(digits_number(whole, count) * kTenTo8 + digits_number(fraction, 8));
        out.exponent = -8;
        in.at += count + 10;
        return true;
      }
    }
  }
  const char* const next = other_decimal(in.at, in.end, out);
  if (next != nullptr) in.at = next;
  return next != nullptr;
}

}  // namespace tickcast::wire
