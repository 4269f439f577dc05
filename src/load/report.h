// SPDX-License-Identifier: Apache-2.0
//
// Report: what a run has found, for people (text) and for programs (JSON). Pure.
#pragma once

#include <optional>
#include <string>

#include "load/run.h"

namespace tickcast::load {

// A process that took more of a core than this may itself be what is slow.
inline constexpr double kBusyShare = 0.8;
// A machine whose processors were busy for more than this has none left for a server or for this tool.
inline constexpr double kFullShare = 0.95;
// A floor that made less than this of what it was asked for has not kept the rate.
inline constexpr double kKeptShare = 0.95;

// Figures that are made of others. Of nothing: 0.
double messages_per_s(const RunResult& result);
double bytes_per_message(const RunResult& result);
// CPU of the server per message that a client received while measuring; nothing when it was not looked at, or
// nothing came.
std::optional<double> server_ns_per_message(const RunResult& result);

// Whether a floor made as many deliveries as it was asked for; what is under way when measuring begins and
// ends (a message to each client) is forgiven. True of what nothing was asked of.
bool kept_rate(const RunResult& result);

// Whether all that was checked was right: no fault, every client connected, none lost but stalled ones.
bool is_good(const RunResult& result);

std::string report_text(const RunResult& result);
// The same two beside each other: what the server adds to the floor.
std::string comparison_text(const RunResult& server, const RunResult& floor);

// One object; `floor` beside it when there was one.
std::string report_json(const RunResult& result, const RunResult* floor);

}  // namespace tickcast::load
