// SPDX-License-Identifier: Apache-2.0
//
// Control messages of any bytes: each is a request or an error whose reply is JSON again; and where simdjson
// refuses a text, the place where it breaks is found, and nowhere else.
#include "wire/control.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <simdjson.h>

#include "base/check.h"
#include "wire/json_fault.h"

namespace {

// simdjson's DOM looks at the whole text, unlike ours by another road. It refuses numbers that do not fit a
// word, which are JSON, and texts that are not UTF-8, which the fault finder does not look for.
void check_fault(std::string_view text) {
  static simdjson::dom::parser parser;
  const auto error = parser.parse(simdjson::padded_string(text)).error();
  if (error == simdjson::NUMBER_ERROR || error == simdjson::UTF8_ERROR || error == simdjson::DEPTH_ERROR)
    return;
  const std::string fault = tickcast::wire::json_fault(text);
  if (fault.find("recursion limit") != std::string::npos) return;
  CHECK(fault.empty() == (error == simdjson::SUCCESS),
        "the fault finder and simdjson disagree on what is JSON");
}

void check_json(const std::string& text) {
  static simdjson::dom::parser parser;
  CHECK(!parser.parse(text).error(), "a reply is not JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static tickcast::wire::ControlReader reader;
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_fault(text);
  const auto read = reader.read(text);
  const auto* const error = std::get_if<tickcast::wire::ControlError>(&read);
  const bool taken_for_json = error == nullptr || error->code != 3;
  CHECK(!taken_for_json || tickcast::wire::json_fault(text).empty(), "what is not JSON was let through");
  if (error != nullptr) {
    CHECK(!error->message.empty(), "an error without words");
    check_json(tickcast::wire::error_reply(*error));
    return 0;
  }
  const auto& request = std::get<tickcast::wire::ControlRequest>(read);
  std::vector<std::string> streams;
  for (const auto& stream : request.streams) {
    CHECK(stream.well_formed, "a malformed stream name was let through");
    streams.push_back(stream.text);
  }
  check_json(tickcast::wire::null_reply(request.id));
  check_json(tickcast::wire::list_reply(streams, request.id));
  const auto again = reader.read(tickcast::wire::subscribe_request(streams, 1));
  CHECK(std::holds_alternative<tickcast::wire::ControlRequest>(again), "our own request is refused");
  return 0;
}
