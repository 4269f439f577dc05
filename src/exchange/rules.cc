// SPDX-License-Identifier: Apache-2.0
#include "exchange/rules.h"

#include <algorithm>

namespace tickcast::exchange {
namespace {

constexpr std::int64_t kFiveMinutesNs = 300 * kNsPerSecond;
constexpr std::int64_t kMinuteNs = 60 * kNsPerSecond;
constexpr std::int64_t kBanNsMax = 3 * 24 * 3600 * kNsPerSecond;

constexpr std::int64_t seconds_up(std::int64_t ns) { return (ns + kNsPerSecond - 1) / kNsPerSecond; }

}  // namespace

bool ConnectBudget::admit(std::string_view address, std::int64_t now_ns) {
  if (max_ == 0) return true;
  if (attempts_.size() >= kAddressesMax && !attempts_.contains(std::string(address))) {
    forget(now_ns);
    if (attempts_.size() >= kAddressesMax) return false;
  }
  auto& moments = attempts_[std::string(address)];
  while (!moments.empty() && now_ns - moments.front() >= kFiveMinutesNs) moments.pop_front();
  if (moments.size() >= max_) return false;
  moments.push_back(now_ns);
  return true;
}

void ConnectBudget::forget(std::int64_t now_ns) {
  std::erase_if(attempts_, [now_ns](const auto& entry) {
    return entry.second.empty() || now_ns - entry.second.back() >= kFiveMinutesNs;
  });
}

WeightBudget::Verdict WeightBudget::charge(std::string_view address, std::uint32_t weight,
                                           std::int64_t now_ns) {
  if (accounts_.size() >= kAddressesMax && !accounts_.contains(std::string(address))) {
    forget(now_ns);
    if (accounts_.size() >= kAddressesMax) return {.status = 429, .used = weight_max_, .retry_after_s = 60};
  }
  Account& account = accounts_[std::string(address)];
  if (now_ns < account.banned_until_ns) {
    return {.status = 418,
            .used = account.used,
            .retry_after_s = seconds_up(account.banned_until_ns - now_ns),
            .banned_until_ms = account.banned_until_ns / kNsPerMs};
  }
  const std::int64_t minute = now_ns / kMinuteNs;
  if (minute != account.minute) {
    account.minute = minute;
    account.used = 0;
    account.refusals = 0;
  }
  account.used += weight;
  if (weight_max_ == 0 || account.used <= weight_max_) return {.used = account.used};
  return refuse(account, now_ns);
}

WeightBudget::Verdict WeightBudget::refuse(Account& account, std::int64_t now_ns) const {
  if (++account.refusals <= refusals_max_) {
    return {.status = 429,
            .used = account.used,
            .retry_after_s = seconds_up((account.minute + 1) * kMinuteNs - now_ns)};
  }
  std::int64_t ban_ns = ban_ns_;
  for (std::uint32_t i = 0; i < account.bans && ban_ns < kBanNsMax; ++i) ban_ns *= 4;
  ban_ns = std::min(ban_ns, kBanNsMax);
  ++account.bans;
  account.refusals = 0;
  account.banned_until_ns = now_ns + ban_ns;
  return {.status = 418,
          .used = account.used,
          .retry_after_s = seconds_up(ban_ns),
          .banned_until_ms = account.banned_until_ns / kNsPerMs};
}

void WeightBudget::forget(std::int64_t now_ns) {
  const std::int64_t minute = now_ns / kMinuteNs;
  std::erase_if(accounts_, [now_ns, minute](const auto& entry) {
    return entry.second.minute != minute && entry.second.banned_until_ns <= now_ns;
  });
}

}  // namespace tickcast::exchange
