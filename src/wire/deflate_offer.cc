// SPDX-License-Identifier: Apache-2.0
#include "wire/deflate_offer.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "wire/http.h"

namespace tickcast::wire {
namespace {

constexpr std::string_view kName = "permessage-deflate";
constexpr std::string_view kAnswer =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

struct Parameter {
  std::string_view name;
  std::optional<std::string> value;
};
struct Extension {
  std::string_view name;
  std::vector<Parameter> parameters;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : left_(text) { skip_blanks(); }

  bool done() const { return left_.empty(); }
  bool at(char c) const { return !left_.empty() && left_.front() == c; }
  bool take(char c) {
    if (!at(c)) return false;
    left_.remove_prefix(1);
    skip_blanks();
    return true;
  }
  // Empty when there is none.
  std::string_view token() {
    const auto end = std::ranges::find_if_not(left_, is_token_char);
    const std::string_view token = left_.substr(0, static_cast<std::size_t>(end - left_.begin()));
    left_.remove_prefix(token.size());
    skip_blanks();
    return token;
  }
  // A token, or one in quotes; empty when there is neither.
  std::string value() {
    if (!at('"')) return std::string(token());
    std::string out;
    for (left_.remove_prefix(1); !left_.empty() && left_.front() != '"'; left_.remove_prefix(1)) {
      if (left_.front() == '\\' && left_.size() > 1) left_.remove_prefix(1);
      out.push_back(left_.front());
    }
    return take('"') && std::ranges::all_of(out, is_token_char) ? out : "";
  }

 private:
  void skip_blanks() { left_.remove_prefix(std::min(left_.find_first_not_of(" \t"), left_.size())); }

  std::string_view left_;
};

bool read_parameters(Scanner& scanner, Extension& extension) {
  while (scanner.take(';')) {
    Parameter& parameter = extension.parameters.emplace_back();
    parameter.name = scanner.token();
    if (parameter.name.empty()) return false;
    if (!scanner.take('=')) continue;
    parameter.value = scanner.value();
    if (parameter.value->empty()) return false;
  }
  return true;
}

// Nothing when the text is not a list of extensions. Empty elements are left out (RFC 9110 section 5.6.1).
std::optional<std::vector<Extension>> parse(std::string_view text) {
  std::vector<Extension> extensions;
  Scanner scanner(text);
  for (;;) {
    while (scanner.take(',')) continue;
    if (scanner.done()) return extensions;
    Extension& extension = extensions.emplace_back();
    extension.name = scanner.token();
    if (extension.name.empty() || !read_parameters(scanner, extension)) return std::nullopt;
    if (!scanner.done() && !scanner.at(',')) return std::nullopt;
  }
}

// 8 to 15, without a leading zero; 0: something else.
int window_bits(std::string_view text) {
  if (text == "8" || text == "9") return text.front() - '0';
  const bool two_digits = text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5';
  return two_digits ? 10 + (text[1] - '0') : 0;
}

bool is_acceptable(const Parameter& parameter) {
  if (parameter.name == "server_no_context_takeover" || parameter.name == "client_no_context_takeover")
    return !parameter.value;
  if (parameter.name == "client_max_window_bits")
    return !parameter.value || window_bits(*parameter.value) != 0;
  return parameter.name == "server_max_window_bits" && parameter.value == "15";
}

bool names_one_twice(const Extension& offer) {
  std::vector<std::string_view> names;
  for (const Parameter& parameter : offer.parameters) names.push_back(parameter.name);
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) != names.end();
}

bool is_acceptable(const Extension& offer) {
  return offer.name == kName && !names_one_twice(offer) &&
         std::ranges::all_of(offer.parameters,
                             [](const Parameter& parameter) { return is_acceptable(parameter); });
}

}  // namespace

DeflateAnswer answer_deflate_offers(std::string_view extensions) {
  const auto offers = parse(extensions);
  if (!offers) return {.well_formed = false, .accepted = {}};
  DeflateAnswer answer;
  const auto offer =
      std::ranges::find_if(*offers, [](const Extension& extension) { return is_acceptable(extension); });
  if (offer == offers->end()) return answer;
  answer.accepted = kAnswer;
  if (std::ranges::find(offer->parameters, "server_max_window_bits", &Parameter::name) !=
      offer->parameters.end())
    answer.accepted += "; server_max_window_bits=15";
  return answer;
}

}  // namespace tickcast::wire
