// SPDX-License-Identifier: Apache-2.0
#include "app/healthcheck.h"

#include <cstddef>

#include <fmt/core.h>

#include "app/http_get.h"

namespace tickcast::app {
namespace {

constexpr std::size_t kBodyBytesMax = 200;  // what is shown of an answer

}  // namespace

Status healthcheck(const wire::Url& url) {
  auto answer = http_get(url, kBodyBytesMax);
  if (!answer) return answer.error();
  if (answer->status != 200) {
    return Error{fmt::format("{} answered {} ({}), not 200", url.text(), answer->status,
                             in_one_line(std::move(answer->body)))};
  }
  return Done{};
}

}  // namespace tickcast::app
