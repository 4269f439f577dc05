// SPDX-License-Identifier: Apache-2.0
//
// The health check against a real emitter, and against ports where nothing of use is.
#include "app/healthcheck.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emitter/emitter.h"
#include "market/book.h"
#include "market/symbol_table.h"
#include "net/socket.h"

namespace tickcast::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

wire::Url readiness(std::uint16_t port) { return {"http", "127.0.0.1", port, "/readyz"}; }

TEST(Healthcheck, FollowsTheStateOfTheSource) {
  market::SymbolTable symbols;
  market::Book book;
  const market::SourceId source = book.add_source();
  emitter::Options options;
  options.listen = {"127.0.0.1", 0};
  options.shards = 1;
  const auto emitter = emitter::Emitter::start(options, symbols, book);
  ASSERT_TRUE(emitter);
  const wire::Url url = readiness((*emitter)->port());

  const Status starting = healthcheck(url);
  ASSERT_FALSE(starting);
  EXPECT_THAT(starting.error().message, AllOf(HasSubstr(url.text()), HasSubstr("503 (connecting)")));

  book.set_source(source, market::SourceState::live, market::Origin::simulated, 0);
  EXPECT_TRUE(healthcheck(url));
  book.set_source(source, market::SourceState::stale, market::Origin::simulated, 0);
  EXPECT_FALSE(healthcheck(url));
}

TEST(Healthcheck, TellsWhenNobodyListens) {
  std::uint16_t port = 0;
  {
    const auto listener = net::listen_tcp({"127.0.0.1", 0}, {});
    port = net::local_endpoint(listener.value())->port();
  }
  EXPECT_THAT(healthcheck(readiness(port)).error().message, HasSubstr("takes no connection"));
}

TEST(Healthcheck, GivesUpOnARoleThatHangs) {
  const auto listener = net::listen_tcp({"127.0.0.1", 0}, {});  // connects, and nobody answers
  const std::uint16_t port = net::local_endpoint(listener.value())->port();
  EXPECT_THAT(healthcheck(readiness(port)).error().message, HasSubstr("did not answer within 2 s"));
}

}  // namespace
}  // namespace tickcast::app
