// SPDX-License-Identifier: Apache-2.0
//
// Measurement: what a machine asks for its work, as `measure()` finds it or as an earlier run wrote it down.
// Plain numbers, each with its name in a file: {"measurement":{"cores":2,"few_clients":250,...}}. Pure.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tickcast::plan {

// CPU of a shard. Loopback: a send's includes what its receiver's kernel does with it.
struct Measurement {
  std::string machine;  // "2 cores, AMD EPYC 9B14, Linux 6.18"
  double cores = 0;
  // A send to one client, of a shard that has few of them, and many: the rest of a send costs more when the
  // clients no longer fit the caches.
  double few_clients = 0;
  double few_send_ns = 0;  // + bytes * few_byte_ns
  double few_byte_ns = 0;
  double many_clients = 0;
  double many_send_ns = 0;
  double many_byte_ns = 0;
  double event_ns = 0;       // more for each event that is built for one client alone
  double tls_record_ns = 0;  // more for each record
  double tls_byte_ns = 0;
  double connect_ns = 0;      // of one who comes: accept, upgrade, first quotes
  double tls_connect_ns = 0;  // the same under TLS, a full handshake
  double ingest_ns = 0;     // of the market's thread for an update that comes alone: take it in, wake shards
  double follow_ns = 0;     // of each shard for it, followed or not
  double client_bytes = 0;  // user space, of a client in clear
  double stream_bytes = 0;  // more for each stream of a list that no other client has
  double tls_bytes = 0;     // more under TLS
  double kernel_bytes = 0;  // of the server's end of an idle connection
};

// CPU of one send of so many payload bytes, by a shard with so many clients: between few and many by the
// logarithm, outside as there.
struct SendCost {
  double base_ns = 0;
  double byte_ns = 0;
};
SendCost send_cost(const Measurement& measurement, double clients);

// One object, as `parse_measurement` reads it.
std::string measurement_json(const Measurement& measurement);

// Takes the "measurement" of an object that may have more. The error names what is missing or can't be.
Result<Measurement> parse_measurement(std::string_view json);
Result<Measurement> read_measurement(const std::string& path);

}  // namespace tickcast::plan
