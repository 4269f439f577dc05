// SPDX-License-Identifier: Apache-2.0
//
// The paths on which streams are served: /ws, /ws/<stream>[/<stream>...], /stream, /stream?streams=<a>/<b>,
// and /sse?streams=<a>/<b>.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wire/http.h"

namespace tickcast::wire {

struct StreamPath {
  bool combined = false;             // /stream, /sse: events come wrapped in {"stream":...,"data":...}
  bool events = false;               // /sse: server-sent events, not a WebSocket connection
  std::vector<std::string> streams;  // as written, duplicates and empty parts left out
};

// Nothing for any other path. A trailing slash and further query keys (timeUnit) are tolerated.
std::optional<StreamPath> parse_stream_path(const HttpRequest& request);
// The same for /sse, which is ours alone: a role that speaks only as the exchange does has no such path.
std::optional<StreamPath> parse_event_stream_path(const HttpRequest& request);

}  // namespace tickcast::wire
