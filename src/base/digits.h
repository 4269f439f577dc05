// SPDX-License-Identifier: Apache-2.0
//
// Decimal digits eight at a time in one machine word ("SIMD within a register"), both ways: how long a number
// is decides hardly a branch. For the codecs of the data path; cold code has <charconv>. Pure. Thread: any.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tickcast {

static_assert(std::endian::native == std::endian::little,
              "the first character must be the lowest byte of a word");

inline constexpr std::uint64_t kEachByte = 0x0101'0101'0101'0101;
inline constexpr std::uint64_t kEachHighBit = 0x80 * kEachByte;
inline constexpr std::uint64_t kTenTo8 = 100'000'000;

template <class Word>
Word load_word(const char* at) {
  Word out;
  std::memcpy(&out, at, sizeof out);
  return out;
}

// --- reading (inlined always: a call costs as much as the work) ---

// Eight characters less '0' each: 0..9 where they are digits.
[[gnu::always_inline]] inline std::uint64_t digit_values(const char* at) {
  return load_word<std::uint64_t>(at) ^ (std::uint64_t{'0'} * kEachByte);
}

// How many of the first characters are digits: 0..8.
[[gnu::always_inline]] inline std::size_t leading_digits(std::uint64_t values) {
  // A byte that is no digit sets its high bit. It may carry into later bytes, never into earlier ones.
  const std::uint64_t others = ((values + 0x76 * kEachByte) | values) & kEachHighBit;
  return others == 0 ? 8 : static_cast<std::size_t>(std::countr_zero(others)) / 8;
}

// The number that the first `count` characters make. REQUIRES: 1 <= count <= leading_digits(values).
[[gnu::always_inline]] inline std::uint64_t digits_number(std::uint64_t values, std::size_t count) {
  std::uint64_t v = values << (64 - 8 * count);  // the same number with leading zeros
  v = v * 10 + (v >> 8);                         // pairs, then fours, then all eight
  constexpr std::uint64_t kMask = 0x0000'00ff'0000'00ff;
  return ((v & kMask) * 0x000f'4240'0000'0064 + ((v >> 16) & kMask) * 0x0000'2710'0000'0001) >> 32;
}

// --- writing ---

// Writes `number` with leading zeros. REQUIRES: number < kTenTo8, room for 8.
inline char* write_eight_digits(char* out, std::uint64_t number);

// Writes `number`. REQUIRES: room for kNumberRoom, of which what is behind the end is overwritten too.
inline constexpr std::size_t kNumberRoom = 24;
inline char* write_number(char* out, std::uint64_t number);

namespace detail {

// One digit a byte, the first one lowest.
inline std::uint64_t eight_digits(std::uint64_t number) {
  // Two numbers below 10,000, then four below 100, then eight below 10: each division a multiplication in all
  // lanes at once.
  const std::uint64_t fours = number / 10'000 | (number % 10'000) << 32;
  const std::uint64_t hundreds = (fours * 10'486 >> 20) & 0x0000'007f'0000'007f;
  const std::uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
  const std::uint64_t tens = (twos * 103 >> 10) & 0x000f'000f'000f'000f;
  return tens | (twos - 10 * tens) << 8;
}

inline constexpr std::uint64_t kZeros = std::uint64_t{'0'} * kEachByte;

// Without leading zeros; eight bytes are stored all the same.
inline char* write_short_number(char* out, std::uint64_t number) {
  const std::uint64_t digits = eight_digits(number);
  // The highest byte holds the units: it stays also when it is zero.
  const int leading_zeros = std::countr_zero(digits | std::uint64_t{1} << 56) / 8;
  const std::uint64_t text = (digits + kZeros) >> (8 * leading_zeros);
  std::memcpy(out, &text, sizeof text);
  return out + (8 - leading_zeros);
}

}  // namespace detail

inline char* write_eight_digits(char* out, std::uint64_t number) {
  const std::uint64_t text = detail::eight_digits(number) + detail::kZeros;
  std::memcpy(out, &text, sizeof text);
  return out + 8;
}

inline char* write_number(char* out, std::uint64_t number) {
  if (number < kTenTo8) return detail::write_short_number(out, number);
  const std::uint64_t high = number / kTenTo8;
  if (high < kTenTo8) return write_eight_digits(detail::write_short_number(out, high), number % kTenTo8);
  out = detail::write_short_number(out, high / kTenTo8);
  return write_eight_digits(write_eight_digits(out, high % kTenTo8), number % kTenTo8);
}

}  // namespace tickcast
