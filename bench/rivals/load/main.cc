// SPDX-License-Identifier: Apache-2.0
//
// The load of a comparison: an exchange whose updates come at a set rate, which every server that is compared
// follows, and the clients of that server. Says and does what `bench/rivals/compare.mjs` asks, a line each
// way:
//
//   rivals_load CLIENTS SYMBOLS        says {"exchange":PORT}
//   connect DIALECT PORT SECONDS       clients connect; says how many were served an update within that time
//   run RATE SECONDS                   so many updates a second; says what was read, second by second
//
// It ends with its standard input.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>

#include <unistd.h>

#include <fmt/core.h>
#include <sched.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "base/log.h"
#include "exchange/exchange.h"
#include "followers.h"
#include "load/process_use.h"
#include "net/loop.h"
#include "net/socket.h"
#include "steady_market.h"

namespace tickcast::bench {
namespace {

constexpr double kIdleRate = 20;  // while clients connect: little beside what any server can do
constexpr std::size_t kExchangeQueueBytesMax = std::size_t{1} << 30;
constexpr std::int64_t kLookNs = 20 * kNsPerMs;

double ms(std::int64_t ns) { return static_cast<double>(ns) / static_cast<double>(kNsPerMs); }

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

class Load final : private net::Ready {
 public:
  Load(std::uint32_t clients, std::size_t symbols) {
    plan_.clients = clients;
    for (std::size_t i = 0; i < symbols; ++i) plan_.symbols.push_back(SteadyMarket::symbol_name(i));
    start_exchange(symbols);
    loop_.add(STDIN_FILENO, net::kReadable, *this);
    say(fmt::format(R"({{"exchange":{}}})", exchange_->port()));
  }
  ~Load() { loop_.remove(STDIN_FILENO, *this); }

  void run() { loop_.run(); }

 private:
  // Its updates must leave when they are due, however busy the clients are: so it goes before them, where
  // that is allowed.
  void start_exchange(std::size_t symbols) {
    auto market = std::make_unique<SteadyMarket>(symbols, wall_ns());
    market_ = market.get();
    market_->set_rate(kIdleRate);
    exchange::Options options;
    options.listen = {"127.0.0.1", 0};
    options.rules.messages_per_second_max = 0;
    options.rules.connects_per_5_minutes_max = 0;
    options.rules.unsent_bytes_max = kExchangeQueueBytesMax;
    sched_param first{.sched_priority = 1};
    sched_param usual{};
    sched_setscheduler(0, SCHED_RR, &first);  // which the thread that is started now inherits
    auto started = exchange::Exchange::start(options, std::move(market));
    sched_setscheduler(0, SCHED_OTHER, &usual);
    CHECK(started.has_value(), "the exchange of the comparison did not start");
    exchange_ = std::move(started).value();
  }

  void on_ready(std::uint32_t) override {
    std::array<char, 256> bytes;
    const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count <= 0) return loop_.stop();
    asked_.append(bytes.data(), static_cast<std::size_t>(count));
    for (std::size_t end = asked_.find('\n'); end != asked_.npos; end = asked_.find('\n')) {
      std::istringstream line(asked_.substr(0, end));
      asked_.erase(0, end + 1);
      obey(line);
    }
  }

  void obey(std::istringstream& line) {
    std::string what;
    line >> what;
    if (what == "connect") return connect(line);
    if (what == "run") return measure(line);
    std::fprintf(stderr, "rivals_load: cannot \"%s\"\n", what.c_str());
    loop_.stop();
  }

  void connect(std::istringstream& line) {
    std::uint16_t port = 0;
    double seconds = 0;
    line >> plan_.dialect >> port >> seconds;
    plan_.server = net::resolve("127.0.0.1", port)->front();
    auto dialect = dialect_named(plan_.dialect);
    CHECK(dialect.has_value(), "a dialect that the comparison does not know");
    followers_ = std::make_unique<Followers>(loop_, plan_, std::move(dialect).value());
    deadline_ns_ = steady_ns() + static_cast<std::int64_t>(seconds * 1e9);
    await_first_updates();
  }

  void await_first_updates() {
    if (followers_->served() < plan_.clients && followers_->lost() == 0 && steady_ns() < deadline_ns_) {
      loop_.after(kLookNs, [this] { await_first_updates(); });
      return;
    }
    say(fmt::format(R"({{"served":{},"lost":{},"first_loss":{}}})", followers_->served(), followers_->lost(),
                    json_string(followers_->first_loss())));
  }

  void measure(std::istringstream& line) {
    double rate = 0;
    std::size_t seconds = 0;
    line >> rate >> seconds;
    market_->set_rate(rate);
    followers_->measure(seconds);
    updates_before_ = market_->updates();
    cpu_before_ns_ = load::own_cpu_ns();
    began_ns_ = steady_ns();
    loop_.after(static_cast<std::int64_t>(seconds) * kNsPerSecond, [this] { report(); });
  }

  void report() {
    const std::uint64_t due = market_->updates() - updates_before_;
    const auto cpu = static_cast<double>(load::own_cpu_ns() - cpu_before_ns_);
    std::string seconds;
    for (const auto& second : followers_->seconds()) {
      seconds += fmt::format(R"({}{{"deliveries":{},"p50":{:.3f},"p99":{:.3f}}})", seconds.empty() ? "" : ",",
                             second->updates, ms(second->age.at_percent(50)), ms(second->age.at_percent(99)));
    }
    say(fmt::format(R"({{"due":{},"seconds":[{}],"lost":{},"first_loss":{},"cpu":{:.3f}}})", due, seconds,
                    followers_->lost(), json_string(followers_->first_loss()),
                    cpu / static_cast<double>(steady_ns() - began_ns_)));
  }

  net::Loop loop_;
  Plan plan_;
  SteadyMarket* market_ = nullptr;  // the exchange's
  std::unique_ptr<exchange::Exchange> exchange_;
  std::unique_ptr<Followers> followers_;
  std::string asked_;
  std::int64_t deadline_ns_ = 0;
  std::uint64_t updates_before_ = 0;
  std::int64_t cpu_before_ns_ = 0;
  std::int64_t began_ns_ = 0;
};

}  // namespace
}  // namespace tickcast::bench

int main(int argc, char** argv) {
  const int clients = argc == 3 ? std::atoi(argv[1]) : 0;
  const int symbols = argc == 3 ? std::atoi(argv[2]) : 0;
  if (clients < 1 || symbols < 1 || symbols > 100) {
    std::fprintf(stderr, "rivals_load CLIENTS SYMBOLS (1 to 100)\n");
    return 2;
  }
  tickcast::net::raise_descriptor_limit();
  tickcast::bench::Load(static_cast<std::uint32_t>(clients), static_cast<std::size_t>(symbols)).run();
  return 0;
}
