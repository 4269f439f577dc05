// SPDX-License-Identifier: Apache-2.0
//
// Result<T>: an expected failure as a value. It holds a T or an Error; member names follow std::expected
// (C++23). No exception crosses our functions; a library's is caught in the file that uses it.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace tickcast {

// What went wrong and what to do about it, in words for the person who reads the log.
struct Error {
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  // REQUIRES: has_value()
  T& value() & {
    CHECK(has_value(), "the value of a failed Result was taken");
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    CHECK(has_value(), "the value of a failed Result was taken");
    return *std::get_if<0>(&state_);
  }
  T&& value() && { return std::move(value()); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !has_value()
  const Error& error() const {
    CHECK(!has_value(), "the error of a successful Result was taken");
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

// A Result without a value: `return Done{};` is success.
struct Done {};
using Status = Result<Done>;

}  // namespace tickcast
