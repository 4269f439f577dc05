// SPDX-License-Identifier: Apache-2.0
#include "app/http_get.h"

#include <algorithm>

#include <curl/curl.h>
#include <fmt/core.h>

namespace tickcast::app {
namespace {

constexpr long kTimeoutMs = 2'000;

struct Body {
  std::string text;
  std::size_t bytes_max;
};

std::size_t keep_start(const char* bytes, std::size_t, std::size_t count, void* into) {
  Body& body = *static_cast<Body*>(into);
  body.text.append(bytes, std::min(count, body.bytes_max - body.text.size()));
  return count;
}

}  // namespace

Result<HttpAnswer> http_get(const wire::Url& url, std::size_t body_bytes_max, const std::string& ca_file) {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  CHECK(started, "libcurl did not start");
  CURL* const curl = curl_easy_init();
  CHECK(curl != nullptr, "libcurl gave no handle");
  const std::string address = url.text();
  Body body{"", body_bytes_max};
  curl_easy_setopt(curl, CURLOPT_URL, address.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "tickcast");
  if (!ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file.c_str());
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
  return HttpAnswer{static_cast<int>(status), std::move(body.text)};
}

std::string in_one_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '.';
  }
  return text;
}

}  // namespace tickcast::app
