// SPDX-License-Identifier: Apache-2.0
#include "app/role_metrics.h"

#include <algorithm>
#include <string>

namespace tickcast::app {
namespace {

using market::SourceState;
using market::SymbolId;
using metrics::Exposition;

double seconds(std::int64_t ns) { return static_cast<double>(ns) / static_cast<double>(kNsPerSecond); }

void add_age(Exposition& out, std::string_view source, std::string_view leg, std::uint64_t last_ns,
             std::int64_t now_ns) {
  if (last_ns == 0) return;
  const std::int64_t age_ns = std::max<std::int64_t>(now_ns - static_cast<std::int64_t>(last_ns), 0);
  out.add_number("tickcast_source_age_seconds", {{"source", source}, {"leg", leg}}, seconds(age_ns));
}

std::string leg_name(std::size_t leg) { return std::string(1, static_cast<char>('A' + leg)); }

}  // namespace

void add_book(Exposition& out, const market::SymbolTable& symbols, const market::Book& book) {
  const SourceState now = book.source().state;
  for (const SourceState state :
       {SourceState::connecting, SourceState::live, SourceState::stale, SourceState::down})
    out.add("tickcast_source_state", {{"state", market::name(state)}}, state == now ? 1 : 0);
  std::uint64_t quoted = 0;
  std::uint64_t waiting = 0;
  std::uint64_t halted = 0;
  market::Book::Entry entry;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const auto symbol = static_cast<SymbolId>(i);
    ++(!symbols.trading(symbol) ? halted : book.read(symbol, entry) ? quoted : waiting);
  }
  out.add("tickcast_book_symbols", {{"state", "quoted"}}, quoted);
  out.add("tickcast_book_symbols", {{"state", "waiting"}}, waiting);
  out.add("tickcast_book_symbols", {{"state", "halted"}}, halted);
  out.add("tickcast_book_admitted_total", book.head());
}

void add_ingest(Exposition& out, const net::Loop& loop) {
  out.add_number("tickcast_loop_turn_longest_seconds", {{"loop", "ingest"}}, seconds(loop.longest_turn_ns()));
}

void add_feed(Exposition& out, const feed::Stats& stats, std::string_view source, std::size_t legs,
              std::int64_t now_ns) {
  for (std::size_t i = 0; i < legs; ++i) {
    const feed::LegStats& leg = stats.legs[i];
    const std::string name = leg_name(i);
    add_age(out, source, name, leg.last_ns, now_ns);
    out.add("tickcast_feed_frames_total", {{"source", source}, {"leg", name}}, leg.frames);
    out.add("tickcast_feed_admitted_total", {{"source", source}, {"leg", name}}, leg.wins);
    out.add("tickcast_feed_duplicates_total", {{"source", source}, {"leg", name}}, leg.duplicates);
    out.add("tickcast_feed_older_total", {{"source", source}, {"leg", name}}, leg.older);
  }
  const auto refused = [&](std::string_view reason, std::uint64_t count) {
    out.add("tickcast_feed_refused_total", {{"source", source}, {"reason", reason}}, count);
  };
  refused("malformed", stats.malformed);
  refused("unrepresentable", stats.unrepresentable);
  refused("unknown_event", stats.unknown_events);
  refused("unknown_symbol", stats.unknown_symbols);
  out.add("tickcast_feed_reconciled_total", {{"source", source}}, stats.reconciled);
  out.add("tickcast_feed_connects_total", {{"source", source}}, stats.connects);
  out.add("tickcast_feed_replacements_total", {{"source", source}, {"reason", "stalled"}}, stats.stalls);
  out.add("tickcast_feed_replacements_total", {{"source", source}, {"reason", "rotated"}}, stats.rotations);
  out.add("tickcast_feed_rest_failures_total", {{"source", source}}, stats.rest_failures);
  out.add("tickcast_feed_connections", {{"source", source}}, stats.open_connections);
  out.add("tickcast_feed_streams", {{"source", source}}, stats.subscribed_streams);
  if (source != "exchange") return;
  out.add("tickcast_quote_age_seconds", {{"hop", "received"}}, stats.received_age.read());
  out.add("tickcast_quote_age_seconds", {{"hop", "admitted"}}, stats.admitted_age.read());
}

