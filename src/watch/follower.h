// SPDX-License-Identifier: Apache-2.0
//
// Follower: one connection to a server of quotes, kept up: what breaks is dialled again with back-off, a
// server that falls silent is asked for a sign of life and given up after a while, and what came before a
// silence, or before this machine slept, is never taken for current.
//
// Follows `quote` and `!status`. A server that tells no status is taken for a plain exchange: then it follows
// `bookTicker`, which has no times. Now and then a symbol's stream is subscribed to for the time that its
// first event tells: that lies between question and answer, which bounds how far the clocks are apart.
//
// Thread: its loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "feed/backoff.h"
#include "market/source.h"
#include "net/background.h"
#include "net/loop.h"
#include "watch/follow_options.h"
#include "watch/market_page.h"
#include "wire/ticker.h"
#include "ws/client.h"

namespace tickcast::watch {

class FollowerEvents {
 public:
  // The connection's state. trouble: why it ended or could not be made; retry_ns: while waiting, the moment
  // of the next attempt (steady). From `connecting` on, nothing that came before is current.
  virtual void on_link(Link link, const std::string& trouble, std::int64_t retry_ns) = 0;
  virtual void on_status(const market::SourceStatus& status) = 0;
  virtual void on_quote(const wire::ServedEvent& event, std::int64_t received_ns) = 0;
  virtual void on_bytes(std::size_t bytes) = 0;
  // The server told at `sent_ns`, by its clock, what it was asked at `asked_ns`.
  virtual void on_answer(std::int64_t asked_ns, std::int64_t sent_ns, std::int64_t received_ns) = 0;
  // The server tells no status and no times.
  virtual void on_plain_exchange() = 0;
  // All that was read together has been passed on.
  virtual void on_read_end() = 0;

 protected:
  ~FollowerEvents() = default;
};

class Follower final : private ws::ClientEvents {
 public:
  Follower(net::Loop& loop, net::Background& background, const FollowOptions& options,
           FollowerEvents& events);
  ~Follower();

  // Asks for the time there once more, soon, unless it is being asked.
  void ask_often(bool often) { ask_often_ = often; }

 private:
  void dial();
  std::string target() const;
  std::string_view clock_form() const;
  void check();
  void check_life(ws::Connection& connection, std::int64_t now_ns);
  void check_kind(std::int64_t now_ns);
  void lose(const std::string& why);
  void ask_time(ws::Connection& connection, std::int64_t now_ns);
  void take_quote(std::string_view stream, const wire::ServedEvent& event, std::int64_t received_ns);
  void take_time(const wire::ServedEvent& event, std::int64_t received_ns);
  void take_other(std::string_view text, std::int64_t received_ns);

  void on_open(ws::Connection& connection) override;
  void on_dial_failed(const ws::DialFailure& failure) override;
  void on_message(ws::Connection& connection, const wire::Message& message,
                  std::int64_t received_ns) override;
  void on_read_end(ws::Connection& connection) override;
  void on_writable(ws::Connection&) override {}
  void on_ended(ws::Connection& connection, const ws::Ended& ended) override;

  // A question for the time there.
  enum class Question : std::uint8_t { none, asked, leaving };

  net::Loop& loop_;
  net::Background& background_;
  const FollowOptions options_;
  FollowerEvents& events_;
  std::unique_ptr<ws::Client> client_;
  feed::Backoff backoff_;
  net::Loop::TimerId check_timer_ = 0;
  net::Loop::TimerId dial_timer_ = 0;
  std::int64_t checked_ns_ = 0;       // steady
  std::int64_t checked_wall_ns_ = 0;  // wall
  std::int64_t opened_ns_ = 0;        // steady; 0: not open
  bool silent_ = false;
  bool plain_exchange_ = false;
  bool has_status_ = false;

  Question question_ = Question::none;
  bool ask_often_ = true;
  std::string clock_stream_;      // "" until a symbol is known
  std::int64_t asked_ns_ = 0;     // wall
  std::int64_t next_ask_ns_ = 0;  // steady
  std::int64_t last_id_ = 0;

  wire::FrameReader reader_;
  std::vector<wire::ServedEvent> scanned_;
};

}  // namespace tickcast::watch
