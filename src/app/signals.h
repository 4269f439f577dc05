// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C and its kin. Blocked in every thread, taken by the main thread when it waits. The first asks for a
// clean stop; a second wish ends the process at once. SIGHUP asks a role to read its configuration file and
// its certificate again; for a role that has neither it is a stop, as when the terminal goes.
#pragma once

#include <functional>

namespace tickcast::app {

// Before any thread is started. Also ignores SIGPIPE: a peer that has gone is an error of write().
void block_signals();

// Whether one of them is waiting to be taken: for a main thread that has work of its own to do.
bool stop_requested();

// Returns at the first SIGINT or SIGTERM. From then on the next one ends the process with 130 or 143, unless
// it comes within 100 ms: that is the same wish told twice. A SIGHUP before that calls `read_again`; null: it
// is a stop too.
void wait_for_stop(const std::function<void()>& read_again = nullptr);

}  // namespace tickcast::app
