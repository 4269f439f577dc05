// SPDX-License-Identifier: Apache-2.0
//
// The exchange's server is serde_json (Rust) at this point, which shows in its errors: what is not JSON has
// code 3, what is JSON but no request has code 2, and some texts end in a position.
#include "wire/control.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/json_text.h"
#include "wire/json.h"
#include "wire/json_fault.h"

namespace tickcast::wire {
namespace {

constexpr std::size_t kRequestBytesMax = 16 * 1024 * 1024;  // the roles' own limits are lower
constexpr std::size_t kIdBytesMax = 36;
constexpr std::size_t kEchoBytesMax = 64;  // of a method that we do not know

constexpr int kUnknownProperty = 0;
constexpr int kInvalidValue = 1;
constexpr int kInvalidRequest = 2;
constexpr int kInvalidJson = 3;

constexpr std::string_view kBadId = "Invalid request: request ID must be an unsigned integer";

constexpr std::pair<std::string_view, Method> kMethods[] = {
    {"SUBSCRIBE", Method::subscribe},
    {"UNSUBSCRIBE", Method::unsubscribe},
    {"LIST_SUBSCRIPTIONS", Method::list_subscriptions},
    {"SET_PROPERTY", Method::set_property},
    {"GET_PROPERTY", Method::get_property},
};

struct Parameter {
  std::optional<std::string> text;  // when it is a string
  std::optional<bool> flag;         // when it is true or false
};

// A request as written, before it is judged.
struct Draft {
  bool has_method = false;
  std::optional<std::string> method;  // when it is a string
  std::size_t method_begin = 0;       // offsets of its token in the text
  std::size_t method_end = 0;
  bool has_params = false;
  bool params_is_array = false;
  std::vector<Parameter> params;
  std::optional<std::string> id;  // JSON text, when it is one we can echo
};

bool is_id_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool read_id(json::ondemand::value value, std::optional<std::string>& out) {
  out.reset();
  const std::string_view token = json::token(value);
  if (token == "null" || json::integer(token)) out = token;
  std::optional<std::string_view> text;
  if (!json::read_string(value, text)) return false;
  if (text && text->size() <= kIdBytesMax && std::ranges::all_of(*text, is_id_character))
    out = json_string(*text);
  return true;
}

bool read_method(const json::Text& source, json::ondemand::value value, Draft& out) {
  const std::string_view token = json::token(value);
  out.has_method = true;
  out.method_begin = source.offset(token.data());
  out.method_end = out.method_begin + token.size();
  std::optional<std::string_view> text;
  if (!json::read_string(value, text)) return false;
  out.method = text ? std::optional<std::string>(*text) : std::nullopt;
  return true;
}

bool read_parameter(json::ondemand::value value, Parameter& out) {
  const std::string_view token = json::token(value);
  if (token == "true" || token == "false") out.flag = token == "true";
  std::optional<std::string_view> text;
  if (!json::read_string(value, text)) return false;
  if (text) out.text = *text;
  return true;
}

bool read_params(json::ondemand::value value, Draft& out) {
  out.params.clear();
  out.has_params = json::token(value) != "null";
  json::ondemand::array array;
  out.params_is_array = !value.get_array().get(array);
  if (!out.params_is_array) return json::skip(value);
  return json::each_element(array, [&out](json::ondemand::value element) {
    return read_parameter(element, out.params.emplace_back());
  });
}

// As much of a text as fits, cut between characters.
std::string_view echo(std::string_view text) {
  if (text.size() <= kEchoBytesMax) return text;
  std::size_t bytes = kEchoBytesMax;
  while ((static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

std::string unknown_method(std::string_view text, const Draft& draft) {
  std::string expected;
  for (const auto& [name, method] : kMethods)
    expected += fmt::format("{}`{}`", expected.empty() ? "" : ", ", name);
  return fmt::format("Invalid request: unknown variant `{}`, expected one of {} {}", echo(*draft.method),
                     expected, json_position(text, draft.method_end));
}

// What is wrong with the request itself; the parameters come after it.
std::optional<ControlError> judge(std::string_view text, const Draft& draft, Method& method) {
  const std::string id = draft.id.value_or("");
  if (!draft.has_method) {
    const std::size_t end = text.find_last_of('}') + 1;
    return ControlError{kInvalidRequest,
                        "Invalid request: missing field `method` " + json_position(text, end), id};
  }
  if (!draft.method) {
    return ControlError{kInvalidJson,
                        "Invalid JSON: expected value " + json_position(text, draft.method_begin + 1), ""};
  }
  const auto* const known =
      std::ranges::find(kMethods, *draft.method, [](const auto& entry) { return entry.first; });
  if (known == std::end(kMethods)) return ControlError{kInvalidRequest, unknown_method(text, draft), id};
  if (!draft.id) return ControlError{kInvalidRequest, std::string(kBadId), ""};
  method = known->second;
  return std::nullopt;
}

using Read = std::variant<ControlRequest, ControlError>;

Read take_streams(const Draft& draft, ControlRequest request) {
  if (draft.has_params && !draft.params_is_array) {
    return ControlError{kInvalidRequest, "Invalid request: params must be an array", request.id};
  }
  for (const Parameter& parameter : draft.params) {
    StreamName name = parse_stream_name(parameter.text.value_or(""));
    if (!name.well_formed)
      return ControlError{kInvalidRequest, "Invalid request: invalid stream", request.id};
    request.streams.push_back(std::move(name));
  }
  return request;
}

Read take_property(const Draft& draft, ControlRequest request, std::size_t params_max) {
  const auto error = [&request](int code, std::string message) {
    return ControlError{code, std::move(message), request.id};
  };
  if (draft.params.size() > params_max) return error(kInvalidRequest, "Invalid request: too many parameters");
  if (draft.params.empty() || !draft.params[0].text) {
    return error(kInvalidRequest, "Invalid request: property name must be a string");
  }
  if (*draft.params[0].text != "combined") return error(kUnknownProperty, "Unknown property");
  if (request.method == Method::get_property) return request;
  if (draft.params.size() < 2 || !draft.params[1].flag)
    return error(kInvalidValue, "Invalid value type: expected Boolean");
  request.combined = *draft.params[1].flag;
  return request;
}

Read take_params(const Draft& draft, ControlRequest request) {
  switch (request.method) {
    case Method::subscribe:
    case Method::unsubscribe:
      return take_streams(draft, std::move(request));
    case Method::set_property:
      return take_property(draft, std::move(request), 2);
    case Method::get_property:
      return take_property(draft, std::move(request), 1);
    case Method::list_subscriptions:
      break;
  }
  if (!draft.params.empty())
    return ControlError{kInvalidRequest, "Invalid request: too many parameters", request.id};
  return request;
}

}  // namespace

struct ControlReader::Json {
  json::Text text{kRequestBytesMax};
};

ControlReader::ControlReader() : json_(std::make_unique<Json>()) {}
ControlReader::~ControlReader() = default;

std::variant<ControlRequest, ControlError> ControlReader::read(std::string_view text) {
  Draft draft;
  const json::Text& source = json_->text;
  const bool is_object = json::read_object(
      json_->text, text, [&source, &draft](std::string_view key, json::ondemand::value value) {
        if (key == "method") return read_method(source, value, draft);
        if (key == "params") return read_params(value, draft);
        if (key == "id") return read_id(value, draft.id);
        return json::skip(value);
      });
  json_->text.shrink();
  if (!is_object) {
    std::string fault = json_fault(text);
    if (fault.empty()) fault = "expected value " + json_position(text, std::min<std::size_t>(1, text.size()));
    return ControlError{kInvalidJson, "Invalid JSON: " + fault, ""};
  }
  ControlRequest request;
  if (auto error = judge(text, draft, request.method)) return *std::move(error);
  request.id = *draft.id;
  return take_params(draft, std::move(request));
}

std::string null_reply(std::string_view id) { return fmt::format(R"({{"result":null,"id":{}}})", id); }

std::string bool_reply(bool value, std::string_view id) {
  return fmt::format(R"({{"result":{},"id":{}}})", value, id);
}

std::string list_reply(const std::vector<std::string>& streams, std::string_view id) {
  std::string out = R"({"result":[)";
  for (const std::string& stream : streams) {
    if (out.back() != '[') out += ',';
    out += json_string(stream);
  }
  return out + R"(],"id":)" + std::string(id) + "}";
}

std::string error_reply(const ControlError& error) {
  std::string out =
      fmt::format(R"({{"error":{{"code":{},"msg":{}}})", error.code, json_string(error.message));
  if (!error.id.empty()) out += R"(,"id":)" + error.id;
  return out + "}";
}

namespace {

std::string request(std::string_view method, const std::vector<std::string>& streams, std::int64_t id) {
  std::string out = fmt::format(R"({{"method":"{}","params":[)", method);
  for (const std::string& stream : streams) {
    if (out.back() != '[') out += ',';
    out += json_string(stream);
  }
  return out + fmt::format(R"(],"id":{}}})", id);
}

}  // namespace

std::string subscribe_request(const std::vector<std::string>& streams, std::int64_t id) {
  return request("SUBSCRIBE", streams, id);
}

std::string unsubscribe_request(const std::vector<std::string>& streams, std::int64_t id) {
  return request("UNSUBSCRIBE", streams, id);
}

}  // namespace tickcast::wire
