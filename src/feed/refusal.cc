// SPDX-License-Identifier: Apache-2.0
#include "feed/refusal.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "base/clock.h"

namespace tickcast::feed {
namespace {

constexpr std::int64_t kForbiddenWaitS = 5;
constexpr std::int64_t kTooManyWaitS = 10;  // when no Retry-After says better
constexpr std::int64_t kBannedWaitS = 120;  // the shortest ban
constexpr std::int64_t kRestrictedWaitS = 15;

std::optional<std::int64_t> parse_seconds(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error == std::errc::result_out_of_range) return kRetryAfterMaxS;
  if (error != std::errc{} || end != text->data() + text->size() || seconds < 0) return std::nullopt;
  return std::min(seconds, kRetryAfterMaxS);
}

}  // namespace

Refusal explain_refusal(Service service, const std::string& host, int status,
                        std::optional<std::string_view> retry_after) {
  const char* option = service == Service::rest ? "--exchange-rest" : "--exchange-streams";
  const auto asked_s = parse_seconds(retry_after);
  const auto wait = [&](std::int64_t otherwise_s) { return asked_s.value_or(otherwise_s); };
  const auto refusal = [](std::int64_t wait_s, bool everyone, std::string message) {
    return Refusal{std::move(message), wait_s * kNsPerSecond, everyone};
  };

  switch (status) {
    case 403:
      return refusal(
          wait(kForbiddenWaitS), true,
          fmt::format("{} forbids access from this address (403): its firewall blocks it, mostly after too "
                      "many connection attempts or from a "
                      "data centre it distrusts; if it lasts, use another host with {} or another network",
                      host, option));
    case 404:
      return refusal(
          wait(0), false,
          fmt::format("{} does not know this path (404): check that {} is the address of an exchange", host,
                      option));
    case 418:
      return refusal(wait(kBannedWaitS), true,
                     fmt::format("{} has banned this address for {} s because requests went on after a "
                                 "warning (418): nothing helps but to wait; look for "
                                 "another program here that calls the exchange",
                                 host, wait(kBannedWaitS)));
    case 429:
      return refusal(wait(kTooManyWaitS), true,
                     fmt::format("{} says too many requests came from this address (429): waiting {} s as it "
                                 "asks; look for another program here that "
                                 "calls the exchange",
                                 host, wait(kTooManyWaitS)));
    case 451:
      return refusal(wait(kRestrictedWaitS), true,
                     fmt::format("{} refuses service from this country (451): use an exchange host that "
                                 "serves it with --exchange-rest and "
                                 "--exchange-streams, or run where it is allowed",
                                 host));
    default:
      break;
  }
  if (status >= 500) {
    return refusal(
        wait(0), false,
        fmt::format("{} has a fault of its own ({}): trying again until it is mended", host, status));
  }
  if (status >= 300 && status < 400) {
    return refusal(
        wait(0), false,
        fmt::format(
            "{} wants to send us elsewhere ({}), which is not followed: give the right address with {}", host,
            status, option));
  }
  return refusal(
      wait(0), false,
      fmt::format("{} answered {}, which was not expected: check that {} is the address of an exchange", host,
                  status, option));
}

}  // namespace tickcast::feed
