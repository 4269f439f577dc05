// SPDX-License-Identifier: Apache-2.0
//
// The two clocks. Only threads that do I/O read them; pure code is handed the time.
#pragma once

#include <cstdint>
#include <ctime>

namespace tickcast {

inline constexpr std::int64_t kNsPerUs = 1'000;
inline constexpr std::int64_t kNsPerMs = 1'000'000;
inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;

namespace detail {
inline std::int64_t read_clock_ns(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return static_cast<std::int64_t>(t.tv_sec) * kNsPerSecond + t.tv_nsec;
}
}  // namespace detail

// Nanoseconds since the Unix epoch: for times that leave the process (hop times, recordings). May step.
inline std::int64_t wall_ns() { return detail::read_clock_ns(CLOCK_REALTIME); }

// Nanoseconds since some fixed moment: for deadlines and durations. Never steps.
inline std::int64_t steady_ns() { return detail::read_clock_ns(CLOCK_MONOTONIC); }

}  // namespace tickcast
