// SPDX-License-Identifier: Apache-2.0
//
// Tally: all that the clients of one process have counted. Plain data without pointers, in memory that the
// process shares with the one that reports: counters may be read while they grow, the rest once the process
// has ended its run.
//
// Thread: one writer.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "load/histogram.h"

namespace tickcast::load {

// A count with one writer and any number of readers.
class Counter {
 public:
  Counter() = default;
  Counter(const Counter& other) : value_(other.get()) {}
  Counter& operator=(const Counter& other) {
    value_.store(other.get(), std::memory_order_relaxed);
    return *this;
  }
  void add(std::uint64_t more = 1) { value_.store(get() + more, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "processes share it");
};

// A line of text; what does not fit is cut.
class Line {
 public:
  void set(std::string_view text);
  bool empty() const { return text_[0] == '\0'; }
  std::string_view view() const { return text_.data(); }

 private:
  std::array<char, 240> text_{};
};

// What a server may do wrong, each seen by another check.
enum class Fault : std::uint8_t {
  framing,       // breaks the WebSocket protocol
  unreadable,    // a message that is none of the events a server may send
  unasked,       // a quote of a symbol that the client did not subscribe to
  backwards,     // an older quote of a symbol after a newer one
  repeated,      // the same quote of a symbol twice
  uncounted,     // the merged updates (`n`) that two clients were told do not add up to the same
  contradicted,  // one update id, two different quotes
  outdated,      // at the end, a client does not hold what the server's look-up says
};
inline constexpr std::size_t kFaults = 8;
std::string_view name(Fault fault);

struct Finding {
  Counter count;
  Line first;  // where and what
};

struct Outlier {
  std::uint32_t client = 0;
  std::int64_t value = -1;  // -1: there is none
};

struct Tally {
  // --- connections ---
  Counter started;
  Counter connected;
  Counter refused;       // the server answered, but with something else than a WebSocket
  Counter failed;        // it did not even answer
  Counter lost;          // clients that read, ended by the server or the network before the run was over
  Counter lost_stalled;  // clients that did not: a server may be rid of them
  Line first_failure;
  Line first_loss;
  Line broken;  // why the process could not do its part at all; empty: it could

  // --- while measuring ---
  Counter messages;    // WebSocket messages with quotes: what "a delivery" is
  Counter quotes;      // in them; more than one in an array
  Counter bytes;       // of the messages' frames
  Counter merged;      // updates that were merged into later ones for a client, as told by `n`
  Counter unrelated;   // messages of other kinds
  Counter without_id;  // quotes whose order can't be told
  Counter early;       // quotes from the future: the clocks of two machines differ
  Histogram age;       // ns from the quote's producerTime to its receipt, of clients that read all they can
  Histogram slow_age;  // the same of slow clients, whose own sockets hold quotes back
  Outlier oldest;      // the client that got the oldest quote (its age), among those that read all they can
  Outlier fewest;      // the one that got the fewest messages (their number), among the same
  std::int64_t measured_ns = 0;  // time it took
  std::int64_t cpu_ns = 0;       // of this process in that time
  std::int64_t late_ns = 0;      // by which the loop came late to a timer, at worst

  // --- the end ---
  Counter checked;              // clients whose last quotes were compared
  Counter undecided;            // clients of which it could not be decided
  Line unchecked;               // why there was nothing to compare with
  std::int64_t settled_ns = 0;  // time until all clients had caught up

  std::array<Finding, kFaults> findings;

  void found(Fault fault, std::string_view what);
  const Finding& finding(Fault fault) const { return findings[static_cast<std::size_t>(fault)]; }
  std::uint64_t faults() const;
  void add(const Tally& other);  // times: the longest of the two; CPU: the sum
};

}  // namespace tickcast::load
