// SPDX-License-Identifier: Apache-2.0
//
// Feed: the exchange as a source. Finds the symbols, keeps enough connections subscribed to all of them twice
// (legs A and B), admits what arrives into the book, and notices when a connection has gone silent. Tells the
// book whether it is live, stale or down (Book::set_source). Another tickcast may stand in the exchange's
// place: then what that one says of its own source, by `!status`, bounds what is told here.
//
// Thread: ingest, the thread of the loop it is given; it is the book's only writer. stats() may be called
// from any. Two helper threads make the blocking look-ups (names, REST). The parts: roster.h (which symbols),
// plan.h (on which connections), line.h and stream_connection.h (the connections), intake.h (frames into the
// book), coverage.h and reconciler.h (gaps, and closing them by REST).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "market/book.h"
#include "market/symbol_table.h"
#include "metrics/counter.h"
#include "metrics/histogram.h"
#include "net/loop.h"
#include "wire/stream_name.h"
#include "wire/url.h"

namespace tickcast::feed {

struct Options {
  wire::Url rest;                         // https://data-api.binance.vision
  wire::Url streams;                      // wss://data-stream.binance.vision
  std::vector<std::string> symbols;       // upper case; empty: all that trade
  std::vector<std::string> quote_assets;  // upper case; empty: any
  std::string ca_file;                    // "": the system's trust store
  // Another tickcast also has Channel::quote, which tells when a quote was first taken in.
  wire::Channel channel = wire::Channel::book_ticker;

  std::size_t legs = 2;                     // how many connections carry each symbol
  std::size_t connections_per_leg_min = 2;  // at least; more when streams_per_connection_max asks for it
  // One less than the exchange allows, and other tickcasts unless told otherwise: theirs have `!status`, too.
  std::size_t streams_per_connection_max = 1023;
  std::size_t request_bytes_max = 4000;            // of one SUBSCRIBE
  double requests_per_second = 4;                  // per connection
  std::int64_t ack_timeout_ns = 5 * kNsPerSecond;  // a request without a reply: the connection is replaced
  std::int64_t rotate_after_ns = 23 * 3600 * kNsPerSecond;  // staggered; the exchange cuts at 24 h
  // No data (pings do not count) on a connection that should have some: watchdog.h.
  std::int64_t stall_after_ns = 15 * kNsPerSecond;
  std::int64_t poll_interval_ns = 60 * kNsPerSecond;  // exchangeInfo
  std::int64_t backoff_first_ns = 500 * kNsPerMs;     // doubled per failure, full jitter
  std::int64_t backoff_max_ns = 60 * kNsPerSecond;
  std::size_t connects_per_5_minutes_max = 280;  // of the 300 that the exchange allows
};

// Counters since start, written by ingest.
struct LegStats {
  metrics::Counter frames;
  metrics::Counter wins;        // admitted first
  metrics::Counter duplicates;  // the other leg was first
  metrics::Counter older;
  metrics::Counter last_ns;  // when the last frame came, epoch; 0: none has
};
struct Stats {
  static constexpr std::size_t kLegsMax = 4;
  LegStats legs[kLegsMax];
  metrics::Counter admitted;
  metrics::Counter reconciled;  // values taken from REST after a gap
  metrics::Counter malformed;
  metrics::Counter unrepresentable;
  metrics::Counter unknown_events;
  metrics::Counter unknown_symbols;
  metrics::Counter connects;
  metrics::Counter stalls;     // connections found deaf
  metrics::Counter rotations;  // planned replacements
  metrics::Counter rest_failures;
  // Age of admitted quotes when their bytes were read, where the source tells when it made them, and when the
  // book took them in.
  metrics::Histogram received_age;
  metrics::Histogram admitted_age;
  metrics::Counter open_connections;
  metrics::Counter subscribed_streams;  // acknowledged, over all connections
  // Every symbol subscribed on every leg (on one, when that lasts longer than 10 s), last values taken in.
  // Stays true.
  std::atomic<bool> ready{false};
};

// A look at every text frame of leg A as it came, before it is read (the recorder). The other legs bring the
// same again; while a connection is being replaced a few frames come twice, which their ids tell. A recorder
// that wants no second leg sets Options::legs to 1. Called in ingest.
using FrameTap = std::function<void(std::int64_t received_ns, std::string_view frame)>;

class Feed {
 public:
  Feed(net::Loop& loop, market::SymbolTable& symbols, market::Book& book, const Options& options);
  ~Feed();

  // Once. What goes wrong from here on is logged, counted and tried again.
  void start();
  void tap(FrameTap tap);  // before start()
  const Stats& stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether the exchange can be used from here, within `timeout_ns`: REST answers 200 and a stream connection
// opens. Blocking: before anything starts. The error says in a sentence why not (offline, blocked country,
// banned until ...).
Status probe(const Options& options, std::int64_t timeout_ns);

}  // namespace tickcast::feed
