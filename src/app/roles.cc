// SPDX-License-Identifier: Apache-2.0
#include "app/roles.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/admin.h"
#include "app/configuration.h"
#include "app/healthcheck.h"
#include "app/recorder.h"
#include "app/role_metrics.h"
#include "app/service_manager.h"
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
// What a planned stop may take besides closing its clients: those that do not answer the close, the flush, a
// look-up under way.
constexpr std::int64_t kStopNs = 10 * kNsPerSecond;

int failed(const Error& error) {
  std::fprintf(stderr, "tickcast: %s\n", error.message.c_str());
  return kFailed;
}

// The lines that programs read: which port it became.
void say_port(const char* what, const wire::ListenAddress& asked, std::uint16_t port) {
  std::printf("%s on %s:%u\n", what, asked.host.empty() ? "*" : asked.host.c_str(), port);
  std::fflush(stdout);
}

void say_listening(const wire::ListenAddress& asked, std::uint16_t port) {
  say_port("listening", asked, port);
}

Result<std::unique_ptr<Admin>> start_admin(const wire::ListenAddress& listen, const char* role,
                                           Admin::Collect collect, Admin::Ask ask) {
  auto admin = Admin::start(listen, role, std::move(collect), std::move(ask));
  if (admin) say_port("admin", listen, (*admin)->port());
  return admin;
}

// Takes in what can change while a role runs.
struct TakeIn {
  emitter::Emitter* clients;  // null: it has none

  void operator()(const DemoCommand& command) const { take(command.role, &command.emitter); }
  void operator()(const ServeCommand& command) const { take(command.role, &command.emitter); }
  void operator()(const ProducerCommand& command) const { take(command.role, &command.emitter); }
  void operator()(const EmitterCommand& command) const { take(command.role, &command.emitter); }
  void operator()(const ExchangeCommand& command) const { take(command.role, nullptr); }
  template <class Other>
  void operator()(const Other&) const {}

  void take(const Role& role, const emitter::Options* limits) const {
    set_log_level(role.log_level);
    if (clients == nullptr || limits == nullptr) return;
    clients->set_admission(limits->admission);
    clients->set_fastest_pace(limits->fastest_pace_ns);
  }
};

void reread_certificate(emitter::Emitter& clients) {
  const Status read = clients.reload_certificate();
  if (read) return log_info("app", "the certificate was read again");
  log_warning("app", "{}; the one before stays in use", read.error().message);
}

// What a SIGHUP does; null when there is nothing to read again.
std::function<void()> reread(LiveSettings& settings, emitter::Emitter* clients) {
  const bool under_tls = clients != nullptr && clients->under_tls();
  if (!settings.has_file() && !under_tls) return nullptr;
  return [&settings, clients, under_tls] {
    if (settings.has_file()) {
      if (const auto command = settings.read_again()) std::visit(TakeIn{clients}, *command);
    }
    if (under_tls) reread_certificate(*clients);
  };
}

// A role that serves is ready with a filled book and a live source.
Readiness readiness_of(const market::Book& book) {
  const market::SourceState state = book.source().state;
  if (state == market::SourceState::live && book.head() == 0) return {false, "empty"};
  return {state == market::SourceState::live, std::string(market::name(state))};
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

// The loops of a role that a service manager's watchdog looks after.
std::vector<ServiceManager::WatchedLoop> loops_of(Ingest& ingest, emitter::Emitter* clients) {
  std::vector<ServiceManager::WatchedLoop> out;
  out.push_back({"ingest", [&ingest](auto callback) { ingest.loop().post(std::move(callback)); }});
  for (std::size_t i = 0; clients != nullptr && i < clients->shards(); ++i)
    out.push_back({"shard " + std::to_string(i),
                   [clients, i](auto callback) { clients->post(i, std::move(callback)); }});
  return out;
}

// When a feed last heard of its exchange, over any leg.
std::uint64_t last_ns(const feed::Feed& feed) {
  std::uint64_t newest = 0;
  for (const feed::LegStats& leg : feed.stats().legs) newest = std::max(newest, leg.last_ns.value());
  return newest;
}

// A SIGHUP that the service manager is told of; null when there is nothing to read again.
std::function<void()> told(ServiceManager& manager, std::function<void()> read_again) {
  if (!read_again) return nullptr;
  return [&manager, read_again = std::move(read_again)] { manager.reload(read_again); };
}

// Before anything else of a planned stop.
void tell_of_stop(Admin& admin, ServiceManager& manager, std::int64_t drain_ns) {
  admin.drain();
  manager.stopping(drain_ns + kStopNs);
}

void invite(const wire::ListenAddress& asked, std::uint16_t port) {
  std::printf("Open %s in a browser. Ctrl-C stops.\n", browser_address(asked, port).c_str());
  std::fflush(stdout);
}

// From the exchange to clients until a signal: sources first to stop, so that the last thing clients get is
// the last quote.
int serve_until_stopped(const char* name, const Role& role, LiveSettings& settings,
                        const emitter::Options& emitter_options, const feed::Options& feed_options,
                        bool for_people) {
  market::SymbolTable symbols;
  market::Book book;
  auto emitter = emitter::Emitter::start(emitter_options, symbols, book);
  if (!emitter) return failed(emitter.error());
  Ingest ingest;
  feed::Feed feed(ingest.loop(), symbols, book, feed_options);
  const auto admin = start_admin(
      role.admin, name,
      [&](metrics::Exposition& out) {
        add_book(out, symbols, book);
        add_ingest(out, ingest.loop());
        add_feed(out, feed.stats(), "exchange", feed_options.legs, wall_ns());
        add_clients(out, (*emitter)->read_metrics());
      },
      [&book] { return readiness_of(book); });
  if (!admin) return failed(admin.error());
  ingest.start([&feed] { feed.start(); });
  ServiceManager manager(
      manager_environment(),
      [&] {
        return Vitals{readiness_of(book), (*emitter)->read_metrics().clients, last_ns(feed)};
      },
      loops_of(ingest, emitter->get()));
  say_listening(emitter_options.listen, (*emitter)->port());
  if (for_people) invite(emitter_options.listen, (*emitter)->port());
  wait_for_stop(told(manager, reread(settings, emitter->get())));
  tell_of_stop(**admin, manager, emitter_options.drain_ns);
  ingest.stop();
  (*emitter)->stop();
  return 0;
}

}  // namespace

