// SPDX-License-Identifier: Apache-2.0
//
// Dialect: how the clients of one kind of server ask for their symbols, and what they must answer. What comes
// is measured alike for all: wherever an update stands in a message, its `"u":` stands in it.
//
// Pure. Thread: any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/ws_frame.h"

namespace tickcast::bench {

class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual std::string target(const std::vector<std::string>& symbols) const = 0;    // of the handshake
  virtual std::string greeting(const std::vector<std::string>& symbols) const = 0;  // once open; "": none
  // To what the server said; "": nothing.
  virtual std::string_view answer(std::string_view message) const = 0;
  virtual wire::Opcode kind() const { return wire::Opcode::text; }  // of what is sent
};

// "streams" (the exchange's own paths), "nats" or "centrifugo".
Result<std::unique_ptr<const Dialect>> dialect_named(std::string_view name);

// Calls back with the `u` of each update in the message.
template <class Callback>
void for_each_update(std::string_view message, Callback callback) {
  constexpr std::string_view kKey = R"("u":)";
  for (std::size_t at = message.find(kKey); at != message.npos; at = message.find(kKey, at)) {
    at += kKey.size();
    std::int64_t id = 0;
    for (; at < message.size() && message[at] >= '0' && message[at] <= '9'; ++at)
      id = id * 10 + (message[at] - '0');
    callback(id);
  }
}

}  // namespace tickcast::bench
