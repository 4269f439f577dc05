// SPDX-License-Identifier: Apache-2.0
//
// What each part of a role counts, told under the names of metrics/families.cc.
//
// Thread: the scraper's; the counters are read while others write them.
#pragma once

#include <string_view>

#include "emitter/client_metrics.h"
#include "exchange/venue_counters.h"
#include "feed/feed.h"
#include "kafka/topic_sink.h"
#include "kafka/topic_source.h"
#include "market/book.h"
#include "market/symbol_table.h"
#include "metrics/exposition.h"
#include "net/loop.h"

namespace tickcast::app {

void add_book(metrics::Exposition& out, const market::SymbolTable& symbols, const market::Book& book);
void add_ingest(metrics::Exposition& out, const net::Loop& loop);
// `source`: "exchange" or "upstream1", ...; `now_ns`: epoch.
void add_feed(metrics::Exposition& out, const feed::Stats& stats, std::string_view source, std::size_t legs,
              std::int64_t now_ns);
void add_sink(metrics::Exposition& out, const kafka::SinkStats& stats);
void add_topic(metrics::Exposition& out, const kafka::SourceStats& stats, std::int64_t now_ns);
void add_clients(metrics::Exposition& out, const emitter::ClientReading& reading);
void add_venue(metrics::Exposition& out, const exchange::VenueCounters& counters);

}  // namespace tickcast::app
