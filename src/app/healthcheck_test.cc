// SPDX-License-Identifier: Apache-2.0
//
// The health check against a real admin port, and against ports where nothing of use is.
#include "app/healthcheck.h"

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/admin.h"
#include "net/socket.h"

namespace tickcast::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

wire::Url readiness(std::uint16_t port) { return {"http", "127.0.0.1", port, "/readyz"}; }

TEST(Healthcheck, SucceedsWhenTheRoleIsReadyAndElseTellsWhatItSays) {
  std::atomic<bool> live{false};
  const auto admin = Admin::start(
      {"127.0.0.1", 0}, "serve", [](metrics::Exposition&) {},
      [&live] {
        return Readiness{live, live ? "live" : "connecting"};
      });
  ASSERT_TRUE(admin);
  const wire::Url url = readiness((*admin)->port());

  const Status starting = healthcheck(url);
  ASSERT_FALSE(starting);
  EXPECT_THAT(starting.error().message, AllOf(HasSubstr(url.text()), HasSubstr("503 (connecting)")));
  live = true;
  EXPECT_TRUE(healthcheck(url));
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
