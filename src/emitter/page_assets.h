// SPDX-License-Identifier: Apache-2.0
//
// The table of embedded files. Its definition and the bytes are generated from web/ by page.cmake.
#pragma once

#include <span>
#include <string_view>

namespace tickcast::emitter {

struct PageAsset {
  std::string_view path;
  std::string_view content_type;
  std::string_view etag;
  const char* begin;
  const char* end;
};

std::span<const PageAsset> page_assets();

}  // namespace tickcast::emitter
