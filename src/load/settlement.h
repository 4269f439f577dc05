// SPDX-License-Identifier: Apache-2.0
//
// Settlement: at the end of a run, whether every client holds what the server holds. The market goes on
// meanwhile and a look-up tells no update id, so witnesses (connections opened for this, to the exchange's
// own stream of every symbol in question) give the ids: the looked-up quote is the first with its values that
// a witness was told since it was asked for, and a client must hold it, or a newer one.
//
// That may take a few look-ups: when a symbol changes faster than witnesses are served, none may have been
// told just that quote.
//
// Thread: its loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/rest_client.h"
#include "load/client.h"
#include "load/inspector.h"
#include "net/background.h"
#include "net/loop.h"

namespace tickcast::load {

class Settlement {
 public:
  static constexpr std::size_t kStreamsPerWitness = 200;
  static constexpr std::size_t kHistoryMax = 4096;  // quotes kept of a symbol between look-ups
  static constexpr std::int64_t kLookUpAgainNs = 500 * kNsPerMs;

  // `followed`: the symbols that any client follows. The other arguments must outlive it.
  Settlement(net::Loop& loop, net::Background& background, const ClientSettings& settings,
             market::SymbolTable& symbols, Inspector& inspector, std::vector<market::SymbolId> followed);
  ~Settlement();

  // Takes in what witnesses were told since; to be called now and then, before judge().
  void go_on();

  // How a client stands against the server. `undecided`: it does not hold the looked-up quote of some symbol,
  // and whether it holds a newer one can't be told (yet).
  enum class Standing : std::uint8_t { settled, outdated, undecided };
  struct Judgement {
    Standing standing = Standing::settled;
    std::optional<market::SymbolId> about;  // the first symbol that is not settled
  };
  Judgement judge(const Account& account) const;
  // Says what the client holds of a symbol, and what the server does.
  std::string explain(const Account& account, market::SymbolId symbol) const;

  // Why nothing can be compared; empty: it can.
  const std::string& failure() const { return failure_; }

 private:
  class Witness;
  // What the server holds of a symbol that is followed.
  struct Expected {
    std::uint64_t fingerprint = 0;          // as looked up; 0: not yet
    std::optional<std::int64_t> update_id;  // of that quote
    std::vector<Seen> history;  // what a witness held when it was last asked for, and was told since
  };

  void open_witnesses();
  void note(market::SymbolId symbol, const market::Quote& quote);
  void look_up();
  void take_look_up(const feed::RestOutcome<feed::RestTickers>& outcome);
  bool all_resolved() const;
  Standing compare(market::SymbolId symbol, const Seen& seen) const;
  template <class Visit>
  void each_held(const Account& account, Visit visit) const;

  net::Loop& loop_;
  net::Background& background_;
  const ClientSettings& settings_;
  market::SymbolTable& symbols_;
  Inspector& inspector_;
  std::vector<market::SymbolId> followed_;  // sorted
  std::vector<Expected> expected_;          // by symbol
  std::vector<std::unique_ptr<Witness>> witnesses_;
  std::size_t opening_ = 0;  // witnesses that are not yet open
  feed::RestClient rest_;
  bool asked_ = false;
  bool answered_ = false;
  std::int64_t asked_ns_ = 0;
  std::string failure_;
};

}  // namespace tickcast::load
