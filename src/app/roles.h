// SPDX-License-Identifier: Apache-2.0
//
// The roles: each wires sources, the book and sinks, starts the threads, runs until a signal, and returns the
// exit code. The only place that does.
//
// Thread: main, which waits for the signal.
#pragma once

#include "app/command_line.h"
#include "app/configuration.h"

namespace tickcast::app {

int run_demo(const DemoCommand& command, LiveSettings& settings);
int run_serve(const ServeCommand& command, LiveSettings& settings);
int run_producer(const ProducerCommand& command, LiveSettings& settings);
int run_emitter(const EmitterCommand& command, LiveSettings& settings);
int run_exchange(const ExchangeCommand& command, LiveSettings& settings);
int run_record(const RecordCommand& command);
int run_topic(const TopicCommand& command);
int run_watch(const WatchCommand& command);
int run_healthcheck(const HealthcheckCommand& command);
int run_version();

}  // namespace tickcast::app
