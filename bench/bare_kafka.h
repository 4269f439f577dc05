// SPDX-License-Identifier: Apache-2.0
//
// What the Kafka benchmarks share: a bare librdkafka client to stand beside ours, and the quotes to move.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <librdkafka/rdkafka.h>

#include "exchange/market_model.h"
#include "market/quote.h"

namespace tickcast::bench {

inline constexpr std::size_t kSymbols = 1'400;

// An idempotent producer with this linger, or a consumer; otherwise librdkafka's defaults. Stops the program
// when librdkafka refuses. The caller destroys it.
rd_kafka_t* make_bare_producer(const std::string& brokers, const std::string& linger_ms);
rd_kafka_t* make_bare_consumer(const std::string& brokers);

// How quotes come: as the market's do, in flushes about every millisecond, with bursts
// (exchange/market_model.h), or one after the other at the same distance.
struct Rate {
  double events_per_second;
  bool steady;
};

// An episode with bursts is the same each time it is played; others come with other numbers.
std::unique_ptr<exchange::Source> make_market(const Rate& rate, int episode);

// The quote as if it had been taken in now, with an id above that of every quote before, in whatever run.
market::Quote stamped(market::Quote quote);

}  // namespace tickcast::bench
