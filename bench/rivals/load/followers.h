// SPDX-License-Identifier: Apache-2.0
//
// Followers: the clients of one server, and how old updates were at all of them, by seconds of a run.
//
// Thread: its loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "follower.h"
#include "load/histogram.h"
#include "net/loop.h"

namespace tickcast::bench {

struct Plan {
  std::string dialect = "streams";
  net::Endpoint server;
  std::uint32_t clients = 1;
  std::vector<std::string> symbols;
};

class Followers final : private FollowerEvents {
 public:
  static constexpr std::uint32_t kDialsUnderWayMax = 64;
  static constexpr std::size_t kOfThemOnePrompt =
      10;  // every tenth is read before the others, and tells ages

  // The loop must outlive it, and its end of turn is taken.
  Followers(net::Loop& loop, const Plan& plan, std::unique_ptr<const Dialect> dialect);
  ~Followers();

  std::uint32_t served() const;                 // that have got an update at all
  std::uint32_t lost() const { return lost_; }  // that could not connect, or were dropped
  const std::string& first_loss() const { return first_loss_; }

  // One second of a run, by when updates were read.
  struct Second {
    std::uint64_t updates = 0;  // of all
    load::Histogram age;        // of those that the prompt ones read
  };
  // From now on, for so many seconds; what was noted before is forgotten.
  void measure(std::size_t seconds);
  const std::vector<std::unique_ptr<Second>>& seconds() const { return seconds_; }

 private:
  void dial();
  std::int64_t read_patient();
  void on_patient(Follower& follower, int fd) override;
  void on_open() override { ++open_; }
  void on_update(std::int64_t update_id, std::int64_t read_ns, bool prompt) override;
  void on_lost(const std::string& why) override;

  net::Loop& loop_;
  const Plan plan_;
  const std::unique_ptr<const Dialect> dialect_;
  std::vector<std::unique_ptr<Follower>> followers_;
  std::uint32_t open_ = 0;
  std::uint32_t lost_ = 0;
  std::string first_loss_;
  std::int64_t began_ns_ = 0;  // epoch
  std::vector<std::unique_ptr<Second>> seconds_;
  net::Loop::TimerId dialling_ = 0;
  const int patient_;  // epoll
};

}  // namespace tickcast::bench
