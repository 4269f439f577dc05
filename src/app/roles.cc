// SPDX-License-Identifier: Apache-2.0
#include "app/roles.h"

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/healthcheck.h"
#include "app/recorder.h"
#include "app/signals.h"
#include "base/log.h"
#include "market/book.h"
#include "market/symbol_table.h"
#include "net/loop.h"
#include "net/socket.h"

namespace tickcast::app {
namespace {

// The exit code of everything that fails while running; usage errors are 2.
constexpr int kFailed = 1;

constexpr std::int64_t kProbeTimeoutNs = 5 * kNsPerSecond;
// A planned stop gives the broker so long to take the last records.
constexpr std::int64_t kFlushNs = 500 * kNsPerMs;

int failed(const Error& error) {
  std::fprintf(stderr, "tickcast: %s\n", error.message.c_str());
  return kFailed;
}

// The one line that programs read: which port it became.
void say_listening(const wire::ListenAddress& asked, std::uint16_t port) {
  std::printf("listening on %s:%u\n", asked.host.empty() ? "*" : asked.host.c_str(), port);
  std::fflush(stdout);
}

std::string browser_address(const wire::ListenAddress& asked, std::uint16_t port) {
  const bool any = asked.host.empty() || asked.host == "0.0.0.0" || asked.host == "::";
  return "http://" + (any ? "localhost" : asked.host) + ":" + std::to_string(port) + "/";
}

// The ingest thread: the loop of all sources, and of a sink that follows the book. Ends with the object.
class Ingest {
 public:
  Ingest() = default;
  ~Ingest() { stop(); }

  net::Loop& loop() { return loop_; }
  // `begin` runs in the new thread, before the loop.
  void start(std::function<void()> begin) {
    thread_ = std::thread([this, begin = std::move(begin)] {
      begin();
      loop_.run();
    });
  }
  void stop() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
  }

 private:
  net::Loop loop_;
  std::thread thread_;
};

void invite(const wire::ListenAddress& asked, std::uint16_t port) {
  std::printf("Open %s in a browser. Ctrl-C stops.\n", browser_address(asked, port).c_str());
  std::fflush(stdout);
}

// From the exchange to clients until a signal: sources first to stop, so that the last thing clients get is
// the last quote.
int serve_until_stopped(const emitter::Options& emitter_options, const feed::Options& feed_options,
                        bool for_people) {
  market::SymbolTable symbols;
  market::Book book;
  auto emitter = emitter::Emitter::start(emitter_options, symbols, book);
  if (!emitter) return failed(emitter.error());
  Ingest ingest;
  feed::Feed feed(ingest.loop(), symbols, book, feed_options);
  ingest.start([&feed] { feed.start(); });
  say_listening(emitter_options.listen, (*emitter)->port());
  if (for_people) invite(emitter_options.listen, (*emitter)->port());
  wait_for_stop();
  ingest.stop();
  return 0;
}

}  // namespace

int run_serve(const ServeCommand& command) {
  net::raise_descriptor_limit();
  return serve_until_stopped(command.emitter, command.feed, false);
}

int run_producer(const ProducerCommand& command) {
  net::raise_descriptor_limit();
  market::SymbolTable symbols;
  market::Book book;
  std::unique_ptr<emitter::Emitter> lane;
  if (command.direct_lane) {
    auto started = emitter::Emitter::start(command.emitter, symbols, book);
    if (!started) return failed(started.error());
    lane = std::move(*started);
    say_listening(command.emitter.listen, lane->port());
  }
  Ingest ingest;
  kafka::TopicSink sink(ingest.loop(), symbols, book, command.sink);
  const Status writing = sink.start();
  if (!writing) return failed(writing.error());
  feed::Feed feed(ingest.loop(), symbols, book, command.feed);
  ingest.start([&feed] { feed.start(); });
  wait_for_stop();
  ingest.stop();
  sink.flush(kFlushNs);
  return 0;
}

int run_emitter(const EmitterCommand& command) {
  net::raise_descriptor_limit();
  market::SymbolTable symbols;
  market::Book book;
  auto emitter = emitter::Emitter::start(command.emitter, symbols, book);
  if (!emitter) return failed(emitter.error());
  Ingest ingest;
  kafka::TopicSource topic(ingest.loop(), symbols, book, command.topic);
  std::vector<std::unique_ptr<feed::Feed>> lanes;
  for (const feed::Options& upstream : command.upstreams)
    lanes.push_back(std::make_unique<feed::Feed>(ingest.loop(), symbols, book, upstream));
  const Status reading = topic.start();
  if (!reading) return failed(reading.error());
  ingest.start([&lanes] {
    for (const auto& lane : lanes) lane->start();
  });
  say_listening(command.emitter.listen, (*emitter)->port());
  wait_for_stop();
  ingest.stop();
  return 0;
}

int run_demo(const DemoCommand& command) {
  net::raise_descriptor_limit();
  if (command.from != DemoCommand::From::simulated) {
    const Status reached = feed::probe(command.live, kProbeTimeoutNs);
    if (reached) {
      std::printf("Live market from %s.\n", command.live.streams.host.c_str());
      return serve_until_stopped(command.emitter, command.live, true);
    }
    if (command.from == DemoCommand::From::live) return failed(reached.error());
    std::printf("The live exchange can't be used from here: %s\n", reached.error().message.c_str());
  }

  if (command.simulated.replay_path.empty()) {
    std::printf("Showing a SIMULATED market.\n");
  } else {
    std::printf("Showing a REPLAY of %s.\n", command.simulated.replay_path.c_str());
  }
  exchange::Options options = command.simulated;
  options.listen = {"127.0.0.1", 0};
  auto exchange = exchange::Exchange::start(options);
  if (!exchange) return failed(exchange.error());
  feed::Options feed;
  feed.rest = {"http", "127.0.0.1", (*exchange)->port(), ""};
  feed.streams = {"ws", "127.0.0.1", (*exchange)->port(), ""};
  return serve_until_stopped(command.emitter, feed, true);
}

int run_exchange(const ExchangeCommand& command) {
  net::raise_descriptor_limit();
  auto exchange = exchange::Exchange::start(command.exchange);
  if (!exchange) return failed(exchange.error());
  say_listening(command.exchange.listen, (*exchange)->port());
  wait_for_stop();
  return 0;
}

int run_record(const RecordCommand& command) {
  auto recorder = Recorder::open(command.out_path);
  if (!recorder) return failed(recorder.error());
  market::SymbolTable symbols;
  market::Book book;
  feed::Options options = command.feed;
  options.legs = 1;  // each frame once
  {
    Ingest ingest;
    feed::Feed feed(ingest.loop(), symbols, book, options);
    feed.tap([&recorder = **recorder](std::int64_t received_ns, std::string_view frame) {
      recorder.write(received_ns, frame);
    });
    ingest.start([&feed] { feed.start(); });
    std::printf("recording to %s; Ctrl-C stops\n", command.out_path.c_str());
    std::fflush(stdout);
    wait_for_stop();
    ingest.stop();
  }
  const auto finished = (*recorder)->finish();
  if (!finished) return failed(finished.error());
  std::printf("%llu frames\n", static_cast<unsigned long long>((*recorder)->frames()));
  return 0;
}

int run_healthcheck(const HealthcheckCommand& command) {
  const Status ready = healthcheck(command.url);
  return ready ? 0 : failed(ready.error());
}

}  // namespace tickcast::app
