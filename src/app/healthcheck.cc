// SPDX-License-Identifier: Apache-2.0
#include "app/healthcheck.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include <curl/curl.h>
#include <fmt/core.h>

namespace tickcast::app {
namespace {

constexpr long kTimeoutMs = 2'000;
constexpr std::size_t kBodyBytesMax = 200;  // what is shown of an answer

// The start of a body; the rest is let go.
std::size_t keep_start(const char* bytes, std::size_t, std::size_t count, void* body) {
  std::string& start = *static_cast<std::string*>(body);
  start.append(bytes, std::min(count, kBodyBytesMax - start.size()));
  return count;
}

// Fit for one line of a log.
std::string in_one_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '.';
  }
  return text;
}

}  // namespace

Status healthcheck(const wire::Url& url) {
  CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl did not start");
  CURL* const curl = curl_easy_init();
  CHECK(curl != nullptr, "libcurl gave no handle");
  const std::string address = url.text();
  std::string body;
  curl_easy_setopt(curl, CURLOPT_URL, address.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "tickcast-healthcheck");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_start);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, static_cast<void*>(&body));
  const CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_cleanup(curl);

  if (code == CURLE_OPERATION_TIMEDOUT)
    return Error{fmt::format("{} did not answer within {} s", address, kTimeoutMs / 1'000)};
  if (code == CURLE_COULDNT_CONNECT)
    return Error{fmt::format("{} takes no connection: is the role up, and does it listen there?", address)};
  if (code != CURLE_OK) return Error{fmt::format("{}: {}", address, curl_easy_strerror(code))};
  if (status != 200)
    return Error{fmt::format("{} answered {} ({}), not 200", address, status, in_one_line(std::move(body)))};
  return Done{};
}

}  // namespace tickcast::app
