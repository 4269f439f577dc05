// SPDX-License-Identifier: Apache-2.0
#include "metrics/families.h"

#include <fmt/core.h>

namespace tickcast::metrics {
namespace {

constexpr Kind kCounter = Kind::counter;
constexpr Kind kGauge = Kind::gauge;
constexpr Kind kHistogram = Kind::histogram;

constexpr Family kFamilies[] = {
    // Every role.
    {"tickcast_build_info", kGauge, "version, role", "Always 1; the labels tell what runs."},
    {"tickcast_ready", kGauge, "", "1 while /readyz answers 200."},

    // Sources and the book.
    {"tickcast_source_state", kGauge, "state",
     "1 for the state that the sources are in together: connecting, live, stale or down."},
    {"tickcast_source_age_seconds", kGauge, "source, leg",
     "Time since the last event came from this source; absent until one has."},
    {"tickcast_book_symbols", kGauge, "state",
     "Symbols by state: quoted (trading, has a quote), waiting (trading, has none yet), halted."},
    {"tickcast_book_admitted_total", kCounter, "", "Quotes that the book took in, over all sources."},
    {"tickcast_quote_age_seconds", kHistogram, "hop",
     "Age of quotes as they pass a hop: received, admitted, produced (handed to Kafka), consumed, written "
     "(the "
     "newest of what a client is sent). Since the exchange made the quote where it tells, else since the "
     "first "
     "tickcast took it in."},

    // The exchange as a source.
    {"tickcast_feed_frames_total", kCounter, "source, leg",
     "Frames that came over the connections of a leg."},
    {"tickcast_feed_admitted_total", kCounter, "source, leg", "Quotes that this leg brought first."},
    {"tickcast_feed_duplicates_total", kCounter, "source, leg",
     "Quotes that another leg had brought before."},
    {"tickcast_feed_older_total", kCounter, "source, leg", "Quotes older than the one held."},
    {"tickcast_feed_refused_total", kCounter, "source, reason",
     "Frames that were not taken in: malformed, unrepresentable (numbers that do not fit exactly), "
     "unknown_event, unknown_symbol."},
    {"tickcast_feed_reconciled_total", kCounter, "source", "Values taken from REST look-ups after a gap."},
    {"tickcast_feed_connects_total", kCounter, "source", "Stream connections opened."},
    {"tickcast_feed_replacements_total", kCounter, "source, reason",
     "Connections replaced: stalled (open, but without data) or rotated (before the exchange's daily cut)."},
    {"tickcast_feed_rest_failures_total", kCounter, "source", "REST look-ups that failed."},
    {"tickcast_feed_connections", kGauge, "source", "Stream connections that are open."},
    {"tickcast_feed_streams", kGauge, "source", "Streams that are subscribed, over all connections."},

    // Kafka, the producer's side.
    {"tickcast_kafka_produced_total", kCounter, "outcome",
     "Records handed to librdkafka, by outcome: delivered, or failed (given up for the symbol's newest)."},
    {"tickcast_kafka_merged_total", kCounter, "",
     "Quotes that were replaced by a newer one of their symbol before they were written."},
    {"tickcast_kafka_rewritten_total", kCounter, "", "Unchanged last quotes that were written again."},
    {"tickcast_kafka_batches_total", kCounter, "", "Batches handed to librdkafka."},
    {"tickcast_kafka_outages_total", kCounter, "", "Times that the broker was found not to take anything."},
    {"tickcast_kafka_taking", kGauge, "", "1 while the topic takes records."},
    {"tickcast_kafka_queue_records", kGauge, "where",
     "Records on their way: waiting (for their turn here) or under_way (handed over, not acknowledged)."},
    {"tickcast_kafka_produce_seconds", kHistogram, "",
     "Time from handing a record to librdkafka to the broker's acknowledgement."},
    {"tickcast_kafka_producers_total", kCounter, "",
     "librdkafka producers made: more than one after a fatal error."},

    // Kafka, the emitter's side.
    {"tickcast_kafka_records_total", kCounter, "", "Records read from the topic."},
    {"tickcast_kafka_record_outcomes_total", kCounter, "outcome",
     "What became of records: admitted, duplicate, older, tombstone, unreadable, unrepresentable, "
     "refused_symbol."},
    {"tickcast_kafka_fetch_seconds", kHistogram, "",
     "Time from a record's timestamp, in whole milliseconds, to its being read here."},
    {"tickcast_kafka_lag_records", kGauge, "", "Records in the topic that were not read yet."},
    {"tickcast_kafka_restarts_total", kCounter, "", "Times that the topic or an offset was lost."},
    {"tickcast_kafka_troubles_total", kCounter, "",
     "Times that reading stopped: no broker answered, or the topic was not there."},

    // Clients.
    {"tickcast_clients", kGauge, "", "WebSocket connections and event streams that are open."},
    {"tickcast_clients_max", kGauge, "", "Clients that are let in at most."},
    {"tickcast_watchlists", kGauge, "", "Different sets of subscriptions among all clients."},
    {"tickcast_updates_due_total", kCounter, "",
     "Updates that clients watch: each admitted quote times the clients who follow its symbol."},
    {"tickcast_updates_sent_total", kCounter, "",
     "Updates that were sent. What is missing to those due was merged into newer ones."},
    {"tickcast_sent_bytes_total", kCounter, "", "Bytes of events that clients' sockets took."},
    {"tickcast_visits_total", kCounter, "", "Times that a client was served something."},
    {"tickcast_full_sockets_total", kCounter, "", "Visits that ended because the client's socket was full."},
    {"tickcast_serving_seconds_total", kCounter, "", "Time spent on serving clients, over all shards."},
    {"tickcast_loop_turn_longest_seconds", kGauge, "loop",
     "Longest turn of an event loop in the last 10 to 20 seconds: ingest, shard (the slowest one)."},
    {"tickcast_accepted_total", kCounter, "",
     "TCP connections that were accepted: for streams, look-ups and pages, and those refused."},
    {"tickcast_handshakes_total", kCounter, "kind", "Clients that were let in: websocket, event_stream."},
    {"tickcast_refusals_total", kCounter, "reason",
     "Connections and requests refused: full, address (too many from one), origin (of a page), tls (its "
     "handshake failed), "
     "bad_request, handshake_timeout."},
    {"tickcast_disconnects_total", kCounter, "code, by",
     "Clients that went, by close code (1006: without one) and by who ended it."},
    {"tickcast_evictions_total", kCounter, "reason",
     "Clients ended by our rules: pong_timeout, stuck (took nothing), too_many_messages."},

    // The simulated exchange.
    {"tickcast_exchange_events_total", kCounter, "", "Events of the simulated market, sent or not."},
    {"tickcast_exchange_frames_sent_total", kCounter, "", "Frames sent to subscribers."},
    {"tickcast_exchange_connections", kGauge, "", "Stream connections that are open."},

    // The process, under the names that Prometheus' own clients use.
    {"process_cpu_seconds_total", kCounter, "", "User and system time spent."},
    {"process_open_fds", kGauge, "", "Open file descriptors."},
    {"process_max_fds", kGauge, "", "Open file descriptors at most."},
    {"process_resident_memory_bytes", kGauge, "", "Memory that is resident."},
    {"process_start_time_seconds", kGauge, "", "When the process began, since the epoch."},
};

}  // namespace

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::counter:
      return "counter";
    case Kind::gauge:
      return "gauge";
    case Kind::histogram:
      return "histogram";
  }
  return "";
}

std::span<const Family> families() { return kFamilies; }

std::string reference_page() {
  std::string out =
      "# Metrics\n\n"
      "<!-- Written by the tests from src/metrics/families.cc; see CONTRIBUTING.md. -->\n\n"
      "What `/metrics` exposes. A role has those that concern it. Every counter starts at zero with the "
      "process. [How to monitor](../how-to/monitor.md) has what to watch.\n\n"
      "| name | kind | labels | meaning |\n|---|---|---|---|\n";
  for (const Family& family : families())
    out +=
        fmt::format("| `{}` | {} | {} | {} |\n", family.name, name(family.kind), family.labels, family.help);
  return out;
}

}  // namespace tickcast::metrics
