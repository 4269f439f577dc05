// SPDX-License-Identifier: Apache-2.0
#include "wire/json.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tickcast::wire::json {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Steps over one digit or more.
bool digits(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return at != begin;
}

}  // namespace

bool Text::open(std::string_view text, ondemand::document& out) {
  if (text.size() > bytes_max_) return false;
  const std::size_t needed = text.size() + simdjson::SIMDJSON_PADDING;
  if (needed > capacity_) {
    capacity_ = std::max(needed, std::size_t{4096});
    copy_ = std::make_unique<char[]>(capacity_);
  }
  text.copy(copy_.get(), text.size());
  std::memset(copy_.get() + text.size(), ' ', simdjson::SIMDJSON_PADDING);
  return !parser_.iterate(copy_.get(), text.size(), capacity_).get(out);
}

void Text::shrink() {
  if (capacity_ <= kBytesKept) return;
  copy_.reset();
  capacity_ = 0;
  parser_ = ondemand::parser();
}

std::string_view token(ondemand::value& value) {
  std::string_view text = value.raw_json_token();
  const auto last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last + 1);
}

std::optional<std::int64_t> integer(std::string_view token) {
  std::int64_t value = 0;
  const char* const end = token.data() + token.size();
  const auto [stop, error] = std::from_chars(token.data(), end, value);
  if (error != std::errc() || stop != end || !is_number(token) || token == "-0") return std::nullopt;
  return value;
}

bool is_number(std::string_view token) {
  std::size_t at = 0;
  if (at < token.size() && token[at] == '-') ++at;
  const std::size_t integer_begin = at;
  if (!digits(token, at)) return false;
  if (token[integer_begin] == '0' && at - integer_begin > 1) return false;
  if (at < token.size() && token[at] == '.' && !digits(token, ++at)) return false;
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    if (!digits(token, at)) return false;
  }
  return at == token.size();
}

bool skip(ondemand::value value, int depth) {
  if (depth > kDepthMax) return false;
  const auto inner = [depth](ondemand::value member) { return skip(member, depth + 1); };
  ondemand::json_type type{};
  if (value.type().get(type)) return false;
  switch (type) {
    case ondemand::json_type::object: {
      ondemand::object object;
      return !value.get_object().get(object) &&
             each_member(object,
                         [&inner](std::string_view, ondemand::value member) { return inner(member); });
    }
    case ondemand::json_type::array: {
      ondemand::array array;
      return !value.get_array().get(array) && each_element(array, inner);
    }
    case ondemand::json_type::string:
      return !value.get_string().error();
    case ondemand::json_type::number:
      return is_number(token(value));
    case ondemand::json_type::boolean:
      return !value.get_bool().error();
    case ondemand::json_type::null:
      return token(value) == "null";
  }
  return false;
}

bool read_string(ondemand::value value, std::optional<std::string_view>& out) {
  out.reset();
  ondemand::json_type type{};
  if (value.type().get(type)) return false;
  if (type != ondemand::json_type::string) return skip(value);
  std::string_view text;
  if (value.get_string().get(text)) return false;
  out = text;
  return true;
}

}  // namespace tickcast::wire::json
