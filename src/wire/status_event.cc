// SPDX-License-Identifier: Apache-2.0
#include "wire/status_event.h"

#include <fmt/core.h>

#include "wire/json.h"

namespace tickcast::wire {
namespace {

constexpr std::size_t kTextBytesMax = 64 * 1024;

struct Members {
  bool is_status = false;
  std::optional<market::SourceState> state;
  market::SourceStatus status;
};

std::optional<market::SourceState> state_named(std::string_view text) {
  using market::SourceState;
  for (const SourceState state :
       {SourceState::connecting, SourceState::live, SourceState::stale, SourceState::down}) {
    if (market::name(state) == text) return state;
  }
  return std::nullopt;
}

bool read_member(std::string_view key, json::ondemand::value value, Members& out) {
  if (key == "since") {
    out.status.since_ms = json::integer(json::token(value)).value_or(0);
    return json::skip(value);
  }
  if (key != "e" && key != "state" && key != "origin") return json::skip(value);
  std::optional<std::string_view> text;
  if (!json::read_string(value, text)) return false;
  if (key == "e") out.is_status = text == "status";
  if (key == "state") out.state = state_named(text.value_or(""));
  if (key == "origin") {
    if (const auto origin = market::origin_named(text.value_or(""))) out.status.origin = *origin;
  }
  return true;
}

bool read_data(json::ondemand::value value, Members& out) {
  json::ondemand::object object;
  if (value.get_object().get(object)) return json::skip(value);
  return json::each_member(object, [&out](std::string_view key, json::ondemand::value member) {
    return read_member(key, member, out);
  });
}

}  // namespace

std::string status_event(const market::SourceStatus& status, bool combined) {
  const std::string event =
      fmt::format(R"({{"e":"status","state":"{}","since":{},"symbols":"all","origin":"{}"}})",
                  market::name(status.state), status.since_ms, market::name(status.origin));
  return combined ? fmt::format(R"({{"stream":"{}","data":{}}})", kStatusStream, event) : event;
}

std::optional<market::SourceStatus> read_status_event(std::string_view text) {
  json::Text parsed(kTextBytesMax);
  Members found;
  const bool whole =
      json::read_object(parsed, text, [&found](std::string_view key, json::ondemand::value value) {
        return key == "data" ? read_data(value, found) : read_member(key, value, found);
      });
  if (!whole || !found.is_status || !found.state) return std::nullopt;
  found.status.state = *found.state;
  return found.status;
}

}  // namespace tickcast::wire
