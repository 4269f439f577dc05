// SPDX-License-Identifier: Apache-2.0
//
// Heads are parsed only once their blank line has come, so a peer that sends a byte at a time costs one
// parse, not thousands.
#include "wire/http.h"

#include <algorithm>
#include <array>
#include <exception>
#include <limits>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <openssl/evp.h>

#include "base/check.h"
#include "wire/deflate_offer.h"

namespace tickcast::wire {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kWebSocketVersion = "13";
constexpr std::size_t kKeyBytes = 16;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_in_any_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Calls visit with each piece of `text` between separators, until it returns false.
template <class Visit>
void split(std::string_view text, char separator, Visit visit) {
  while (true) {
    const std::size_t end = text.find(separator);
    if (!visit(text.substr(0, end)) || end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

std::size_t count(const HttpHeaders& headers, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [&](const auto& h) { return equal_in_any_case(h.first, name); }));
}

// Whether one of the comma-separated tokens in all headers of that name is `token`, in any case (RFC 9110
// section 5.6.1).
bool has_token(const HttpHeaders& headers, std::string_view name, std::string_view token) {
  bool found = false;
  for (const auto& [key, value] : headers) {
    if (!equal_in_any_case(key, name)) continue;
    split(value, ',',
          [&](std::string_view piece) { return !(found = found || equal_in_any_case(trim(piece), token)); });
  }
  return found;
}

// What is behind the first separator, and cuts it off `text` with the separator.
std::string_view cut_rest(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

// Whether a weight is zero: "q=0", "q=0.000".
bool weighs_nothing(std::string_view parameter) {
  const std::string_view value = trim(cut_rest(parameter, '='));
  return equal_in_any_case(trim(parameter), "q") && !value.empty() && value.front() == '0' &&
         value.find_first_not_of("0.") == std::string_view::npos;
}

// What can be said before the head is parsed; complete: its end is in `bytes`.
struct Extent {
  HeadStatus status;
  std::size_t head_bytes = 0;
};
Extent find_head(std::string_view bytes) {
  // Anything else than HTTP (a TLS hello on a clear port) is told at once.
  if (!bytes.empty() && !is_token_char(bytes.front())) return {HeadStatus::bad};
  const std::size_t end = bytes.substr(0, kHttpHeadBytesMax).find(kEndOfHead);
  if (end != std::string_view::npos) return {HeadStatus::complete, end + kEndOfHead.size()};
  return {bytes.size() < kHttpHeadBytesMax ? HeadStatus::need_more : HeadStatus::too_long};
}

// Feeds a whole head to Beast's parser. False: not HTTP/1.x.
template <class Parser>
bool parse_head(Parser& parser, std::string_view head) {
  parser.header_limit(static_cast<std::uint32_t>(kHttpHeadBytesMax));
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  boost::beast::error_code error;
  const std::size_t used = parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
  return !error && used == head.size() && parser.is_header_done();
}

template <class Fields>
HttpHeaders copy_headers(const Fields& fields) {
  HttpHeaders headers;
  for (const auto& field : fields) headers.emplace_back(view(field.name_string()), view(field.value()));
  return headers;
}

bool parse_query(std::string_view text, HttpRequest& request) {
  bool good = true;
  split(text, '&', [&](std::string_view piece) {
    if (piece.empty()) return true;
    const std::size_t equals = std::min(piece.find('='), piece.size());
    auto key = percent_decode(piece.substr(0, equals));
    auto value = percent_decode(piece.substr(std::min(equals + 1, piece.size())));
    good = key.has_value() && value.has_value();
    if (good) request.query.emplace_back(std::move(*key), std::move(*value));
    return good;
  });
  return good;
}

// Origin form only (RFC 9112 section 3.2.1): no proxy, no OPTIONS *.
bool parse_target(HttpRequest& request) {
  const std::string_view target = request.target;
  if (!target.starts_with('/') || target.find('#') != std::string_view::npos) return false;
  const std::size_t mark = std::min(target.find('?'), target.size());
  auto path = percent_decode(target.substr(0, mark));
  if (!path) return false;
  request.path = std::move(*path);
  return mark == target.size() || parse_query(target.substr(mark + 1), request);
}

bool read_request(std::string_view head, HttpRequest& request) {
  http::request_parser<http::empty_body> parser;
  if (!parse_head(parser, head)) return false;
  const auto& message = parser.get();
  request.method = view(message.method_string());
  request.target = view(message.target());
  request.minor_version = message.version() >= 11 ? 1 : 0;
  request.headers = copy_headers(message);
  request.keep_alive = parser.keep_alive();
  if (parser.chunked()) request.content_length = HttpRequest::kUnknownLength;
  if (const auto length = parser.content_length()) request.content_length = *length;

  // RFC 9112 section 3.2: exactly one Host, which HTTP/1.0 alone may leave out.
  const std::size_t hosts = count(request.headers, "Host");
  if (hosts > 1 || (hosts == 0 && request.minor_version >= 1)) return false;
  return parse_target(request);
}

bool read_response(std::string_view head, HttpResponse& response) {
  http::response_parser<http::empty_body> parser;
  parser.skip(true);
  if (!parse_head(parser, head)) return false;
  response.status = static_cast<int>(parser.get().result_int());
  response.headers = copy_headers(parser.get());
  return true;
}

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string text(4 * ((size + 2) / 3), '\0');
  std::string terminated(text.size() + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(terminated.data()), bytes, static_cast<int>(size));
  text.assign(terminated, 0, text.size());
  return text;
}

// 4.2.1 item 5: base64 of 16 bytes, which is 22 digits and two '='.
bool is_key(std::string_view text) {
  constexpr std::size_t kDigits = (kKeyBytes * 8 + 5) / 6;
  if (text.size() != kDigits + 2 || !text.ends_with("==")) return false;
  return std::all_of(text.begin(), text.begin() + kDigits, [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  });
}

std::string_view reason_phrase(int status) {
  if (status == 418)
    return "I'm a teapot";  // the exchange's word for a banned address; Beast does not know it
  const std::string_view phrase = view(http::obsolete_reason(static_cast<http::status>(status)));
  return phrase.starts_with('<') ? "" : phrase;
}

// Our own texts go out in heads; a line break in one would let it forge a header.
void append_header(std::string& out, std::string_view name, std::string_view value) {
  CHECK(!name.empty() && std::all_of(name.begin(), name.end(), is_token_char),
        "a header's name is not a token");
  CHECK(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
        "a header's value holds a line break");
  out.append(name).append(": ").append(value).append("\r\n");
}

HandshakeAnswer refuse(int status, std::string_view why) {
  HandshakeAnswer answer;
  answer.refusal.status = status;
  answer.refusal.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  if (status == 426) {
    answer.refusal.headers.emplace_back("Upgrade", "websocket");
    answer.refusal.headers.emplace_back("Sec-WebSocket-Version", kWebSocketVersion);
  }
  answer.refusal.body.append(why).append("\n");
  return answer;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

// The values of all headers of that name as one list (RFC 9110 section 5.3).
std::string joined(const HttpHeaders& headers, std::string_view name) {
  std::string list;
  for (const auto& [key, value] : headers) {
    if (equal_in_any_case(key, name)) list.append(value).append(",");
  }
  return list;
}

}  // namespace

bool is_token_char(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

std::optional<std::string_view> header(const HttpHeaders& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (equal_in_any_case(key, name)) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> HttpRequest::query_value(std::string_view key) const {
  for (const auto& [name, value] : query) {
    if (name == key) return value;
  }
  return std::nullopt;
}

ParsedRequest parse_request_head(std::string_view bytes) {
  ParsedRequest parsed;
  const Extent extent = find_head(bytes);
  parsed.status = extent.status;
  if (extent.status != HeadStatus::complete) return parsed;
  try {
    if (!read_request(bytes.substr(0, extent.head_bytes), parsed.request)) parsed.status = HeadStatus::bad;
  } catch (const std::exception&) {  // Beast's field store refuses what it can't hold
    parsed.status = HeadStatus::bad;
  }
  parsed.consumed = extent.head_bytes;
  return parsed;
}

ParsedResponse parse_response_head(std::string_view bytes) {
  ParsedResponse parsed;
  const Extent extent = find_head(bytes);
  parsed.status = extent.status;
  if (extent.status != HeadStatus::complete) return parsed;
  try {
    if (!read_response(bytes.substr(0, extent.head_bytes), parsed.response)) parsed.status = HeadStatus::bad;
  } catch (const std::exception&) {
    parsed.status = HeadStatus::bad;
  }
  parsed.consumed = extent.head_bytes;
  return parsed;
}

std::string format_response(const HttpResponse& response, bool keep_alive) {
  CHECK(response.status >= 100 && response.status <= 999, "an HTTP status has three digits");
  const bool without_body = response.status < 200 || response.status == 204 || response.status == 304;
  std::string out = "HTTP/1.1 ";
  out.append(std::to_string(response.status))
      .append(" ")
      .append(reason_phrase(response.status))
      .append("\r\n");
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  if (!without_body) append_header(out, "Content-Length", std::to_string(response.body.size()));
  append_header(out, "Connection", keep_alive ? "keep-alive" : "close");
  out.append("\r\n");
  if (!without_body) out.append(response.body);
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kKept = "-._~@!/";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if ((lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
        kKept.find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

bool accepts_gzip(const HttpRequest& request) {
  std::optional<bool> named;
  bool any = false;
  for (const auto& [key, value] : request.headers) {
    if (!equal_in_any_case(key, "Accept-Encoding")) continue;
    split(value, ',', [&](std::string_view coding) {
      const bool wanted = !weighs_nothing(cut_rest(coding, ';'));
      if (equal_in_any_case(trim(coding), "gzip")) named = wanted;
      if (trim(coding) == "*") any = wanted;
      return true;
    });
  }
  return named.value_or(any);
}

bool is_websocket_upgrade(const HttpRequest& request) {
  return has_token(request.headers, "Upgrade", "websocket");
}

HandshakeAnswer answer_handshake(const HttpRequest& request, bool compression) {
  const HttpHeaders& headers = request.headers;
  if (!is_websocket_upgrade(request))
    return refuse(426, "This address speaks WebSocket: Upgrade: websocket is missing.");
  if (request.method != "GET") return refuse(400, "A WebSocket handshake is a GET request.");
  if (request.minor_version < 1) return refuse(400, "A WebSocket handshake needs HTTP/1.1.");
  if (count(headers, "Host") != 1) return refuse(400, "A WebSocket handshake needs one Host header.");
  if (request.content_length != 0) return refuse(400, "A WebSocket handshake has no body.");
  if (!has_token(headers, "Connection", "upgrade")) return refuse(400, "Connection: Upgrade is missing.");

  if (count(headers, "Sec-WebSocket-Version") != 1)
    return refuse(400, "One Sec-WebSocket-Version header is needed: 13.");
  if (*header(headers, "Sec-WebSocket-Version") != kWebSocketVersion) {
    return refuse(426, "The version of WebSocket spoken here is 13.");
  }
  const auto key = header(headers, "Sec-WebSocket-Key");
  if (count(headers, "Sec-WebSocket-Key") != 1 || !is_key(*key)) {
    return refuse(400, "One Sec-WebSocket-Key header is needed: base64 of 16 bytes.");
  }
  const DeflateAnswer deflate = answer_deflate_offers(joined(headers, "Sec-WebSocket-Extensions"));
  if (!deflate.well_formed) return refuse(400, "Sec-WebSocket-Extensions is not a list of extensions.");

  HandshakeAnswer answer;
  answer.accepted = true;
  answer.bytes = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  append_header(answer.bytes, "Sec-WebSocket-Accept", accept_key(*key));
  answer.compressed = compression && !deflate.accepted.empty();
  if (answer.compressed) append_header(answer.bytes, "Sec-WebSocket-Extensions", deflate.accepted);
  answer.bytes.append("\r\n");
  return answer;
}

std::string accept_key(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha1(), nullptr) == 1,
        "SHA-1 is missing from this OpenSSL, and WebSocket handshakes need it");
  return base64(hash.data(), size);
}

std::string handshake_request(std::string_view host, std::string_view target, std::string_view key,
                              const HttpHeaders& extra) {
  constexpr auto is_target_char = [](char c) { return c > ' ' && c < '\x7f'; };
  CHECK(std::all_of(target.begin(), target.end(), is_target_char),
        "a target must be percent-encoded before it is sent");
  std::string out = "GET ";
  if (!target.starts_with('/')) out.push_back('/');
  out.append(target).append(" HTTP/1.1\r\n");
  append_header(out, "Host", host);
  append_header(out, "Upgrade", "websocket");
  append_header(out, "Connection", "Upgrade");
  append_header(out, "Sec-WebSocket-Key", key);
  append_header(out, "Sec-WebSocket-Version", kWebSocketVersion);
  for (const auto& [name, value] : extra) append_header(out, name, value);
  return out.append("\r\n");
}

Status check_handshake_response(const HttpResponse& response, std::string_view key) {
  const HttpHeaders& headers = response.headers;
  if (response.status != 101) {
    std::string what = "the server answered HTTP " + std::to_string(response.status);
    if (const auto phrase = reason_phrase(response.status); !phrase.empty()) what.append(" ").append(phrase);
    return Error{what + " where 101 Switching Protocols was asked for"};
  }
  if (!has_token(headers, "Upgrade", "websocket") || !has_token(headers, "Connection", "upgrade")) {
    return Error{
        "the server answered 101 without Upgrade: websocket and Connection: Upgrade; is it a WebSocket "
        "server?"};
  }
  if (count(headers, "Sec-WebSocket-Accept") != 1 ||
      *header(headers, "Sec-WebSocket-Accept") != accept_key(key)) {
    return Error{"the server's Sec-WebSocket-Accept does not fit our key; is a cache or proxy in between?"};
  }
  if (header(headers, "Sec-WebSocket-Extensions") || header(headers, "Sec-WebSocket-Protocol")) {
    return Error{"the server chose a WebSocket extension or subprotocol that was not offered"};
  }
  return Done{};
}

}  // namespace tickcast::wire
