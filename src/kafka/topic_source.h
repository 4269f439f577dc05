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
#include "metrics/counter.h"
#include "metrics/histogram.h"
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

// Counters since start, written by ingest.
struct SourceStats {
  metrics::Counter records;
  metrics::Counter admitted;
  metrics::Counter duplicates;  // the same again, or another source was first
  metrics::Counter older;
  metrics::Counter tombstones;
  metrics::Counter unreadable;       // no quote, or no key
  metrics::Counter unrepresentable;  // numbers that do not fit exactly
  metrics::Counter refused_symbols;  // too many, or names that can't be
  metrics::Counter troubles;         // reading stopped: no broker answers, or no topic
  metrics::Counter lag;              // records that were not read yet, as librdkafka last knew
  metrics::Counter last_ns;          // when the last record was taken in, epoch; 0: none was
  metrics::Histogram consumed_age;   // of quotes when they are taken in
  metrics::Histogram fetch_time;     // from a record's timestamp to there
  metrics::Counter restarts;         // the topic or an offset was lost
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
