// SPDX-License-Identifier: Apache-2.0
//
// OrderWatch: notices that an exchange counts its update ids anew (it was reset behind a source that saw
// nothing of it): for a while everything that comes is older than what is held.
//
// No I/O, no clock. Thread: the owner's.
#pragma once

#include <cstdint>
#include <utility>

namespace tickcast::market {

class OrderWatch {
 public:
  // At least so many older ids, over at least so long.
  OrderWatch(std::uint64_t ids_min, std::int64_t patience_ns)
      : ids_min_(ids_min), patience_ns_(patience_ns) {}

  // Looks at two counters that only grow: `fresh` of ids that were as new as the held ones or newer, `older`
  // of the rest. True once per restart of the count.
  bool counts_anew(std::uint64_t fresh, std::uint64_t older, std::int64_t now_ns) {
    if (std::exchange(fresh_, fresh) != fresh || older == older_base_) {
      older_base_ = older;
      since_ns_ = now_ns;
      return false;
    }
    if (older - older_base_ < ids_min_ || now_ns - since_ns_ < patience_ns_) return false;
    older_base_ = older;
    return true;
  }

 private:
  std::uint64_t ids_min_;
  std::int64_t patience_ns_;
  std::uint64_t fresh_ = 0;
  std::uint64_t older_base_ = 0;
  std::int64_t since_ns_ = 0;
};

}  // namespace tickcast::market
