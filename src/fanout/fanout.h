// SPDX-License-Identifier: Apache-2.0
//
// Fanout: who is owed what. Pure: no socket, clock or thread; a shard feeds it changes and asks it for bytes.
//
// Each change taken in gets the next number of this fan-out's own sequence. A client is a watchlist
// (interned: equal subscription sets are one object) and a cursor (the number up to which it has been
// served). What it is owed are the newest quotes of the watched symbols whose number is past its cursor,
// oldest change first, so that after any number of written bytes one cursor tells exactly what was served: a
// slow client costs its cursor and nothing else. There is no queue.
//
// A change costs a bit for each list that has its symbol, 64 lists at a time; what it changed in a list is
// found when a client is visited: from the log of recent changes, or from the list when that is shorter
// (change_log.h). Bytes are built once per (watchlist, cursor, encoding) and shared by every client in that
// state; where events do not depend on the cursor, the end of what was made for those who lag further behind
// serves too.
//
// One fan-out serves one form of stream (framing.h): listed symbols, all of them, or all of them in arrays.
// Of the whole market there is one watchlist per channel, which every symbol joins when it is first heard of.
//
// Its parts, each by itself: who watches what (watchlists.h), whose turn it is (rounds.h), what changed
// (change_log.h), up to where a client was served (position.h), and the bytes (encoder.h). Here is where they
// meet, and which clients are given the same bytes.
//
// Thread: the shard's. Bounds: 24 bytes a client, and those of its parts (position.h, watchlists.h,
// encoder.h); a batch for each encoding, and one more.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fanout/framing.h"
#include "fanout/watch.h"
#include "market/book.h"
#include "market/symbol_table.h"
#include "metrics/counter.h"

namespace tickcast::fanout {

// Updates that clients were owed, and those that were written: the rest was merged into newer ones, or is
// still owed to clients whose socket is full, or went with its client.
struct FanoutCounters {
  metrics::Counter due;
  metrics::Counter sent;
};

class Fanout {
 public:
  // The compressor is for arrays; null: there are no compressed encodings. Counts into `counters`; null: into
  // its own. Both must outlive the fan-out.
  explicit Fanout(const market::SymbolTable& symbols, Form form = {}, Compressor* compressor = nullptr,
                  FanoutCounters* counters = nullptr);
  ~Fanout();

  // --- the market's side ---

  // Takes in the newest entry of a symbol. False: it was taken in before, and is ignored.
  bool apply(market::SymbolId symbol, const market::Book::Entry& entry);

  // --- the clients' side ---

  ClientId add_client(Encoding encoding);
  void remove_client(ClientId client);
  void set_encoding(ClientId client, Encoding encoding);
  Encoding encoding(ClientId client) const;

  // REQUIRES Scope::listed. Replaces what the client watches: sorted by symbol, each symbol once, channels
  // not empty. What is new to it is owed at once: the caller serves the client after it. The first quote
  // event of a symbol that is new to the client has no `n`; the others count the updates since the one
  // before, exactly or not at all.
  void watch(ClientId client, std::span<const Watch> watches);
  std::vector<Watch> watches(ClientId client) const;
  // REQUIRES another scope, and is called once per client, which has nothing before. It is owed the last
  // quote of every symbol at once.
  void watch_market(ClientId client, Channels channel);

  // --- serving ---

  // Names the clients that changes since the last call concern, one a call, each once per round of changes;
  // false when there are none left: a pause. A client whose socket is full is not served: it asks for owed()
  // when it can be written to. A round goes through the lists, and each list's clients, in a circle that
  // begins at random after a pause, so that no position is always last; without one, where it did before.
  bool next_due(ClientId& client);

  // Whose turn next_due() looks at next, and true; false where that may be a member of another list, or the
  // first of this.
  bool expects(ClientId& client) const;

  // Bytes owed to the client: whole frames, oldest change first; empty when it is owed nothing. `now_ns`
  // (epoch) becomes emitterTime. Valid until the next call of any member but written().
  std::span<const char> owed(ClientId client, std::int64_t now_ns);

  // Tells how many bytes of the last owed() were written. Moves the client's cursor past every symbol whose
  // frames were begun, and returns the rest of a torn one: those bytes must go out before anything else.
  std::span<const char> written(ClientId client, std::size_t bytes);

  // When the newest change in the last owed() was made by the exchange or first taken in, epoch; 0: all of it
  // was there before the client. Valid as that is.
  std::int64_t newest_ns() const;

  // --- numbers ---
  std::size_t clients() const;
  std::size_t watchlists() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickcast::fanout
