// SPDX-License-Identifier: Apache-2.0
//
// TopicReport: what a topic's records say of it: per symbol and per partition, and what is wrong with them.
// Also a record as one line of text. No I/O, no clock.
//
// Thread: the owner's. Memory is bounded by the symbols it takes (kSymbolsMax); records of others are
// counted.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kafka/topic_reader.h"
#include "wire/kafka_record.h"

namespace tickcast::app {

class TopicReport {
 public:
  static constexpr std::size_t kSymbolsMax = 20'000;

  // Takes a record in, received at `now_ns` (epoch).
  void add(const kafka::Record& record, std::int64_t now_ns);

  // Partitions and their load, totals, and the busiest `symbols_shown` symbols with last value, age and rate.
  std::string stats(double seconds, std::size_t symbols_shown, std::int64_t now_ns) const;

  // What a consumer may stumble over, one sentence each; empty: nothing.
  std::vector<std::string> faults() const;

  std::uint64_t records() const { return records_; }
  std::size_t symbols() const { return symbols_.size(); }

 private:
  struct Symbol {
    market::Quote last;
    std::uint64_t records = 0;
    int partition = 0;
  };
  struct Partition {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::set<std::string> symbols;
  };
  void add_quote(const kafka::Record& record, const market::Quote& quote, std::int64_t now_ns);

  wire::RecordReader reader_;
  std::map<std::string, Symbol, std::less<>> symbols_;
  std::map<int, Partition> partitions_;
  std::vector<std::int64_t> ages_ns_;  // of new quotes, kAgesMax at most
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t rewritten_ = 0;  // the same id again
  std::uint64_t tombstones_ = 0;
  std::uint64_t without_key_ = 0;
  std::uint64_t unreadable_ = 0;
  std::uint64_t unrepresentable_ = 0;
  std::uint64_t without_id_ = 0;
  std::uint64_t without_time_ = 0;
  std::uint64_t went_back_ = 0;      // a lower id than before, in one partition
  std::uint64_t too_many_ = 0;       // of symbols over kSymbolsMax
  std::set<std::string> scattered_;  // symbols in more than one partition
};

// "2026-11-24T18:46:11.775 BTCUSDT 63037.09 x 1.79 63037.10 x 1697.21 u 92838046342 age 1.2 ms (0/11365)", or
// why it is no quote.
std::string record_line(wire::RecordReader& reader, const kafka::Record& record, std::int64_t now_ns);

}  // namespace tickcast::app
