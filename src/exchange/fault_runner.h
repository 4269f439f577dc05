// SPDX-License-Identifier: Apache-2.0
//
// FaultRunner: carries faults out (faults.h says what there is). It knows when each begins and ends, which
// sessions, symbols and events it is for, and makes good what a fault has withheld once it ends: every symbol
// of which an event was lost is said again under a higher id.
//
// Thread: the exchange's. Sessions point to the faults in effect on them; the runner keeps those pointers
// right.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exchange/board.h"
#include "exchange/event_frames.h"
#include "exchange/faults.h"
#include "exchange/session.h"
#include "ws/server.h"

namespace tickcast::exchange {

// One fault that was given, from then on.
struct RunningFault {
  enum class State : std::uint8_t { waiting, active, ended };
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  std::uint64_t number = 0;  // from 1
  Fault fault;
  State state = State::waiting;
  std::int64_t begins_ns = 0;  // steady
  std::int64_t ends_ns = kNever;
  std::uint64_t seen = 0;             // events, replies or requests that it was for
  std::uint64_t hits = 0;             // of them, those it changed
  bool fired = false;                 // of a fault that happens once
  SymbolNumber symbol = 0;            // when the fault names one
  std::vector<SymbolNumber> touched;  // symbols to be said again at the end; each once
  std::vector<bool> is_touched;       // by number
  std::vector<std::uint64_t> told;    // shutdown: sessions that are to be closed

  bool spent() const { return fault.times != 0 && hits >= fault.times; }
};

// What the runner needs of the exchange.
class Stage {
 public:
  virtual void for_each_session(const std::function<void(Session&)>& visit) = 0;
  // Sends the board's quote of the symbol to all who subscribed.
  virtual void publish(SymbolNumber symbol) = 0;
  // The board has a new symbol: sessions may have asked for it before.
  virtual void on_symbol_added(SymbolNumber symbol) = 0;
  // Streams of the session that were kept silent flow from now on.
  virtual void unmute(Session& session) = 0;
  // Sends the session a serverShutdown event.
  virtual void announce_shutdown(Session& session) = 0;

 protected:
  ~Stage() = default;
};

class FaultRunner {
 public:
  static constexpr std::size_t kRunningMax = 64;  // waiting or active; more are refused
  static constexpr std::size_t kEndedKept = 64;   // for describe()

  FaultRunner(Board& board, Stage& stage) : board_(board), stage_(stage), symbols_of_source_(board.size()) {}

  // The fault's number. The error says what does not fit the market (an unknown symbol) or that there are too
  // many.
  Result<std::uint64_t> give(const Fault& fault, std::int64_t now_ns);  // steady
  // Begins and ends what is due. Call once a turn.
  void advance(std::int64_t now_ns);
  // Ends all there are, those that have not begun too.
  void clear(std::int64_t now_ns);
  // The next moment at which advance() has something to do; kNever for none.
  std::int64_t next_ns() const;

  void on_open(Session& session);

  // Instead of the true answer to a request; nothing: answer it.
  std::optional<ws::Answer> refuse(bool handshake, std::int64_t wall_now_ns);
  std::int64_t lifetime_ns(std::int64_t by_the_rules) const;
  // Whether the reply to a control message is kept back.
  bool swallows_reply(const Session& session);
  // Whether streams subscribed now stay silent.
  bool mutes(const Session& session) const;
  std::size_t queue_bytes_max(const Session& session, std::size_t by_the_rules) const;

  // An event on its way to a session with `bent` set.
  void deliver(Session& session, EventFrames& event, std::int64_t wall_now_ns);

  // [{"number":1,"fault":"stall:connection=2","state":"active","hits":17},...]
  std::string describe() const;

 private:
  Status place(RunningFault& running);
  Result<SymbolNumber> find_listed(const std::string& symbol) const;
  Status place_new_symbol(RunningFault& running);

  void begin(RunningFault& running, std::int64_t now_ns);
  void end(RunningFault& running);
  void attach();
  void attach_to(Session& session);
  void fire(RunningFault& running, std::int64_t now_ns);
  void strike(RunningFault& running, Session& session);
  void close_told(RunningFault& running);
  void apply_overlay(SymbolNumber symbol);
  void say_again(RunningFault& running);
  void forget_ended();

  bool concerns(const RunningFault& running, const Session& session) const;
  RunningFault* picks(const Session& session, SymbolNumber symbol);
  void send(Session& session, RunningFault& running, EventFrames& event, std::int64_t wall_now_ns);

  Board& board_;
  Stage& stage_;
  const std::size_t symbols_of_source_;
  std::vector<std::unique_ptr<RunningFault>> faults_;  // in order of giving
  std::uint64_t last_number_ = 0;
};

}  // namespace tickcast::exchange
