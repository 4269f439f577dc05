// SPDX-License-Identifier: Apache-2.0
//
// TopicReader: every record of a topic, from some time back to now and on. It assigns itself all partitions:
// no consumer group, no commits, so that one reader or a hundred make no difference to Kafka but bytes.
// Partitions that are added later are found; one that librdkafka refuses is tried again, and waited for. A
// broker that is away, a topic that is deleted and made anew, an offset that no longer exists: the reader
// says so, looks where to go on, and goes on.
//
// Thread: that of the loop; librdkafka wakes it through an eventfd, and look-ups that block run in a helper
// thread. Records of one partition come in order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "kafka/settings.h"
#include "net/loop.h"

namespace tickcast::kafka {

// A header that a producer puts on records of a market that is not live: "simulated" or "replay". In every
// symbol's first record and in those written again, which is enough for whoever reads back.
inline constexpr std::string_view kOriginRecordHeader = "origin";

// A record as it came. Views last as long as the call.
struct Record {
  int partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;          // epoch, the record's own; 0: it has none
  std::string_view key;                   // empty: it has none
  std::optional<std::string_view> value;  // nothing: a tombstone
  std::string_view origin;                // of kOriginRecordHeader; empty: it has none
};

class TopicReaderOwner {
 public:
  virtual void on_record(const Record& record) = 0;
  virtual void on_batch_end() = 0;  // nothing more right now, or a few hundred records were given
  // Everything that was in the topic when reading began, or began anew, has been given.
  virtual void on_caught_up() = 0;
  // Records may not come for a while: no broker answers, or the topic is not there. Over with the next
  // record.
  virtual void on_trouble(const std::string& why) = 0;

 protected:
  ~TopicReaderOwner() = default;
};

class TopicReader {
 public:
  // Reads from `lookback_ns` before now on; 0: only what is new.
  TopicReader(net::Loop& loop, const Settings& settings, std::int64_t lookback_ns, TopicReaderOwner& owner);
  ~TopicReader();

  // Whether librdkafka takes the settings, all together; reaches for no broker. The error is in its own
  // words.
  static Status check(const Settings& settings);

  // Once. Fails only when librdkafka refuses a setting; everything else is retried for ever.
  Status start();

  std::size_t partitions() const;  // being read: without those that librdkafka refuses to
  std::int64_t lag() const;        // records of these that were not given yet, as of the last fetches
  std::uint64_t restarts() const;  // how often an offset or the whole topic was lost

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickcast::kafka
