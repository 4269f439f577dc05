// SPDX-License-Identifier: Apache-2.0
//
// TopicSink: writes what the book admits to a Kafka topic, as docs/protocol.md, "Kafka record", says.
//
// Latency and cost: what Kafka costs is per request, not per record. Batches go at least 600 us apart; a
// partition gets what there is for it while fewer than five of its records are unacknowledged, and what comes
// meanwhile is the next batch. So a quiet market pays nothing and a busy one sends what came together,
// without a linger to choose. Up to 32 records leave as one request, unless the machine is busy. More leave
// in parts, whose later ones librdkafka holds until the first is acknowledged; they go while fewer than 512
// are unacknowledged.
//
// A broker that is slow or away: of each symbol only the newest quote waits (backlog.h), and nothing else
// does: not the feed, not the clients of the direct lane. Once it is back the newest of every symbol goes
// first. Every symbol's last quote is written again now and then, so that whoever reads back a little finds
// all of them; something is written every second, so that a silent topic means a silent source. Neither
// happens unless the book's source is live.
//
// Thread: ingest, as a follower of the book; librdkafka's delivery reports come through an eventfd of the
// loop. stats() may be read from any. The topic is made, and a producer that broke for good replaced, by a
// helper thread. Nothing here allocates per quote once warm (librdkafka does).
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "kafka/settings.h"
#include "kafka/topic_admin.h"
#include "market/book.h"
#include "market/symbol_table.h"
#include "metrics/counter.h"
#include "metrics/histogram.h"
#include "net/loop.h"

namespace tickcast::kafka {

// The shortest age that leaves a share for what waits here, which is looked at each 100 ms.
inline constexpr std::int64_t kMaxAgeLeastNs = kNsPerSecond / 2;

struct SinkOptions {
  Settings settings;
  TopicOptions topic;
  // A quote that was not delivered after so long is given up: the newest of its symbol is written instead.
  // At least kMaxAgeLeastNs. A record that librdkafka has begun to try it may try for a second more, which is
  // how often it looks.
  std::int64_t max_age_ns = 2 * kNsPerSecond;
  std::int64_t rewrite_after_ns = 30 * kNsPerSecond;  // of every symbol's last quote; 0: never
  std::size_t records_per_request_max = 5'000;
};

// Counters since start, written by ingest.
struct SinkStats {
  metrics::Counter handed;     // to librdkafka
  metrics::Counter delivered;  // acknowledged by the broker
  metrics::Counter failed;     // given up; the newest of the symbol followed
  metrics::Counter merged;     // replaced by a newer quote before they were written
  metrics::Counter rewritten;  // unchanged last quotes, written again
  metrics::Counter batches;    // handed over together; librdkafka may split a large one
  metrics::Counter outages;    // times that the broker was found not to take anything
  metrics::Counter taking;     // 1 while the topic takes records
  metrics::Counter waiting;    // for their turn here, and handed over without a report yet: as of the last
  metrics::Counter under_way;  // tick
  metrics::Histogram produced_age;  // of quotes when they are handed over
  metrics::Histogram produce_time;  // from there to the broker's acknowledgement
  metrics::Counter instances;       // of librdkafka's producer: more than one after a fatal error
};

class TopicSink {
 public:
  TopicSink(net::Loop& loop, const market::SymbolTable& symbols, market::Book& book,
            const SinkOptions& options);
  ~TopicSink();

  // Whether librdkafka takes the options, all together; reaches for no broker. The error is in its own words.
  static Status check(const SinkOptions& options);

  // Once, before ingest starts: the book is followed from here on. Fails only when librdkafka refuses a
  // setting.
  Status start();
  // Hands over what waits and gives the broker up to `timeout_ns` to take it; for a planned stop, in ingest.
  void flush(std::int64_t timeout_ns);
  const SinkStats& stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickcast::kafka
