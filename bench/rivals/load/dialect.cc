// SPDX-License-Identifier: Apache-2.0
#include "dialect.h"

#include <algorithm>

#include <fmt/core.h>

namespace tickcast::bench {
namespace {

class Streams final : public Dialect {
 public:
  std::string target(const std::vector<std::string>& symbols) const override {
    std::string path = "/ws";
    for (std::string name : symbols) {
      std::ranges::transform(name, name.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      path += "/" + name + "@bookTicker";
    }
    return path;
  }
  std::string greeting(const std::vector<std::string>&) const override { return ""; }
  std::string_view answer(std::string_view) const override { return ""; }
};

// The NATS client protocol, in binary messages: a subject per symbol.
class Nats final : public Dialect {
 public:
  std::string target(const std::vector<std::string>&) const override { return "/"; }
  std::string greeting(const std::vector<std::string>& symbols) const override {
    std::string lines = "CONNECT {\"verbose\":false,\"pedantic\":false,\"protocol\":1}\r\n";
    std::size_t number = 0;
    for (const std::string& name : symbols) lines += fmt::format("SUB quotes.{} {}\r\n", name, ++number);
    return lines;
  }
  std::string_view answer(std::string_view message) const override {
    return message.ends_with("PING\r\n") ? "PONG\r\n" : "";
  }
  wire::Opcode kind() const override { return wire::Opcode::binary; }
};

// Centrifugo's bidirectional JSON protocol: a command a line, a channel per symbol.
class Centrifugo final : public Dialect {
 public:
  std::string target(const std::vector<std::string>&) const override { return "/connection/websocket"; }
  std::string greeting(const std::vector<std::string>& symbols) const override {
    std::string lines = R"({"id":1,"connect":{}})";
    int id = 1;
    for (const std::string& name : symbols)
      lines += fmt::format("\n{{\"id\":{},\"subscribe\":{{\"channel\":\"{}\"}}}}", ++id, name);
    return lines;
  }
  // An empty object is a ping.
  std::string_view answer(std::string_view message) const override {
    return message == "{}" || message.starts_with("{}\n") || message.ends_with("\n{}") ? "{}" : "";
  }
};

}  // namespace

Result<std::unique_ptr<const Dialect>> dialect_named(std::string_view name) {
  using Made = std::unique_ptr<const Dialect>;
  if (name == "streams") return Made(std::make_unique<Streams>());
  if (name == "nats") return Made(std::make_unique<Nats>());
  if (name == "centrifugo") return Made(std::make_unique<Centrifugo>());
  return Error{fmt::format("there is no dialect {}: there are streams, nats and centrifugo", name)};
}

}  // namespace tickcast::bench
