// SPDX-License-Identifier: Apache-2.0
#include "wire/stream_path.h"

#include "wire/stream_name.h"

namespace tickcast::wire {

std::optional<StreamPath> parse_stream_path(const HttpRequest& request) {
  const std::string_view path = request.path;
  if (path == "/stream" || path == "/stream/") {
    return StreamPath{true, false, split_stream_list(request.query_value("streams").value_or(""))};
  }
  if (path == "/ws" || path.starts_with("/ws/"))
    return StreamPath{false, false, split_stream_list(path.substr(3))};
  return std::nullopt;
}

std::optional<StreamPath> parse_event_stream_path(const HttpRequest& request) {
  if (request.path != "/sse" && request.path != "/sse/") return std::nullopt;
  return StreamPath{true, true, split_stream_list(request.query_value("streams").value_or(""))};
}

}  // namespace tickcast::wire
