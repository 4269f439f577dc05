// SPDX-License-Identifier: Apache-2.0
//
// Metrics and health over real sockets, asked by libcurl.
#include "app/admin.h"

#include <atomic>
#include <string>
#include <utility>

#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/role_metrics.h"
#include "emitter/emitter.h"
#include "net/socket.h"

namespace tickcast::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::size_t keep(const char* bytes, std::size_t, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(bytes, count);
  return count;
}

// Status and body.
std::pair<long, std::string> get(std::uint16_t port, const std::string& path) {
  CURL* const curl = curl_easy_init();
  std::string body;
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + path;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 20'000L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, static_cast<void*>(&body));
  EXPECT_EQ(curl_easy_perform(curl), CURLE_OK);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_cleanup(curl);
  return {status, body};
}

std::unique_ptr<Admin> start(Admin::Collect collect, Admin::Ask ask) {
  auto admin = Admin::start({"127.0.0.1", 0}, "serve", std::move(collect), std::move(ask));
  EXPECT_TRUE(admin);
  return std::move(admin).value();
}

using Answer = std::pair<long, std::string>;

TEST(Admin, ReadinessFollowsTheRoleAndEndsBeforeADrain) {
  std::atomic<bool> live{false};
  const auto admin = start([](metrics::Exposition&) {},
                           [&live] {
                             return live ? Readiness{true, "live"} : Readiness{false, "stale"};
                           });
  EXPECT_EQ(get(admin->port(), "/readyz"), Answer(503, "stale\n"));
  live = true;
  EXPECT_EQ(get(admin->port(), "/readyz"), Answer(200, "live\n"));
  admin->drain();
  EXPECT_EQ(get(admin->port(), "/readyz"), Answer(503, "draining\n"));
  EXPECT_EQ(get(admin->port(), "/healthz"), Answer(200, "ok\n")) << "alive all the same";
  EXPECT_EQ(get(admin->port(), "/").first, 404);
}

TEST(Admin, ATakenPortNamesTheFlag) {
  const auto holder = net::listen_tcp({"127.0.0.1", 0}, {});
  const std::uint16_t port = net::local_endpoint(holder.value())->port();
  const auto admin = Admin::start(
      {"127.0.0.1", port}, "serve", [](metrics::Exposition&) {}, [] { return Readiness{}; });
  ASSERT_FALSE(admin);
  EXPECT_THAT(admin.error().message, AllOf(HasSubstr("--admin"), HasSubstr(std::to_string(port))));
}

TEST(Admin, AScrapeTellsOfTheProcessAndOfWhatItIsGiven) {
  market::SymbolTable symbols;
  market::Book book;
  const market::SourceId source = book.add_source();
  market::Listing listing;
  listing.symbol = "BTCUSDT";
  const auto quoted = symbols.put(listing);
  listing.symbol = "ETHUSDT";
  symbols.put(listing);
  listing.symbol = "OLDUSDT";
  listing.status = "BREAK";
  symbols.put(listing);
  market::Quote quote;
  quote.update_id = 1;
  book.admit(*quoted, quote);
  book.set_source(source, market::SourceState::stale, market::Origin::live, 0);
  emitter::Options options;
  options.listen = {"127.0.0.1", 0};
  options.shards = 2;
  options.admission.connections_max = 100;
  const auto emitter = emitter::Emitter::start(options, symbols, book);
  ASSERT_TRUE(emitter);
  const auto admin = start(
      [&](metrics::Exposition& out) {
        add_book(out, symbols, book);
        add_clients(out, (*emitter)->read_metrics());
      },
      [] {
        return Readiness{true, "live"};
      });

  EXPECT_EQ(get((*emitter)->port(), "/ws/btcusdt@bookTicker").first, 426);
  const auto [status, text] = get(admin->port(), "/metrics");
  EXPECT_EQ(status, 200);
  for (const char* line :
       {"tickcast_ready 1\n", "role=\"serve\"} 1\n", "tickcast_source_state{state=\"stale\"} 1\n",
        "tickcast_source_state{state=\"live\"} 0\n", "tickcast_book_symbols{state=\"quoted\"} 1\n",
        "tickcast_book_symbols{state=\"waiting\"} 1\n", "tickcast_book_symbols{state=\"halted\"} 1\n",
        "tickcast_book_admitted_total 1\n", "tickcast_clients 0\n", "tickcast_clients_max 100\n",
        "tickcast_accepted_total 1\n", "# TYPE process_resident_memory_bytes gauge\n"})
    EXPECT_THAT(text, HasSubstr(line));
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
  EXPECT_THAT(text, Not(HasSubstr("process_open_fds 0\n")));
}

}  // namespace
}  // namespace tickcast::app