void add_sink(Exposition& out, const kafka::SinkStats& stats) {
  out.add("tickcast_kafka_produced_total", {{"outcome", "delivered"}}, stats.delivered);
  out.add("tickcast_kafka_produced_total", {{"outcome", "failed"}}, stats.failed);
  out.add("tickcast_kafka_merged_total", stats.merged);
  out.add("tickcast_kafka_rewritten_total", stats.rewritten);
  out.add("tickcast_kafka_batches_total", stats.batches);
  out.add("tickcast_kafka_outages_total", stats.outages);
  out.add("tickcast_kafka_taking", stats.taking);
  out.add("tickcast_kafka_queue_records", {{"where", "waiting"}}, stats.waiting);
  out.add("tickcast_kafka_queue_records", {{"where", "under_way"}}, stats.under_way);
  out.add("tickcast_kafka_produce_seconds", {}, stats.produce_time.read());
  out.add("tickcast_kafka_producers_total", stats.instances);
  out.add("tickcast_quote_age_seconds", {{"hop", "produced"}}, stats.produced_age.read());
}

void add_topic(Exposition& out, const kafka::SourceStats& stats, std::int64_t now_ns) {
  add_age(out, "kafka", "", stats.last_ns, now_ns);
  out.add("tickcast_kafka_records_total", stats.records);
  const auto outcome = [&](std::string_view what, std::uint64_t count) {
    out.add("tickcast_kafka_record_outcomes_total", {{"outcome", what}}, count);
  };
  outcome("admitted", stats.admitted);
  outcome("duplicate", stats.duplicates);
  outcome("older", stats.older);
  outcome("tombstone", stats.tombstones);
  outcome("unreadable", stats.unreadable);
  outcome("unrepresentable", stats.unrepresentable);
  outcome("refused_symbol", stats.refused_symbols);
  out.add("tickcast_kafka_fetch_seconds", {}, stats.fetch_time.read());
  out.add("tickcast_kafka_lag_records", stats.lag);
  out.add("tickcast_kafka_restarts_total", stats.restarts);
  out.add("tickcast_kafka_troubles_total", stats.troubles);
  out.add("tickcast_quote_age_seconds", {{"hop", "consumed"}}, stats.consumed_age.read());
}

void add_clients(Exposition& out, const emitter::ClientReading& reading) {
  out.add("tickcast_clients", reading.clients);
  out.add("tickcast_clients_max", reading.clients_max);
  out.add("tickcast_watchlists", reading.watchlists);
  out.add("tickcast_updates_due_total", reading.updates_due);
  out.add("tickcast_updates_sent_total", reading.updates_sent);
  out.add("tickcast_sent_bytes_total", reading.sent_bytes);
  out.add("tickcast_visits_total", reading.visits);
  out.add("tickcast_full_sockets_total", reading.full_sockets);
  out.add_number("tickcast_serving_seconds_total", {},
                 seconds(static_cast<std::int64_t>(reading.serving_ns)));
  out.add_number("tickcast_loop_turn_longest_seconds", {{"loop", "shard"}}, seconds(reading.longest_turn_ns));
  out.add("tickcast_accepted_total", reading.accepted);
  out.add("tickcast_handshakes_total", {{"kind", "websocket"}}, reading.upgraded);
  out.add("tickcast_handshakes_total", {{"kind", "event_stream"}}, reading.event_streams);
  out.add("tickcast_refusals_total", {{"reason", "full"}}, reading.refused_full);
  out.add("tickcast_refusals_total", {{"reason", "address"}}, reading.refused_address);
  out.add("tickcast_refusals_total", {{"reason", "origin"}}, reading.refused_origin);
  out.add("tickcast_refusals_total", {{"reason", "tls"}}, reading.tls_failures);
  out.add("tickcast_refusals_total", {{"reason", "bad_request"}}, reading.bad_requests);
  out.add("tickcast_refusals_total", {{"reason", "handshake_timeout"}}, reading.handshake_timeouts);
  for (std::size_t i = 0; i < emitter::kCodesTold.size(); ++i) {
    const std::uint16_t code = emitter::kCodesTold[i];
    const std::string name = code == 0 ? "other" : std::to_string(code);
    out.add("tickcast_disconnects_total", {{"code", name}, {"by", "client"}}, reading.ended[i][0]);
    out.add("tickcast_disconnects_total", {{"code", name}, {"by", "server"}}, reading.ended[i][1]);
  }
  out.add("tickcast_evictions_total", {{"reason", "pong_timeout"}}, reading.pong_timeouts);
  out.add("tickcast_evictions_total", {{"reason", "stuck"}}, reading.stuck);
  out.add("tickcast_evictions_total", {{"reason", "too_many_messages"}}, reading.too_many_messages);
  out.add("tickcast_quote_age_seconds", {{"hop", "written"}}, reading.written_age);
}

void add_venue(Exposition& out, const exchange::VenueCounters& counters) {
  out.add("tickcast_exchange_events_total", counters.events);
  out.add("tickcast_exchange_frames_sent_total", counters.frames_sent);
  out.add("tickcast_exchange_connections", counters.connections);
}

}  // namespace tickcast::app
