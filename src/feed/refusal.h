// SPDX-License-Identifier: Apache-2.0
//
// What the exchange's refusals mean: an HTTP status, at a REST look-up or at a stream's opening handshake, as
// a sentence a person can act on and as a time to stay away. Pure. Follows the exchange's "HTTP return codes"
// and "IP limits", and what was seen at handshakes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tickcast::feed {

enum class Service : std::uint8_t { rest, streams };

struct Refusal {
  std::string message;       // names the host, the status, and what to do
  std::int64_t wait_ns = 0;  // at least so long before another try; 0: the caller's own back-off will do
  bool everyone = false;  // it is our address that is refused: no connection of ours should try before that
};

inline constexpr std::int64_t kRetryAfterMaxS =
    3 * 24 * 3600;  // the longest ban there is; a larger Retry-After is cut to it

// `status`: not a success. `retry_after`: the header's text, if there was one; only whole seconds are
// understood.
Refusal explain_refusal(Service service, const std::string& host, int status,
                        std::optional<std::string_view> retry_after);

}  // namespace tickcast::feed