int run_serve(const ServeCommand& command, LiveSettings& settings) {
  set_log_level(command.role.log_level);
  net::raise_descriptor_limit();
  return serve_until_stopped("serve", command.role, settings, command.emitter, command.feed, false);
}

int run_producer(const ProducerCommand& command, LiveSettings& settings) {
  set_log_level(command.role.log_level);
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
  const auto readiness = [&] {
    const Readiness reading = readiness_of(book);
    return reading.ready && sink.stats().taking == 0 ? Readiness{false, "no topic takes records"} : reading;
  };
  const auto admin = start_admin(
      command.role.admin, "producer",
      [&](metrics::Exposition& out) {
        add_book(out, symbols, book);
        add_ingest(out, ingest.loop());
        add_feed(out, feed.stats(), "exchange", command.feed.legs, wall_ns());
        add_sink(out, sink.stats());
        if (lane) add_clients(out, lane->read_metrics());
      },
      readiness);
  if (!admin) return failed(admin.error());
  ingest.start([&feed] { feed.start(); });
  ServiceManager manager(
      manager_environment(),
      [&] {
        Vitals vitals{readiness(), {}, last_ns(feed)};
        if (lane) vitals.clients = lane->read_metrics().clients;
        return vitals;
      },
      loops_of(ingest, lane.get()));
  wait_for_stop(told(manager, reread(settings, lane.get())));
  tell_of_stop(**admin, manager, lane ? command.emitter.drain_ns : 0);
  ingest.stop();
  sink.flush(kFlushNs);
  if (lane) lane->stop();
  return 0;
}

int run_emitter(const EmitterCommand& command, LiveSettings& settings) {
  set_log_level(command.role.log_level);
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
  const auto admin = start_admin(
      command.role.admin, "emitter",
      [&](metrics::Exposition& out) {
        add_book(out, symbols, book);
        add_ingest(out, ingest.loop());
        add_topic(out, topic.stats(), wall_ns());
        for (std::size_t i = 0; i < lanes.size(); ++i)
          add_feed(out, lanes[i]->stats(), "upstream" + std::to_string(i + 1), 1, wall_ns());
        add_clients(out, (*emitter)->read_metrics());
      },
      [&book] { return readiness_of(book); });
  if (!admin) return failed(admin.error());
  ingest.start([&lanes] {
    for (const auto& lane : lanes) lane->start();
  });
  ServiceManager manager(
      manager_environment(),
      [&] {
        std::uint64_t newest = topic.stats().last_ns;
        for (const auto& lane : lanes) newest = std::max(newest, last_ns(*lane));
        return Vitals{readiness_of(book), (*emitter)->read_metrics().clients, newest};
      },
      loops_of(ingest, emitter->get()));
  say_listening(command.emitter.listen, (*emitter)->port());
  wait_for_stop(told(manager, reread(settings, emitter->get())));
  tell_of_stop(**admin, manager, command.emitter.drain_ns);
  ingest.stop();
  (*emitter)->stop();
  return 0;
}

int run_demo(const DemoCommand& command, LiveSettings& settings) {
  set_log_level(command.role.log_level);
  net::raise_descriptor_limit();
  if (command.from != DemoCommand::From::simulated) {
    const Status reached = feed::probe(command.live, kProbeTimeoutNs);
    if (reached) {
      std::printf("Live market from %s.\n", command.live.streams.host.c_str());
      return serve_until_stopped("demo", command.role, settings, command.emitter, command.live, true);
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
  return serve_until_stopped("demo", command.role, settings, command.emitter, feed, true);
}

int run_exchange(const ExchangeCommand& command, LiveSettings& settings) {
  set_log_level(command.role.log_level);
  net::raise_descriptor_limit();
  auto exchange = exchange::Exchange::start(command.exchange);
  if (!exchange) return failed(exchange.error());
  const auto admin = start_admin(
      command.role.admin, "exchange",
      [&](metrics::Exposition& out) { add_venue(out, (*exchange)->counters()); },
      [] {
        return Readiness{true, "open"};
      });
  if (!admin) return failed(admin.error());
  ServiceManager manager(manager_environment(),
                         [&] {
                           return Vitals{{true, "open"}, (*exchange)->counters().connections, {}};
                         },
                         {});
  say_listening(command.exchange.listen, (*exchange)->port());
  wait_for_stop(told(manager, reread(settings, nullptr)));
  tell_of_stop(**admin, manager, 0);
  return 0;
}

int run_record(const RecordCommand& command) {
  set_log_level(command.log_level);
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
