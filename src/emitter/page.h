// SPDX-License-Identifier: Apache-2.0
//
// Page: the live page's files (web/), carried inside the binary. Read-only data of the program: lives as long
// as it does.
//
// Thread: any.
#pragma once

#include <optional>
#include <string_view>

#include "wire/http.h"

namespace tickcast::emitter {

struct Asset {
  std::string_view content_type;  // "text/html; charset=utf-8"
  std::string_view bytes;
  std::string_view
      etag;  // quoted, a hash of the bytes: a request whose If-None-Match names it may be answered 304
};

// The file behind a decoded path: "/" is the page itself, "/app.js" and so on what it loads. Nothing for any
// other path.
std::optional<Asset> find_page_asset(std::string_view path);

// What every answer with an asset must carry: nothing but the page's own files and its own server's streams
// may be loaded, no other page may frame it, and browsers ask anew (with the ETag) each time, so that page
// and binary are always of one version.
const wire::HttpHeaders& page_security_headers();

}  // namespace tickcast::emitter
