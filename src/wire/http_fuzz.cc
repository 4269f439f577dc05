// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes HTTP heads, targets, the handshake and URLs with text from outside. A head must be judged alike
// whatever follows it, and nothing that was refused may be answered.
#include "wire/http.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/url.h"

namespace {

using namespace tickcast::wire;

void read_request(std::string_view bytes) {
  const ParsedRequest parsed = parse_request_head(bytes);
  if (parsed.status != HeadStatus::complete) return;
  const HttpRequest& request = parsed.request;
  CHECK(parsed.consumed <= bytes.size() && parsed.consumed <= kHttpHeadBytesMax,
        "more was consumed than there is");
  CHECK(request.target.starts_with('/') && request.path.starts_with('/'),
        "a target that is no path was taken");
  CHECK(percent_decode(percent_encode(request.path)) == request.path, "the path is not read back");

  const std::string_view head = bytes.substr(0, parsed.consumed);
  CHECK(parse_request_head(head.substr(0, head.size() - 1)).status == HeadStatus::need_more,
        "a torn head was judged");
  const ParsedRequest alone = parse_request_head(head);
  CHECK(alone.status == HeadStatus::complete && alone.request.target == request.target &&
            alone.request.headers == request.headers,
        "what follows a head changed it");

  const HandshakeAnswer answer = answer_handshake(request);
  if (!answer.accepted) {
    const std::string refusal = format_response(answer.refusal, request.keep_alive);
    CHECK(parse_response_head(refusal).response.status == answer.refusal.status, "the refusal is not HTTP");
    return;
  }
  const ParsedResponse response = parse_response_head(answer.bytes);
  CHECK(response.status == HeadStatus::complete && response.consumed == answer.bytes.size(),
        "the 101 is not a head");
  CHECK(
      check_handshake_response(response.response, *header(request.headers, "Sec-WebSocket-Key")).has_value(),
      "our client would refuse our answer");
}

void read_response(std::string_view bytes) {
  const ParsedResponse parsed = parse_response_head(bytes);
  if (parsed.status != HeadStatus::complete) return;
  CHECK(parsed.consumed <= bytes.size(), "more was consumed than there is");
  static_cast<void>(check_handshake_response(parsed.response, "dGhlIHNhbXBsZSBub25jZQ==").has_value());
}

void read_url(std::string_view text) {
  const auto url = parse_url(text, "ws");
  if (url) {
    const auto again = parse_url(url.value().text(), "ws");
    CHECK(again.has_value() && again.value().text() == url.value().text(),
          "a URL does not read back its own text");
    handshake_request(url.value().authority(), url.value().target, "dGhlIHNhbXBsZSBub25jZQ==");
  }
  const auto address = parse_listen_address(text);
  if (address)
    CHECK(parse_listen_address(address.value().text()).has_value(), "an address does not read back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_request(bytes);
  read_response(bytes);
  read_url(bytes);
  return 0;
}
