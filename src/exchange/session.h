// SPDX-License-Identifier: Apache-2.0
//
// Session: what the exchange knows of one stream connection: its subscriptions, its mode, its place under the
// rules, and what faults do to it. Pure: it answers control messages with text, the venue does the sending.
// Facts: Spot WebSocket streams, "Live subscribing/unsubscribing".
//
// Thread: the exchange's. Owned by the venue, from the handshake until the turn after the connection's end.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/rules.h"
#include "wire/control.h"
#include "ws/connection.h"

namespace tickcast::exchange {

struct RunningFault;

class Session {
 public:
  // `number` counts connections from 1. The rules must outlive the session.
  Session(std::uint64_t number, std::string asked_path, bool wrapped, std::int64_t now_ns, const Rules& rules)
      : id(number),
        path(std::move(asked_path)),
        opened_ns(now_ns),
        combined(wrapped),
        rules_(rules),
        window_(rules.messages_per_second_max) {}

  const std::uint64_t id;
  const std::string path;
  const std::int64_t opened_ns;  // steady

  ws::Connection* connection = nullptr;  // null once it has ended
  bool combined;                         // events come wrapped
  bool has_unflushed = false;            // it is in the venue's list of connections to flush

  // Set by the fault runner: the faults now in effect on this connection, and whether any of them changes
  // what events become.
  std::vector<RunningFault*> faults;
  bool bent = false;
  std::size_t queue_bytes_allowed = 0;  // besides the rule's, for a frame that a fault made huge
  std::uint64_t pongs_owed = 0;         // frames that answer a fault's pings: not counted as messages

  const std::set<std::string, std::less<>>& streams() const { return streams_; }

  // What a control message, or the URL, has changed.
  struct Outcome {
    std::string reply;  // "": none is sent
    std::vector<std::string> added;
    std::vector<std::string> removed;
    bool over_limit = false;  // too many streams: to be disconnected without a word
  };
  Outcome open(const std::vector<std::string>& streams);
  Outcome answer(std::string_view request, wire::ControlReader& reader);

  // So many frames have come since the last call. False: more in one second than the rules allow.
  bool admit_frames(std::uint64_t fresh, std::int64_t now_ns);

  // Streams acknowledged while a fault kept them silent.
  std::set<std::string, std::less<>> muted;

 private:
  Outcome obey(const wire::ControlRequest& request);
  void subscribe(const std::string& stream, Outcome& outcome);

  const Rules& rules_;
  std::set<std::string, std::less<>> streams_;
  MessageWindow window_;
};

}  // namespace tickcast::exchange
