// SPDX-License-Identifier: Apache-2.0
//
// Strict reading of JSON from outside over simdjson's on-demand parser: every value is looked at, also those
// nobody asked for, so a text is taken whole or refused whole (RFC 8259, UTF-8). Numbers stay tokens: none is
// rounded on the way.
//
// For the .cc files of wire/ alone: it pulls in simdjson. Pure. Thread: the owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <simdjson.h>

namespace tickcast::wire::json {

namespace ondemand = simdjson::ondemand;

inline constexpr int kDepthMax = 64;  // arrays and objects within each other; deeper is refused

// A padded copy of one text at a time and the parser over it. Strings that were read live until the next
// open() or shrink().
class Text {
 public:
  explicit Text(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // False: longer than bytes_max, or not JSON in a way that shows at once.
  bool open(std::string_view text, ondemand::document& out);
  // Gives memory back after a text much longer than usual.
  void shrink();
  // Where in the opened text a token, key or string of it lies.
  std::size_t offset(const char* token) const { return static_cast<std::size_t>(token - copy_.get()); }

 private:
  static constexpr std::size_t kBytesKept = 64 * 1024;

  std::size_t bytes_max_;
  std::unique_ptr<char[]> copy_;
  std::size_t capacity_ = 0;
  ondemand::parser parser_;
};

// The token of a scalar, without the white space after it.
std::string_view token(ondemand::value& value);

// The integer that a number token is to the letter: nothing for 1.0, 1e3, -0, or one that does not fit.
std::optional<std::int64_t> integer(std::string_view token);

// Whether a token is a number of RFC 8259.
bool is_number(std::string_view token);

// Checks a value to its end and lets it go.
bool skip(ondemand::value value, int depth = 0);

// The text of a string, nothing for other types. False: not JSON.
bool read_string(ondemand::value value, std::optional<std::string_view>& out);

// Calls on_member(key, value) for each member; false as soon as that does, or when the text is not JSON.
template <class OnMember>
bool each_member(ondemand::object object, OnMember&& on_member) {
  for (auto next : object) {
    ondemand::field field;
    std::string_view key;
    if (std::move(next).get(field) || field.unescaped_key().get(key)) return false;
    if (!on_member(key, field.value())) return false;
  }
  return true;
}

// The same for an array: on_element(value).
template <class OnElement>
bool each_element(ondemand::array array, OnElement&& on_element) {
  for (auto next : array) {
    ondemand::value element;
    if (std::move(next).get(element) || !on_element(element)) return false;
  }
  return true;
}

// Opens a text that must be one object and nothing more, and goes through its members.
template <class OnMember>
bool read_object(Text& text, std::string_view bytes, OnMember&& on_member) {
  ondemand::document document;
  ondemand::object object;
  return text.open(bytes, document) && !document.get_object().get(object) && each_member(object, on_member) &&
         document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

// The same for one array.
template <class OnElement>
bool read_array(Text& text, std::string_view bytes, OnElement&& on_element) {
  ondemand::document document;
  ondemand::array array;
  return text.open(bytes, document) && !document.get_array().get(array) && each_element(array, on_element) &&
         document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

}  // namespace tickcast::wire::json
