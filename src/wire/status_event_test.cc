// SPDX-License-Identifier: Apache-2.0
#include "wire/status_event.h"

#include <gtest/gtest.h>

namespace tickcast::wire {
namespace {

using market::Origin;
using market::SourceState;
using market::SourceStatus;

TEST(StatusEvent, IsReadAsItWasWrittenAloneAndWrapped) {
  for (const SourceState state :
       {SourceState::connecting, SourceState::live, SourceState::stale, SourceState::down}) {
    for (const Origin origin : {Origin::live, Origin::simulated, Origin::replay}) {
      const SourceStatus status{state, 1'732'320'000'123, origin};
      EXPECT_EQ(read_status_event(status_event(status, false)), status);
      EXPECT_EQ(read_status_event(status_event(status, true)), status);
    }
  }
}

TEST(StatusEvent, IsSpeltAsTheProtocolSays) {
  EXPECT_EQ(
      status_event({SourceState::live, 5, Origin::simulated}, true),
      R"({"stream":"!status","data":{"e":"status","state":"live","since":5,"symbols":"all","origin":"simulated"}})");
}

TEST(StatusEvent, OfALaterVersionIsReadAsFarAsItIsKnown) {
  EXPECT_EQ(read_status_event(R"({"more":[{"x":1}],"state":"stale","e":"status"})"),
            (SourceStatus{SourceState::stale, 0, Origin::live}));
}

TEST(StatusEvent, IsNothingElse) {
  for (const char* text : {"", "[]", "{}", R"({"e":"quote","state":"live"})", R"({"e":"status"})",
                           R"({"e":"status","state":"merry"})", R"({"e":"status","state":"live"} x)",
                           R"({"e":"status","state":"live")"}) {
    EXPECT_FALSE(read_status_event(text)) << text;
  }
}

}  // namespace
}  // namespace tickcast::wire
