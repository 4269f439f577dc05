// SPDX-License-Identifier: Apache-2.0
//
// TopicSource: a Kafka topic as a source of the book. Every record is one quote: docs/protocol.md, "Kafka
// record". Symbols become known by their records. Whether the source can be trusted follows from the data:
// producers write something every second while theirs is live, so a silent topic is a stale one.
//
// Order: by `u` where there is one. Records without `u` (of other producers) count in the order in which they
// come; over a quote with an id one is taken only if it is clearly younger (kUndatedGraceNs), so that two
// kinds of producers may run at once, and one kind may follow the other.
//
// Thread: ingest, the thread of the loop it is given. stats() may be read from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "kafka/settings.h"
#include "market/book.h"
#include "market/symbol_table.h"
#include "net/loop.h"

namespace tickcast::kafka {

struct SourceOptions {
  Settings settings;
  // How far to read back at the start: twice as long as producers take to write every symbol's last quote
  // again.
  std::int64_t lookback_ns = 60 * kNsPerSecond;
  std::int64_t stale_after_ns = 5 * kNsPerSecond;  // without any record
};

// A value without `u` is newer than a held one with it when its time is later by so much: more than clocks of
// two producers, or a REST look-up and a stream, may differ.
inline constexpr std::int64_t kUndatedGraceNs = 2 * kNsPerSecond;

// Counters since start; relaxed atomics written by ingest.
struct SourceStats {
  std::atomic<std::uint64_t> records{0};
  std::atomic<std::uint64_t> admitted{0};
  std::atomic<std::uint64_t> duplicates{0};  // the same again, or another source was first
  std::atomic<std::uint64_t> older{0};
  std::atomic<std::uint64_t> tombstones{0};
  std::atomic<std::uint64_t> unreadable{0};       // no quote, or no key
  std::atomic<std::uint64_t> unrepresentable{0};  // numbers that do not fit exactly
  std::atomic<std::uint64_t> refused_symbols{0};  // too many, or names that can't be
  std::atomic<std::uint64_t> restarts{0};         // the topic or an offset was lost
  // Everything that was in the topic at the start has been taken in. Stays true.
  std::atomic<bool> ready{false};
};

class TopicSource {
 public:
  TopicSource(net::Loop& loop, market::SymbolTable& symbols, market::Book& book,
              const SourceOptions& options);
  ~TopicSource();

  // Once. Fails only when librdkafka refuses a setting; all else is logged and tried again.
  Status start();
  const SourceStats& stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickcast::kafka
