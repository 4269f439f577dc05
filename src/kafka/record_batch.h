// SPDX-License-Identifier: Apache-2.0
//
// RecordBatch: records of one partition on their way to librdkafka. Values are written while the batch is
// filled, so that handing it over, which begins to send it, is short and the batch can leave as one request.
//
// Thread: the owner's. Allocates only while it grows to a size it never had; librdkafka copies what it takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <librdkafka/rdkafka.h>

#include "market/quote.h"
#include "market/source.h"
#include "market/symbol_table.h"

namespace tickcast::kafka {

// Where records go: all of it the owner's, alive during the call.
struct Destination {
  rd_kafka_t& handle;
  rd_kafka_topic_t& topic;
  int partition = 0;
};

// What became of a batch.
struct HandOver {
  std::size_t taken = 0;  // records, from the first on
  // Why librdkafka did not take the next one; no error: it took all.
  rd_kafka_resp_err_t refusal = RD_KAFKA_RESP_ERR_NO_ERROR;
};

class RecordBatch {
 public:
  struct Record {
    market::SymbolId symbol{};
    bool newest = false;           // not as it came: its symbol's last quote
    std::int64_t admitted_ns = 0;  // epoch, when the producer took the quote in
    std::int64_t event_ns = 0;     // epoch, the exchange's; 0: it said none
    std::size_t begin = 0;         // of its value
    std::size_t end = 0;
  };

  void clear() { records_.clear(); }
  // As docs/protocol.md, "Kafka record", says.
  void add(market::SymbolId symbol, const market::Quote& quote, bool newest);

  std::span<const Record> records() const { return records_; }

  // Hands the records over in order until librdkafka refuses one. Records that are `newest` say a market's
  // origin that is not live in a header.
  HandOver hand_over(const Destination& to, const market::SymbolTable& symbols, market::Origin origin) const;

  // The symbol of a record that was handed over, from librdkafka's report on it.
  static market::SymbolId symbol_of(const rd_kafka_message_t& report);

 private:
  std::vector<Record> records_;
  std::vector<char> values_;  // one after the other; those of the batch before are written over
};

}  // namespace tickcast::kafka
