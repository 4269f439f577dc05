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

  // What a consumer may stumble over, one line each, with the place of the first; empty: nothing.
  std::vector<std::string> faults() const;

  std::uint64_t records() const { return records_; }
  std::size_t symbols() const { return symbols_.size(); }

 private:
  struct Symbol {
    market::Quote last;
    std::uint64_t records = 0;
    int partition = 0;  // of its first record
    bool scattered = false;
  };
  struct Finding {
    std::uint64_t count = 0;
    std::string first;  // "BTCUSDT (0/11365)": key, partition and offset
  };
  struct Partition {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::set<std::string> symbols;
  };
  static void note(Finding& finding, const kafka::Record& record);
  void add_quote(const kafka::Record& record, const market::Quote& quote, std::int64_t now_ns);

  wire::RecordReader reader_;
  std::map<std::string, Symbol, std::less<>> symbols_;
  std::map<int, Partition> partitions_;
  std::vector<std::int64_t> ages_ns_;  // of new quotes, kAgesMax at most
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t rewritten_ = 0;  // the same id again
  Finding tombstones_;
  Finding without_key_;
  Finding unreadable_;
  Finding unrepresentable_;
  Finding without_id_;
  Finding without_time_;
  Finding went_back_;  // a lower id than before
  Finding too_many_;   // of symbols over kSymbolsMax
  Finding scattered_;  // symbols in more than one partition
};

// "2026-11-24T18:46:11.775 BTCUSDT 63037.09 x 1.79 63037.10 x 1697.21 u 92838046342 age 1.2 ms (0/11365)", or
// why it is no quote.
std::string record_line(wire::RecordReader& reader, const kafka::Record& record, std::int64_t now_ns);

}  // namespace tickcast::app
