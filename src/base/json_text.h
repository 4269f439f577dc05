// SPDX-License-Identifier: Apache-2.0
//
// Text as a JSON string (RFC 8259 section 7), for all who write JSON: messages, bodies, log lines. Pure.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace tickcast {

// `"text"` with quotes and escapes; bytes beyond ASCII pass as they are.
std::string json_string(std::string_view text);

}  // namespace tickcast
