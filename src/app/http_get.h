// SPDX-License-Identifier: Apache-2.0
//
// http_get(): one plain GET of a running role's admin port. Follows no redirect and uses no proxy.
//
// Thread: any; blocks, two seconds at most.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "wire/url.h"

namespace tickcast::app {

struct HttpAnswer {
  int status = 0;
  std::string body;  // its start, when it is longer than asked for
};

// The error is a sentence that names the address. `body_bytes_max`: what is kept of the body; the rest is
// let go. `ca_file`: trusted instead of the system's authorities; "": those.
Result<HttpAnswer> http_get(const wire::Url& url, std::size_t body_bytes_max,
                            const std::string& ca_file = "");

// Fit for one line of a log.
std::string in_one_line(std::string text);

}  // namespace tickcast::app
