// SPDX-License-Identifier: Apache-2.0
//
// healthcheck(): asks a running role whether it is ready, as a container's health check or a supervisor does.
// One plain GET, answered within two seconds or not at all. Follows no redirect and uses no proxy.
//
// Thread: main, before any other; blocks.
#pragma once

#include "base/result.h"
#include "wire/url.h"

namespace tickcast::app {

// Done when the answer is 200; otherwise a sentence that names the address and what it said.
Status healthcheck(const wire::Url& url);

}  // namespace tickcast::app
