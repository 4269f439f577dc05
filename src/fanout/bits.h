// SPDX-License-Identifier: Apache-2.0
//
// Bits: a set of small numbers: which lists have a symbol, which lists are due. Grows with the largest number
// put in, by a quarter. Thread: its owner's.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace tickcast::fanout {

class Bits {
 public:
  static constexpr std::size_t kNone = ~std::size_t{0};

  bool has(std::size_t number) const {
    return number / 64 < words_.size() && (words_[number / 64] >> number % 64 & 1) != 0;
  }
  void set(std::size_t number) {
    if (number / 64 >= words_.size()) grow(number / 64 + 1);
    words_[number / 64] |= std::uint64_t{1} << number % 64;
  }
  void reset(std::size_t number) {
    if (has(number)) words_[number / 64] &= ~(std::uint64_t{1} << number % 64);
  }
  void set_all(const Bits& of) {
    if (of.words_.size() > words_.size()) grow(of.words_.size());
    for (std::size_t i = 0; i < of.words_.size(); ++i) words_[i] |= of.words_[i];
  }
  // The first number in the set from `from` on; kNone: there is none.
  std::size_t first(std::size_t from) const {
    for (std::size_t i = from / 64; i < words_.size(); ++i) {
      const std::uint64_t word = i == from / 64 ? words_[i] >> from % 64 << from % 64 : words_[i];
      if (word != 0) return i * 64 + static_cast<std::size_t>(std::countr_zero(word));
    }
    return kNone;
  }

 private:
  void grow(std::size_t words) {
    if (words > words_.capacity()) words_.reserve(words + words / 4);
    words_.resize(words);
  }

  std::vector<std::uint64_t> words_;
};

}  // namespace tickcast::fanout
