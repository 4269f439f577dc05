// SPDX-License-Identifier: Apache-2.0
//
// Keys: the bytes that a terminal sends for what is typed, as keys: characters, and the sequences of xterm
// and its kin for the others. Sequences that are not known are passed over as a whole.
//
// Pure. Thread: the owner's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tickcast::watch {

struct Key {
  enum class Kind : std::uint8_t {
    text,  // one character
    enter,
    escape,
    backspace,
    up,
    down,
    left,
    right,
    page_up,
    page_down,
    home,
    end,
    redraw,  // Ctrl-L
  };
  Kind kind = Kind::text;
  std::string text;
  friend bool operator==(const Key&, const Key&) = default;
};

class KeyReader {
 public:
  static constexpr std::size_t kPendingBytesMax = 32;  // of a sequence; a longer one is none

  // Appends the keys in these bytes. What may be the start of a sequence waits for the rest.
  void take(std::string_view bytes, std::vector<Key>& out);
  // Some time has passed: an Escape that waited was one.
  void settle(std::vector<Key>& out);

 private:
  std::string pending_;
};

}  // namespace tickcast::watch
