// SPDX-License-Identifier: Apache-2.0
//
// LyingServer: for tests: a server on the test's own loop that serves one market, and tells its clients what
// the test says, true or not.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "market/quote.h"
#include "net/loop.h"
#include "wire/url.h"
#include "ws/server.h"

namespace tickcast::load::test {

class LyingServer final : private ws::Application {
 public:
  explicit LyingServer(net::Loop& loop);
  ~LyingServer();

  wire::Url url() const;

  // --- the market, of which look-ups tell the truth ---
  void list(const std::string& symbol);
  // Changes the quote, and tells nobody. The new one.
  market::Quote move(const std::string& symbol);

  // --- what clients are told; they are counted from 0 in order of opening ---
  void tell_all(const std::string& symbol);  // the truth, each in its own stream's form
  void tell(std::size_t client, std::string_view message);
  void tell_raw(std::size_t client, std::string_view bytes);  // behind what WebSocket allows
  bool refuse = false;                                        // every client, with a 503
  // A quote event as a truthful server would send it.
  static std::string event(const std::string& symbol, const market::Quote& quote, std::uint64_t merged = 1);

 private:
  struct Client {
    ws::Connection* connection = nullptr;
    bool quotes = false;  // follows quote, else bookTicker
    std::vector<std::string> symbols;
  };

  ws::Answer on_request(const wire::HttpRequest& request, bool upgrade, const net::Endpoint& peer) override;
  void on_open(ws::Connection& connection, const wire::HttpRequest& request) override;
  void on_message(ws::Connection&, const wire::Message&, std::int64_t) override {}
  void on_writable(ws::Connection&) override {}
  void on_ended(ws::Connection& connection, const ws::Ended& ended) override;
  static void tell_truth(const Client& client, const std::string& symbol, const market::Quote& quote,
                         std::uint64_t merged);

  std::uint16_t port_ = 0;
  std::unique_ptr<ws::Server> server_;
  std::map<std::string, market::Quote> market_;
  std::vector<Client> clients_;
};

}  // namespace tickcast::load::test
