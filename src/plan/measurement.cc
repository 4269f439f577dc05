// SPDX-License-Identifier: Apache-2.0
#include "plan/measurement.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include <fmt/core.h>
#include <simdjson.h>

#include "base/json_text.h"

namespace tickcast::plan {
namespace {

struct Field {
  std::string_view name;
  double Measurement::*value;
  double least;
};

constexpr double kMost = 1e12;  // of any of them

constexpr Field kFields[] = {
    {"cores", &Measurement::cores, 1},
    {"few_clients", &Measurement::few_clients, 1},
    {"few_send_ns", &Measurement::few_send_ns, 1},
    {"few_byte_ns", &Measurement::few_byte_ns, 0},
    {"many_clients", &Measurement::many_clients, 1},
    {"many_send_ns", &Measurement::many_send_ns, 1},
    {"many_byte_ns", &Measurement::many_byte_ns, 0},
    {"event_ns", &Measurement::event_ns, 0},
    {"tls_record_ns", &Measurement::tls_record_ns, 0},
    {"tls_byte_ns", &Measurement::tls_byte_ns, 0},
    {"connect_ns", &Measurement::connect_ns, 0},
    {"tls_connect_ns", &Measurement::tls_connect_ns, 0},
    {"ingest_ns", &Measurement::ingest_ns, 0},
    {"follow_ns", &Measurement::follow_ns, 0},
    {"client_bytes", &Measurement::client_bytes, 0},
    {"stream_bytes", &Measurement::stream_bytes, 0},
    {"tls_bytes", &Measurement::tls_bytes, 0},
    {"kernel_bytes", &Measurement::kernel_bytes, 0},
};

}  // namespace

SendCost send_cost(const Measurement& measurement, double clients) {
  const double few = measurement.few_clients;
  const double many = measurement.many_clients;
  const double place = many > few ? std::clamp(std::log(clients / few) / std::log(many / few), 0.0, 1.0) : 0;
  return {std::lerp(measurement.few_send_ns, measurement.many_send_ns, place),
          std::lerp(measurement.few_byte_ns, measurement.many_byte_ns, place)};
}

std::string measurement_json(const Measurement& measurement) {
  std::string out = "{\"machine\":" + json_string(measurement.machine);
  for (const Field& field : kFields)
    out += fmt::format(",\"{}\":{:.3f}", field.name, measurement.*field.value);
  return out + "}";
}

Result<Measurement> parse_measurement(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json.data(), json.size())["measurement"].get(object))
    return Error{"no object with a \"measurement\" in it; `tickcast plan --json FILE` writes one"};
  Measurement out;
  std::string_view machine;
  if (!object["machine"].get(machine)) out.machine = machine;
  for (const Field& field : kFields) {
    double value = 0;
    if (object[field.name].get(value)) return Error{fmt::format("the number \"{}\" is missing", field.name)};
    if (!(value >= field.least && value <= kMost))
      return Error{fmt::format("\"{}\" is {}; it must be {} at least", field.name, value, field.least)};
    out.*field.value = value;
  }
  return out;
}

Result<Measurement> read_measurement(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error{path + " can't be read"};
  auto parsed = parse_measurement(text.str());
  if (!parsed) return Error{fmt::format("{}: {}", path, parsed.error().message)};
  return parsed;
}

}  // namespace tickcast::plan
