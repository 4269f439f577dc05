// SPDX-License-Identifier: Apache-2.0
//
// The addresses' grammar (RFC 3986 section 3, without user names and fragments) and the words for what is
// wrong with one.
#include "wire/url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "wire/http.h"

namespace tickcast::wire {
namespace {

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "wss" || scheme == "https" ? 443 : 80;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_';
}

bool is_v6_char(char c) {
  return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

std::string with_brackets(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

// host[:port] in its two parts; the brackets of an IPv6 address are taken off.
struct HostPort {
  std::string_view host;
  std::optional<std::string_view> port;
};
std::optional<HostPort> split_host_port(std::string_view text) {
  HostPort parts;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    parts.host = text.substr(1, close - 1);
    if (parts.host.find(':') == std::string_view::npos) return std::nullopt;
    if (!std::all_of(parts.host.begin(), parts.host.end(), is_v6_char)) return std::nullopt;
    text.remove_prefix(close + 1);
    if (!text.empty() && text.front() != ':') return std::nullopt;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    parts.host = text.substr(0, colon);
    if (!std::all_of(parts.host.begin(), parts.host.end(), is_name_char)) return std::nullopt;
    text.remove_prefix(colon);
  }
  if (!text.empty()) parts.port = text.substr(1);
  return parts;
}

// As it goes into a request: other letters than ASCII encoded, no '/' at the path's end. Nothing when a space
// or control character is in it.
std::optional<std::string> target_of(std::string_view path_and_query) {
  std::string out;
  for (const char c : path_and_query) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f) return std::nullopt;
    if (byte < 0x80) {
      out.push_back(c);
    } else {
      out.append(percent_encode({&c, 1}));
    }
  }
  const std::size_t mark = std::min(out.find('?'), out.size());
  std::size_t path_end = mark;
  while (path_end > 0 && out[path_end - 1] == '/') --path_end;
  out.erase(path_end, mark - path_end);
  if (out.starts_with('?')) out.insert(out.begin(), '/');
  return out;
}

}  // namespace

std::string Url::authority() const {
  const std::string name = with_brackets(host);
  return port == default_port(scheme) ? name : name + ":" + std::to_string(port);
}

std::string Url::text() const { return scheme + "://" + authority() + target; }

Result<Url> parse_url(std::string_view text, std::string_view expected) {
  const std::string plain(expected);
  const std::string schemes = plain + ":// or " + plain + "s://";
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos)
    return Error{quoted(text) + " is not a URL: it must begin with " + schemes};

  Url url;
  url.scheme = lower_case(text.substr(0, colon));
  if (url.scheme != plain && url.scheme != plain + "s") {
    return Error{quoted(text) + " begins with " + url.scheme + "://, where " + schemes + " is needed"};
  }
  std::string_view rest = text.substr(colon + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  const std::string_view target = rest.substr(authority_end);
  if (authority.find('@') != std::string_view::npos) {
    return Error{
        "a URL with a user name or password in it is not supported: leave out what stands before the @"};
  }
  if (target.find('#') != std::string_view::npos) {
    return Error{quoted(text) + " has a fragment (#...), which a server never sees: leave it out"};
  }
  const auto parts = split_host_port(authority);
  if (!parts || parts->host.empty()) {
    return Error{quoted(text) +
                 " names no valid host: a name, an IPv4 address or an IPv6 address in [brackets]"};
  }
  url.host = lower_case(parts->host);
  url.port = default_port(url.scheme);
  if (parts->port) {
    const auto port = parse_port(*parts->port);
    if (!port || *port == 0) return Error{quoted(text) + " has no valid port: a number from 1 to 65535"};
    url.port = *port;
  }
  auto encoded = target_of(target);
  if (!encoded)
    return Error{quoted(text) + " holds a space or a control character: write it percent-encoded"};
  url.target = std::move(*encoded);
  return url;
}

std::string ListenAddress::text() const { return with_brackets(host) + ":" + std::to_string(port); }

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const std::string usage = " is not an address to listen on: host:port, :port or [IPv6]:port, like :8080";
  const auto parts = split_host_port(text);
  if (!parts || !parts->port) return Error{quoted(text) + usage};
  const auto port = parse_port(*parts->port);
  if (!port) return Error{quoted(text) + " has no valid port: a number from 0 (the kernel chooses) to 65535"};
  ListenAddress address;
  address.host = lower_case(parts->host);
  address.port = *port;
  return address;
}

}  // namespace tickcast::wire
