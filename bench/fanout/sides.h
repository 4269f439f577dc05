// SPDX-License-Identifier: Apache-2.0
//
// Sides: what serves the clients of a fan-out benchmark: an emitter, or a bare loop that does the least
// possible for the same bytes. What the measures of several files need of both.
//
// Thread: the benchmark's; an emitter's shards are threads of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crowd.h"
#include "emitter/emitter.h"
#include "market/book.h"
#include "market/symbol_table.h"
#include "net/socket.h"

namespace tickcast::bench {

constexpr std::size_t kListSymbols = 100;  // that a client of `same` and `different` watches

using Lists = std::vector<std::vector<std::size_t>>;  // by client: the symbols it watches

void sleep_until(std::int64_t steady_at_ns);

// What is published next: numbers count from 1 over a side's life.
class Side {
 public:
  virtual ~Side() = default;
  virtual std::uint16_t port() const = 0;
  virtual bool asks() const { return true; }  // clients come with a handshake
  virtual void settle(int) {}                 // so many clients have connected
  virtual void publish(std::span<const std::size_t> symbols) = 0;
  std::int64_t number = 0;
};

class EmitterSide final : public Side {
 public:
  // `options` but for the address, and of one shard unless they say more.
  explicit EmitterSide(std::size_t symbols, emitter::Options options = {});
  std::uint16_t port() const override { return emitter_->port(); }
  void publish(std::span<const std::size_t> symbols) override;
  emitter::ClientReading read_metrics() const { return emitter_->read_metrics(); }

 private:
  market::SymbolTable symbols_;
  market::Book book_;
  std::vector<market::SymbolId> ids_;
  std::unique_ptr<emitter::Emitter> emitter_;
};

// A listener with the emitter's own socket settings, and what it accepted: watched, as by every server that
// would hear of a client's end, which costs the kernel a call for each acknowledgement.
class BareSide : public Side {
 public:
  BareSide();
  ~BareSide() override;
  std::uint16_t port() const override { return net::local_endpoint(listener_)->port(); }
  bool asks() const override { return false; }
  void settle(int clients) override;

 protected:
  static void write_all(const net::Socket& socket, std::string_view bytes);

  net::Socket listener_;
  std::vector<net::Socket> sockets_;

 private:
  int epoll_;
};

CrowdPlan plan_of(const Side& side, int clients, std::function<std::string(int)> path);
std::string listed_path(std::span<const std::size_t> list);
std::vector<std::size_t> first_symbols(std::size_t count);
Lists different_lists(std::size_t clients, std::size_t symbols);  // kListSymbols of these each, drawn

}  // namespace tickcast::bench
