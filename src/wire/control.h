// SPDX-License-Identifier: Apache-2.0
//
// Control messages of a stream connection, and their replies:
// {"method":"SUBSCRIBE","params":["btcusdt@bookTicker"],"id":1}. Shapes, error codes and texts are the
// exchange's (Spot WebSocket streams, "Live subscribing/unsubscribing"). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/stream_name.h"

namespace tickcast::wire {

enum class Method : std::uint8_t { subscribe, unsubscribe, list_subscriptions, set_property, get_property };

struct ControlRequest {
  Method method = Method::subscribe;
  std::vector<StreamName> streams;  // of SUBSCRIBE, UNSUBSCRIBE: all well-formed
  bool combined = false;            // of SET_PROPERTY: the value for the one property there is
  std::string id = "null";          // as JSON text, to be echoed: 312, "a-b", null
};

struct ControlError {
  int code = 0;
  std::string message;  // the exchange's words
  std::string id;       // JSON text; empty when it could not be read: the reply then has none
};

// Reads one control message. Holds the parser's memory, so one per thread of use.
class ControlReader {
 public:
  ControlReader();
  ~ControlReader();
  std::variant<ControlRequest, ControlError> read(std::string_view text);

 private:
  struct Json;
  std::unique_ptr<Json> json_;
};

// {"result":null,"id":1}, {"result":true,"id":2}, {"result":["a","b"],"id":3}
std::string null_reply(std::string_view id);
std::string bool_reply(bool value, std::string_view id);
std::string list_reply(const std::vector<std::string>& streams, std::string_view id);
// {"error":{"code":2,"msg":"…"},"id":2}
std::string error_reply(const ControlError& error);

// What a client sends: one request for these streams. Each name is escaped as JSON needs it.
std::string subscribe_request(const std::vector<std::string>& streams, std::int64_t id);
std::string unsubscribe_request(const std::vector<std::string>& streams, std::int64_t id);

}  // namespace tickcast::wire
