// SPDX-License-Identifier: Apache-2.0
//
// What stands behind a book: where its quotes come from, and whether they can be trusted to be current.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tickcast::market {

enum class Origin : std::uint8_t { live, simulated, replay };

enum class SourceState : std::uint8_t {
  connecting,  // not every symbol's source has been reached yet
  live,
  stale,  // connected, but what should come does not
  down,   // no connection to the source at all
};

struct SourceStatus {
  SourceState state = SourceState::connecting;
  std::int64_t since_ms = 0;  // epoch
  Origin origin = Origin::live;
  friend bool operator==(const SourceStatus&, const SourceStatus&) = default;
};

constexpr std::string_view name(Origin origin) {
  switch (origin) {
    case Origin::live:
      return "live";
    case Origin::simulated:
      return "simulated";
    case Origin::replay:
      return "replay";
  }
  return "";
}

constexpr std::string_view name(SourceState state) {
  switch (state) {
    case SourceState::connecting:
      return "connecting";
    case SourceState::live:
      return "live";
    case SourceState::stale:
      return "stale";
    case SourceState::down:
      return "down";
  }
  return "";
}

// How an exchange that is not a real one says so, in its REST answers; whoever reads from it passes it on.
inline constexpr std::string_view kOriginHeader = "X-Tickcast-Origin";

// How a server that has the stream `!status` says so, in its REST answers: the header's value is its state.
inline constexpr std::string_view kStatusHeader = "X-Tickcast-Status";

// How far quotes of a source in this state can be trusted to be current: more is better.
constexpr int trust(SourceState state) {
  switch (state) {
    case SourceState::down:
      return 0;
    case SourceState::connecting:
      return 1;
    case SourceState::stale:
      return 2;
    case SourceState::live:
      return 3;
  }
  return 0;
}

constexpr std::optional<Origin> origin_named(std::string_view text) {
  for (const Origin origin : {Origin::live, Origin::simulated, Origin::replay}) {
    if (name(origin) == text) return origin;
  }
  return std::nullopt;
}

}  // namespace tickcast::market
