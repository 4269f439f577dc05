// SPDX-License-Identifier: Apache-2.0
//
// MarketPage: the picture of a market: what `tickcast watch URL` shows. Grey is what is not current: nothing
// is, unless the server is heard, says that its source is live, and quotes do not come late.
//
// Pure: a model in, a screen out. Thread: the owner's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "market/source.h"
#include "watch/frame.h"
#include "watch/gauges.h"
#include "watch/quote_table.h"
#include "watch/screen.h"
#include "watch/view.h"

namespace tickcast::watch {

// The connection to the server.
enum class Link : std::uint8_t {
  connecting,
  open,
  silent,   // open, but questions are not answered
  waiting,  // to try again
};

// What is known of the connection and of the server.
struct Trust {
  // Quotes whose median age is above this are not current, whatever the server says: it, the network or this
  // machine does not keep up.
  static constexpr std::int64_t kLateNs = 5 * kNsPerSecond;

  Link link = Link::connecting;
  std::string trouble;                         // why it is not open; "": none was met
  std::int64_t link_since_ns = 0;              // steady
  std::int64_t retry_ns = 0;                   // while waiting: when, steady
  std::optional<market::SourceStatus> status;  // as this connection told it last
  bool plain_exchange = false;                 // a server that tells neither its status nor times
  std::optional<std::int64_t> age_p50_ns;

  bool current() const { return link == Link::open && (status_live() || plain_exchange) && !late(); }
  bool late() const { return age_p50_ns.value_or(0) > kLateNs; }

 private:
  bool status_live() const { return status && status->state == market::SourceState::live; }
};

// Ages of quotes hop by hop, raw: by the clocks of where they were taken.
struct Hops {
  static constexpr std::size_t kSamplesMax = 8192;

  Percentiles age{kSamplesMax};       // taken in at the source -> received here
  Percentiles sent{kSamplesMax};      // taken in -> sent by the server
  Percentiles received{kSamplesMax};  // sent -> received here
  Percentiles drawn{1024};            // received -> drawn

  void clear() { age.clear(), sent.clear(), received.clear(), drawn.clear(); }
};

// The numbers above the table, taken once a second so that they can be read.
struct MarketNumbers {
  double events_per_s = 0;
  double updates_per_s = 0;  // of the exchange: merged ones included
  double bytes_per_s = 0;
  Ages age;
  Ages sent;
  Ages received;
  Ages drawn;
  std::optional<std::int64_t> clock_offset_ns;
  std::int64_t clock_uncertainty_ns = 0;
};

struct MarketPicture {
  const QuoteTable& table;
  std::span<const std::size_t> order;
  const Trust& trust;
  const MarketNumbers& numbers;
  std::string url;
  std::string follows;                    // "3 symbols", "every symbol at 250 ms"
  std::optional<std::int64_t> paused_ns;  // for how long
  std::int64_t now_ns = 0;
  std::int64_t wall_ns = 0;
};

std::span<const Column> market_columns();  // as QuoteTable::Column counts them
inline constexpr std::size_t kMarketNumberLines = 3;

void draw_market(Screen& screen, const View& view, const Marks& marks, const MarketPicture& picture);

// In one word, and a sentence about it: "LIVE simulated", "OFFLINE retry in 3 s".
Heading market_heading(const MarketPicture& picture);

}  // namespace tickcast::watch
