// SPDX-License-Identifier: Apache-2.0
//
// The event of the stream `!status`: whether what a tickcast serves can be trusted to be current.
//
//   {"e":"status","state":"live","since":1732320000123,"symbols":"all","origin":"simulated"}
//
// Pure. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "market/source.h"

namespace tickcast::wire {

inline constexpr std::string_view kStatusStream = "!status";

// Wrapped as {"stream":"!status","data":…} when `combined`.
std::string status_event(const market::SourceStatus& status, bool combined);

// Reads one, wrapped or not. Nothing when the text is something else, or names a state that is not known
// here. Members of a later version are passed over; no `origin` counts as live, no `since` as 0.
std::optional<market::SourceStatus> read_status_event(std::string_view text);

}  // namespace tickcast::wire
