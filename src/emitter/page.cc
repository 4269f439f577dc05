// SPDX-License-Identifier: Apache-2.0
#include "emitter/page.h"

#include <algorithm>

#include "emitter/page_assets.h"

namespace tickcast::emitter {

std::optional<Asset> find_page_asset(std::string_view path) {
  const auto assets = page_assets();
  const auto found = std::ranges::find(assets, path, &PageAsset::path);
  if (found == assets.end()) return std::nullopt;
  return Asset{.content_type = found->content_type,
               .bytes = {found->begin, static_cast<std::size_t>(found->end - found->begin)},
               .etag = found->etag};
}

const wire::HttpHeaders& page_security_headers() {
  // connect-src 'self' covers ws: and wss: of the page's own host and port (Content Security Policy Level
  // 3, 6.7.2.8).
  static const wire::HttpHeaders headers = {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
       "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cache-Control", "no-cache"},
  };
  return headers;
}

}  // namespace tickcast::emitter
