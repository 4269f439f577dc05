// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 heads (RFC 9112) and the WebSocket opening handshake (RFC 6455 section 4): bytes <-> values,
// without I/O. Parsing is Boost.Beast's sans-I/O parser, which only http.cc sees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tickcast::wire {

inline constexpr std::size_t kHttpHeadBytesMax = 32 * 1024;  // a URL with 1,024 streams is about 20 kB

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// A byte that names may consist of (RFC 9110 section 5.6.2).
bool is_token_char(char c);

// The first value of a header, by name in any case; nothing when absent.
std::optional<std::string_view> header(const HttpHeaders& headers, std::string_view name);

struct HttpRequest {
  std::string method;                                      // "GET"
  std::string target;                                      // as sent, percent-encoded: "/stream?streams=a/b"
  std::string path;                                        // decoded: "/stream"
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  HttpHeaders headers;
  int minor_version = 1;  // of HTTP/1.x: 0 or 1
  bool keep_alive = true;
  std::uint64_t content_length = 0;  // a body is refused by the servers here; it is only measured

  static constexpr std::uint64_t kUnknownLength = ~std::uint64_t{0};  // content_length of a chunked body

  std::optional<std::string_view> query_value(std::string_view key) const;
};

// Whether the client takes gzip: Accept-Encoding names it, or "*", without the weight 0 (RFC 9110 section
// 12.5.3).
bool accepts_gzip(const HttpRequest& request);

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
};

enum class HeadStatus : std::uint8_t { need_more, complete, bad, too_long };

struct ParsedRequest {
  HeadStatus status = HeadStatus::need_more;
  HttpRequest request;       // when complete
  std::size_t consumed = 0;  // bytes of the head; what follows it belongs to the next protocol
};
struct ParsedResponse {
  HeadStatus status = HeadStatus::need_more;
  HttpResponse response;  // head only
  std::size_t consumed = 0;
};

// Parsed once the blank line is there. Bad: not HTTP/1.x, a target that is not a path, a bad escape in it, or
// not exactly one Host (HTTP/1.0 may leave it out). Too long: no blank line within kHttpHeadBytesMax.
ParsedRequest parse_request_head(std::string_view bytes);
ParsedResponse parse_response_head(std::string_view bytes);

// The bytes of a response; adds Content-Length and Connection. A line break in a header is a bug.
std::string format_response(const HttpResponse& response, bool keep_alive);

// %41 -> A, in paths and queries ('+' stays '+': Binance's clients do not use it for space). Nothing when a %
// is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text);
std::string percent_encode(std::string_view text);  // all but unreserved characters, '@', '!' and '/'

// --- the opening handshake ---

// Whether the request asks for the WebSocket upgrade at all (Upgrade: websocket).
bool is_websocket_upgrade(const HttpRequest& request);

// Checks it as a server must (4.2.1): GET, Connection token, version 13, a key of 16 bytes. The 101 to answer
// with, or the refusal (400; 426 with Sec-WebSocket-Version: 13 for another version). Nothing from the
// request is reflected but the accept hash. `compression`: permessage-deflate is agreed on with who offers it
// (deflate_offer.h); a header of extensions that breaks its grammar is refused either way.
struct HandshakeAnswer {
  bool accepted = false;
  HttpResponse refusal;
  std::string bytes;        // of the 101, when accepted
  bool compressed = false;  // permessage-deflate was agreed on
};
HandshakeAnswer answer_handshake(const HttpRequest& request, bool compression = false);

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (4.2.2).
std::string accept_key(std::string_view key);

// The client's request and its check of the answer (4.1). `key` is base64 of 16 random bytes.
std::string handshake_request(std::string_view host, std::string_view target, std::string_view key,
                              const HttpHeaders& extra = {});
Status check_handshake_response(const HttpResponse& response, std::string_view key);

}  // namespace tickcast::wire
