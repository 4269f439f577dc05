// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <CLI/Version.hpp>
#include <boost/version.hpp>
#include <curl/curl.h>
#include <fmt/core.h>
#include <openssl/crypto.h>
#include <simdjson.h>
#include <spdlog/version.h>
#include <zlib.h>

#include "app/roles.h"
#include "kafka/settings.h"

namespace tickcast::app {

int run_version() {
  std::printf("tickcast %s\n", TICKCAST_VERSION);
#ifdef __clang__
  std::printf("compiler %s\n", __VERSION__);
#else
  std::printf("compiler g++ %s\n", __VERSION__);
#endif
  std::printf("openssl  %s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
  std::printf("curl     %s\n", curl_version_info(CURLVERSION_NOW)->version);
  std::printf("zlib     %s\n", zlibVersion());
  std::printf("simdjson %s\n", SIMDJSON_STRINGIFY(SIMDJSON_VERSION));
  std::printf("boost    %d.%d.%d\n", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
  std::printf("fmt      %d.%d.%d\n", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
  std::printf("spdlog   %d.%d.%d\n", SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH);
  std::printf("rdkafka  %s\n", kafka::library_version().c_str());
  std::printf("cli11    %s\n", CLI11_VERSION);
  return 0;
}

}  // namespace tickcast::app
