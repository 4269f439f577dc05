// SPDX-License-Identifier: Apache-2.0
//
// Intake: the short way of a frame from an exchange's socket into the book, and the counting of everything
// that is not a quote. All connections of a feed share one; nothing here allocates once warm.
//
// Thread: ingest.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "feed/feed.h"
#include "market/book.h"
#include "market/symbol_table.h"
#include "wire/ticker.h"

namespace tickcast::feed {

class Intake {
 public:
  Intake(const market::SymbolTable& symbols, market::Book& book, Stats& stats);

  // A text frame of a connection of leg `leg`, read from its socket at `received_ns` (wall clock). A ticker
  // goes into the book here; what a reply, a notice or an event of another kind means is the connection's to
  // decide.
  wire::FrameKind take(std::string_view frame, std::size_t leg, std::int64_t received_ns);
  const wire::Reply& reply() const { return reader_.reply(); }  // after FrameKind::reply

  // An event of a kind that nobody knows, after FrameKind::other.
  void take_unknown(std::string_view frame, std::int64_t received_ns);
  // A binary frame: nothing that we asked for.
  void take_binary(std::size_t bytes, std::int64_t received_ns);

  // What was taken in since the last call is passed on to the book's readers: once per read of a socket.
  void publish();

  // Tickers of other symbols are counted and ignored.
  void expect(market::SymbolId symbol) { expected_[market::index(symbol)] = true; }
  bool expected(market::SymbolId symbol) const { return expected_[market::index(symbol)]; }

  void tap(FrameTap tap) { tap_ = std::move(tap); }

  // Tickers of this symbol so far, over all legs: tells what a silent connection missed.
  std::uint64_t events(market::SymbolId symbol) const { return events_[market::index(symbol)]; }
  // Frames that may have been a quote that is lost now.
  std::uint64_t lost_frames() const;

 private:
  void take_ticker(const wire::Ticker& ticker, std::size_t leg, std::int64_t received_ns);
  void note_bad(std::string_view what, std::string_view frame, std::int64_t received_ns);

  const market::SymbolTable& symbols_;
  market::Book& book_;
  Stats& stats_;
  wire::FrameReader reader_;
  FrameTap tap_;
  std::vector<bool> expected_;         // by symbol
  std::vector<std::uint64_t> events_;  // by symbol
  bool unpublished_ = false;
  LogLimit bad_limit_{5 * kNsPerSecond};
};

}  // namespace tickcast::feed
