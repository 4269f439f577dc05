// SPDX-License-Identifier: Apache-2.0
#include "exchange/session.h"

#include <algorithm>

namespace tickcast::exchange {
namespace {

// A client masks what it sends: four bytes more than the server's own header.
constexpr std::size_t request_bytes(std::size_t payload_bytes) {
  return wire::frame_header_bytes(payload_bytes) + 4 + payload_bytes;
}

}  // namespace

Session::Outcome Session::open(const std::vector<std::string>& streams) {
  Outcome outcome;
  for (const auto& stream : streams) subscribe(stream, outcome);
  return outcome;
}

Session::Outcome Session::answer(std::string_view request, wire::ControlReader& reader) {
  if (request_bytes(request.size()) > rules_.request_bytes_max) return {};
  auto read = reader.read(request);
  if (const auto* error = std::get_if<wire::ControlError>(&read)) {
    Outcome outcome;
    outcome.reply = wire::error_reply(*error);
    return outcome;
  }
  return obey(*std::get_if<wire::ControlRequest>(&read));
}

Session::Outcome Session::obey(const wire::ControlRequest& request) {
  Outcome outcome;
  outcome.reply = wire::null_reply(request.id);
  switch (request.method) {
    case wire::Method::subscribe:
      for (const auto& stream : request.streams) subscribe(stream.text, outcome);
      break;
    case wire::Method::unsubscribe:
      for (const auto& stream : request.streams) {
        if (streams_.erase(stream.text) > 0) outcome.removed.push_back(stream.text);
        muted.erase(stream.text);
      }
      break;
    case wire::Method::list_subscriptions:
      outcome.reply = wire::list_reply({streams_.begin(), streams_.end()}, request.id);
      break;
    case wire::Method::set_property:
      combined = request.combined;
      break;
    case wire::Method::get_property:
      outcome.reply = wire::bool_reply(combined, request.id);
      break;
  }
  return outcome;
}

void Session::subscribe(const std::string& stream, Outcome& outcome) {
  if (outcome.over_limit || streams_.contains(stream)) return;
  if (streams_.size() >= rules_.streams_per_connection_max) {
    outcome.over_limit = true;
    return;
  }
  streams_.insert(stream);
  outcome.added.push_back(stream);
}

bool Session::admit_frames(std::uint64_t fresh, std::int64_t now_ns) {
  const std::uint64_t owed = std::min(fresh, pongs_owed);
  pongs_owed -= owed;
  fresh -= owed;
  for (; fresh > 0; --fresh) {
    if (!window_.admit(now_ns)) return false;
  }
  return true;
}

}  // namespace tickcast::exchange
