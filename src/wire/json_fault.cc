// SPDX-License-Identifier: Apache-2.0
#include "wire/json_fault.h"

#include <algorithm>

#include <fmt/core.h>

namespace tickcast::wire {
namespace {

constexpr int kDepthMax = 128;  // serde_json's
constexpr char kEnd = '\0';     // what next() and peek() give after the last byte

// Reads one text; the first fault stops it. Functions return false once there is a fault.
class FaultFinder {
 public:
  explicit FaultFinder(std::string_view text) : text_(text) {}

  std::string find() {
    if (value(0)) {
      skip_space();
      if (!at_end()) fault_here("trailing characters");
    }
    return fault_;
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? kEnd : text_[at_]; }
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  // A fault in what was consumed.
  bool fault_before(std::string_view what) {
    fault_ = fmt::format("{} {}", what, json_position(text_, at_));
    return false;
  }
  // A fault in the byte that comes next, which counts as seen.
  bool fault_here(std::string_view what) {
    fault_ = fmt::format("{} {}", what, json_position(text_, std::min(at_ + 1, text_.size())));
    return false;
  }

  bool value(int depth) {
    skip_space();
    if (at_end()) return fault_here("EOF while parsing a value");
    switch (peek()) {
      case 'n':
        return word("null");
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case '"':
        return string();
      case '[':
      case '{':
        if (depth + 1 >= kDepthMax) return fault_here("recursion limit exceeded");
        return peek() == '[' ? list(depth + 1) : object(depth + 1);
      default:
        return peek() == '-' || is_digit(peek()) ? number() : fault_here("expected value");
    }
  }

  bool word(std::string_view expected) {
    for (const char c : expected) {
      if (at_end()) return fault_before("EOF while parsing a value");
      if (text_[at_++] != c) return fault_before("expected ident");
    }
    return true;
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  bool number() {
    if (peek() == '-') ++at_;
    if (at_end()) return fault_before("EOF while parsing a value");
    const char first = text_[at_++];
    if (!is_digit(first)) return fault_before("invalid number");
    if (first == '0' && is_digit(peek())) return fault_here("invalid number");
    while (is_digit(peek())) ++at_;
    if (peek() == '.') {
      ++at_;
      if (at_end()) return fault_here("EOF while parsing a value");
      if (!is_digit(peek())) return fault_here("invalid number");
      while (is_digit(peek())) ++at_;
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (at_end()) return fault_before("EOF while parsing a value");
      if (!is_digit(text_[at_++])) return fault_before("invalid number");
      while (is_digit(peek())) ++at_;
    }
    return true;
  }

  bool string() {
    for (++at_;;) {
      if (at_end()) return fault_before("EOF while parsing a string");
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) {
        return fault_before("control character (\\u0000-\\u001F) found while parsing a string");
      }
      if (c == '\\' && !escape()) return false;
    }
  }

  bool escape() {
    if (at_end()) return fault_before("EOF while parsing a string");
    const char c = text_[at_++];
    if (c != 'u')
      return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos ||
             fault_before("invalid escape");
    unsigned unit = 0;
    if (!hex(unit)) return false;
    if (unit >= 0xdc00 && unit <= 0xdfff) return fault_before("lone leading surrogate in hex escape");
    if (unit < 0xd800 || unit > 0xdbff) return true;
    for (const char expected : std::string_view("\\u")) {
      if (at_end()) return fault_before("EOF while parsing a string");
      if (text_[at_++] != expected) return fault_before("unexpected end of hex escape");
    }
    if (!hex(unit)) return false;
    return (unit >= 0xdc00 && unit <= 0xdfff) || fault_before("lone leading surrogate in hex escape");
  }

  bool hex(unsigned& out) {
    if (text_.size() - at_ < 4) {
      at_ = text_.size();
      return fault_before("EOF while parsing a string");
    }
    out = 0;
    bool good = true;
    for (const char c : text_.substr(at_, 4)) {
      const std::size_t digit =
          std::string_view("0123456789abcdef").find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
      good = good && digit != std::string_view::npos;
      out = out * 16 + static_cast<unsigned>(digit & 15);
    }
    at_ += 4;
    return good || fault_before("invalid escape");
  }

  bool list(int depth) {
    ++at_;
    for (bool first = true;; first = false) {
      skip_space();
      if (at_end()) return fault_here("EOF while parsing a list");
      if (peek() == ']') return ++at_, true;
      if (!first) {
        if (peek() != ',') return fault_here("expected `,` or `]`");
        ++at_;
        skip_space();
        if (at_end()) return fault_here("EOF while parsing a value");
        if (peek() == ']') return fault_here("trailing comma");
      }
      if (!value(depth)) return false;
    }
  }

  bool object(int depth) {
    ++at_;
    for (bool first = true;; first = false) {
      skip_space();
      if (at_end()) return fault_here("EOF while parsing an object");
      if (peek() == '}') return ++at_, true;
      if (!first) {
        if (peek() != ',') return fault_here("expected `,` or `}`");
        ++at_;
        skip_space();
        if (at_end()) return fault_here("EOF while parsing a value");
        if (peek() == '}') return fault_here("trailing comma");
      }
      if (peek() != '"') return fault_here("key must be a string");
      if (!string()) return false;
      skip_space();
      if (at_end()) return fault_here("EOF while parsing an object");
      if (peek() != ':') return fault_here("expected `:`");
      ++at_;
      if (!value(depth)) return false;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string fault_;
};

}  // namespace

std::string json_fault(std::string_view text) { return FaultFinder(text).find(); }

std::string json_position(std::string_view text, std::size_t bytes) {
  const std::string_view seen = text.substr(0, bytes);
  const auto line = 1 + std::ranges::count(seen, '\n');
  const std::size_t newline = seen.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? seen.size() : seen.size() - newline - 1;
  return fmt::format("at line {} column {}", line, column);
}

}  // namespace tickcast::wire
