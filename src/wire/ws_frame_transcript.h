// SPDX-License-Identifier: Apache-2.0
//
// For tests of the frame codec: everything a MessageReader says about some bytes, as one value that can be
// compared.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/deflate.h"
#include "wire/ws_frame.h"

namespace tickcast::wire::testing {

struct Received {
  Opcode kind = Opcode::text;
  std::string payload;
  CloseCode close_code = CloseCode::no_code;

  bool operator==(const Received&) const = default;
};

struct Transcript {
  std::vector<Received> messages;
  CloseCode violation = CloseCode::no_code;  // no_code: there was none
  std::string reason;

  bool violated() const { return violation != CloseCode::no_code; }
  bool operator==(const Transcript&) const = default;
};

inline constexpr Role other_end(Role role) { return role == Role::server ? Role::client : Role::server; }

// Appends to the transcript what the reader makes of one piece of input. The piece gets memory of its own, so
// that a reader that looks past its end, or later into one that is gone, is caught by the address sanitizer.
inline void read_piece(MessageReader& reader, std::string_view bytes, Transcript& transcript) {
  const auto memory = std::make_unique<char[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), memory.get());
  std::span<char> input(memory.get(), bytes.size());
  Message message;
  while (true) {
    switch (reader.next(input, message)) {
      case MessageReader::Status::need_more:
        return;
      case MessageReader::Status::message: {
        transcript.messages.push_back(
            {message.kind, std::string(message.payload.begin(), message.payload.end()), message.close_code});
        break;
      }
      case MessageReader::Status::violation:
        transcript.violation = message.close_code;
        transcript.reason = message.violation;
        return;
    }
  }
}

// Whether permessage-deflate was agreed on.
enum class Extension : std::uint8_t { none, deflate };

// Reads `bytes` in pieces of the given sizes, over and over; in one piece when there are none.
inline Transcript read_in_pieces(Role role, const MessageLimits& limits, std::string_view bytes,
                                 std::span<const std::size_t> sizes = {},
                                 Extension extension = Extension::none) {
  MessageReader reader(role, limits);
  Inflater inflater;
  if (extension == Extension::deflate) reader.accept_compressed(inflater);
  Transcript transcript;
  for (std::size_t at = 0, i = 0; at < bytes.size() && !transcript.violated(); ++i) {
    const std::size_t size = sizes.empty() ? bytes.size() : std::max<std::size_t>(sizes[i % sizes.size()], 1);
    read_piece(reader, bytes.substr(at, size), transcript);
    at += std::min(size, bytes.size() - at);
  }
  return transcript;
}

}  // namespace tickcast::wire::testing
