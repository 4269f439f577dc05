// SPDX-License-Identifier: Apache-2.0
//
// StreamConnection: one connection to the exchange's streams, from its dial to its end. It subscribes to its
// symbols in paced requests, one in flight at a time (so that a delayed network cannot bunch them up at the
// exchange's door), passes frames to the intake, and tells its owner what happens to it. When to make one and
// when to give it up is the owner's decision (line.h).
//
// Thread: ingest. Follows the exchange's "WebSocket streams": control messages, limits, serverShutdown.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "feed/intake.h"
#include "market/source.h"
#include "net/background.h"
#include "net/loop.h"
#include "net/stream.h"
#include "wire/url.h"
#include "ws/client.h"

namespace tickcast::feed {

// How a connection is made and how it subscribes: the same for all of a feed.
struct StreamSettings {
  wire::Url url;
  wire::Channel channel = wire::Channel::book_ticker;
  bool status = false;  // follow `!status` too: an exchange has no such stream
  std::shared_ptr<const net::TlsContext>
      tls;  // of a wss URL; shared, so that a connection may end after its feed
  std::size_t request_bytes_max = 4000;
  std::int64_t request_interval_ns = 250 * kNsPerMs;
  std::int64_t ack_timeout_ns = 5 * kNsPerSecond;
  std::int64_t dial_timeout_ns = 10 * kNsPerSecond;
};

// The path and query to ask for, from the URL a person typed: bare, so that names cost requests but no URL
// limit applies.
std::string stream_target(const wire::Url& url);

// Why a connection is no more.
struct Loss {
  std::string why;           // a sentence
  int http_status = 0;       // when the opening handshake was refused with one
  std::string retry_after;   // that header of the refusal, if any
  bool dial_failed = false;  // it never opened
};

class StreamConnection;

class StreamOwner {
 public:
  virtual void on_open(StreamConnection& connection) = 0;
  // The exchange has acknowledged these: their quotes flow from now on.
  virtual void on_acknowledged(StreamConnection& connection, std::span<const market::SymbolId> symbols) = 0;
  // The exchange refuses this one by its name: not part of the connection any more.
  virtual void on_refused(StreamConnection& connection, market::SymbolId symbol,
                          const std::string& words) = 0;
  // The server tells another state of its own source: heard_state().
  virtual void on_status(StreamConnection& connection) = 0;
  // The exchange is about to end the connection.
  virtual void on_shutdown_notice(StreamConnection& connection) = 0;
  // The last call; the owner disposes of the connection through its loop.
  virtual void on_lost(StreamConnection& connection, const Loss& loss) = 0;

 protected:
  ~StreamOwner() = default;
};

class StreamConnection final : private ws::ClientEvents {
 public:
  // Dials at once. `id` names it in counts, `leg` is whose it is. All references must outlive it.
  StreamConnection(net::Loop& loop, net::Background& resolver, const StreamSettings& settings,
                   const market::SymbolTable& symbols, Intake& intake, StreamOwner& owner, std::uint32_t id,
                   std::size_t leg);
  ~StreamConnection();

  // Subscribes to these too; what it has or has asked for already is left out.
  void subscribe(std::span<const market::SymbolId> symbols);

  // Ends it with a closing handshake; on_lost follows. What still arrives is taken in.
  void close();

  std::uint32_t id() const { return id_; }
  std::size_t leg() const { return leg_; }
  bool open() const { return opened_ns_ != 0; }
  // Open, and everything that was asked for is acknowledged.
  bool subscribed() const { return open() && waiting_.empty() && in_flight_.empty(); }
  bool shutdown_noticed() const { return shutdown_noticed_; }
  // Whether the server's own source can be trusted, as `!status` said last; nothing: it has said nothing. It
  // is told before any symbol is acknowledged.
  std::optional<market::SourceState> heard_state() const { return heard_state_; }
  std::span<const market::SymbolId> acknowledged() const { return acknowledged_; }
  std::size_t stream_count() const { return streams_.size(); }  // acknowledged or asked for

  // Steady clock; 0: not yet.
  std::int64_t opened_ns() const { return opened_ns_; }
  std::int64_t last_ack_ns() const { return last_ack_ns_; }
  std::int64_t last_data_ns() const { return last_data_ns_; }  // a ticker; pings and replies do not count
  std::uint64_t tickers() const { return tickers_; }

 private:
  using Names = std::vector<market::SymbolId>;

  void on_open(ws::Connection& connection) override;
  void on_dial_failed(const ws::DialFailure& failure) override;
  void on_message(ws::Connection& connection, const wire::Message& message,
                  std::int64_t received_ns) override;
  void on_read_end(ws::Connection& connection) override;
  void on_writable(ws::Connection& connection) override;
  void on_ended(ws::Connection& connection, const ws::Ended& ended) override;

  void queue(std::span<const market::SymbolId> symbols);
  void send_next();
  void take_other(std::string_view frame, std::int64_t received_ns);
  void on_reply(const wire::Reply& reply);
  void on_acknowledgement();
  void on_error_reply(const wire::Reply& reply);
  void give_up(const std::string& why);

  net::Loop& loop_;
  const StreamSettings& settings_;
  const market::SymbolTable& symbols_;
  Intake& intake_;
  StreamOwner& owner_;
  std::uint32_t id_;
  std::size_t leg_;
  std::shared_ptr<const net::TlsContext> tls_;

  std::vector<market::SymbolId> streams_;       // acknowledged or asked for, sorted
  std::vector<market::SymbolId> acknowledged_;  // in order of acknowledgement
  std::deque<Names> waiting_;                   // requests not sent yet
  Names in_flight_;                             // the request that waits for its reply; empty: none
  std::int64_t request_id_ = 0;
  std::uint32_t errors_ = 0;          // replies, while nothing was acknowledged
  std::int64_t next_request_ns_ = 0;  // pacing
  net::Loop::TimerId pace_timer_ = 0;
  net::Loop::TimerId ack_timer_ = 0;

  std::int64_t opened_ns_ = 0;
  std::int64_t last_ack_ns_ = 0;
  std::int64_t last_data_ns_ = 0;
  std::uint64_t tickers_ = 0;
  bool shutdown_noticed_ = false;
  std::optional<market::SourceState> heard_state_;
  std::string given_up_why_;            // our own reason, when we end it
  std::unique_ptr<ws::Client> client_;  // the last member: its callbacks use those above
};

}  // namespace tickcast::feed
