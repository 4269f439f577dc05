// SPDX-License-Identifier: Apache-2.0
#include "plan/measure.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/core.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "emitter/emitter.h"
#include "load/process_use.h"
#include "market/book.h"
#include "net/socket.h"
#include "plan/certificate.h"
#include "plan/crowd.h"
#include "wire/ticker.h"
#include "wire/ws_frame.h"

namespace tickcast::plan {
namespace {

constexpr std::array<std::size_t, 3> kEvents = {1, 10, 50};  // of a send
constexpr std::size_t kListed = kEvents.back();              // symbols that a client follows
constexpr std::size_t kDescriptorsSpare = 100;
constexpr std::size_t kCrowdLeast = 50;
constexpr std::int64_t kRoundLimitNs = 10 * kNsPerSecond;
constexpr std::int64_t kRoundsLimitNs = 3 * kNsPerSecond;  // on a busy machine medians of fewer have to do
constexpr int kRoundsLeast = 3;
constexpr std::int64_t kUpdateGapNs = 500 * kNsPerUs;
constexpr std::int64_t kFirstId = 50'000'000'000;

std::string symbol_name(std::size_t symbol) { return fmt::format("S{:06}", symbol); }

// Every event has the same size, so that bytes tell how much has come.
market::Quote sample_quote(std::int64_t number) {
  market::Quote quote;
  quote.bid_price = *market::Decimal::parse("61685.99000000");
  quote.bid_quantity = *market::Decimal::parse("1.25869000");
  quote.ask_price = *market::Decimal::parse("61686.00000000");
  quote.ask_quantity = *market::Decimal::parse("2.44816000");
  quote.update_id = kFirstId + number;
  return quote;
}

std::string event_text(std::size_t symbol, std::int64_t number) {
  char event[wire::kBookTickerBytesMax];
  return {event, wire::write_book_ticker(event, symbol_name(symbol), sample_quote(number))};
}

double frame_bytes() {
  const std::size_t bytes = event_text(0, 0).size();
  return static_cast<double>(bytes + wire::frame_header_bytes(bytes));
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

std::int64_t own_thread_cpu_ns() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::int64_t{t.tv_sec} * kNsPerSecond + t.tv_nsec;
}

void sleep_until(std::int64_t steady_at_ns) {
  const timespec due{steady_at_ns / kNsPerSecond, steady_at_ns % kNsPerSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) == EINTR) continue;
}

// A line of a file in /proc, behind its "name:"; "" when there is none.
std::string value_in(const char* path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t at = line.find_first_not_of(" \t", line.find(':') + 1);
    return at == std::string::npos ? "" : line.substr(at);
  }
  return "";
}

double slab_bytes() {
  const std::string kib = value_in("/proc/meminfo", "Slab");
  return kib.empty() ? 0 : std::strtod(kib.c_str(), nullptr) * 1024;
}

double resident_bytes() {
  const auto use = load::use_of_process(getpid());
  return use ? static_cast<double>(use->memory_bytes) : 0;
}

std::string machine_text(unsigned cores) {
  const std::string model = value_in("/proc/cpuinfo", "model name");
  utsname system{};
  uname(&system);
  return fmt::format("{} core{}, {}{}Linux {}", cores, cores == 1 ? "" : "s", model,
                     model.empty() ? "" : ", ", system.release);
}

// A market, and a server of one shard that follows it.
class Served {
 public:
  static Result<std::unique_ptr<Served>> start(std::size_t symbols, const Certificate* certificate) {
    auto out = std::make_unique<Served>();
    for (std::size_t i = 0; i < symbols; ++i) out->ids_.push_back(*out->symbols_.put_name(symbol_name(i)));
    emitter::Options options;
    options.listen = {"127.0.0.1", 0};
    options.shards = 1;
    options.drain_ns = 0;
    if (certificate != nullptr) {
      options.tls_certificate_file = certificate->certificate_file();
      options.tls_key_file = certificate->key_file();
    }
    auto started = emitter::Emitter::start(options, out->symbols_, out->book_);
    if (!started) return started.error();
    out->emitter_ = std::move(*started);
    for (std::size_t i = 0; i < symbols; ++i) out->admit(i);
    out->book_.publish();
    return out;
  }

  std::uint16_t port() const { return emitter_->port(); }

  void admit(std::size_t symbol) { book_.admit(ids_[symbol], sample_quote(++number_)); }
  void publish() { book_.publish(); }

 private:
  market::SymbolTable symbols_;
  market::Book book_;
  std::vector<market::SymbolId> ids_;
  std::int64_t number_ = 0;
  std::unique_ptr<emitter::Emitter> emitter_;
};

// A crowd with the symbols that it follows, and what its rounds cost.
struct Group {
  Served* server = nullptr;
  std::size_t first_symbol = 0;  // of kListed
  double more_bytes = 0;         // of a send, beside its frames
  std::optional<Crowd> crowd;
  double connect_ns = 0;
  double client_bytes = 0;  // user space
  double kernel_bytes = 0;  // of both ends
  std::array<std::vector<double>, kEvents.size()> costs_ns;

  double cost_ns(std::size_t size) const { return median(costs_ns[size]); }
  SendCost line() const {
    std::array<Sample, kEvents.size()> samples;
    for (std::size_t i = 0; i < kEvents.size(); ++i)
      samples[i] = {static_cast<double>(kEvents[i]) * frame_bytes(), cost_ns(i)};
    return fit(samples);
  }
};

class Measuring {
 public:
  explicit Measuring(const Effort& effort) : effort_(effort) {}

  Result<Measurement> run() {
    const Status done = prepare();
    if (!done) return done.error();
    for (Group* group : {&few_, &own_, &tls_}) {
      if (const Status opened = open(*group, effort_.few); !opened) return opened.error();
    }
    Group* const small[] = {&few_, &own_, &tls_};
    if (const Status gone = go_rounds(small, effort_.rounds); !gone) return gone.error();
    if (const Status opened = open(many_, many_clients_); !opened) return opened.error();
    Group* const large[] = {&many_};
    if (const Status gone = go_rounds(large, effort_.many_rounds); !gone) return gone.error();
    if (const Status followed = follow(); !followed) return followed.error();
    return found();
  }

 private:
  Status prepare() {
    const std::size_t descriptors = net::raise_descriptor_limit();
    const std::size_t taken = 6 * effort_.few + kDescriptorsSpare;
    if (descriptors < taken + 2 * kCrowdLeast)
      return Error{
          fmt::format("{} descriptors are too few to measure with: raise the limit (ulimit -n) to {}",
                      descriptors, taken + 2 * effort_.many)};
    many_clients_ =
        static_cast<std::uint32_t>(std::min<std::size_t>(effort_.many, (descriptors - taken) / 2));
    auto certificate = Certificate::make();
    if (!certificate) return certificate.error();
    certificate_.emplace(std::move(*certificate));
    auto tls = net::TlsContext::client(certificate_->certificate_file());
    if (!tls) return tls.error();
    tls_context_.emplace(std::move(*tls));
    auto plain = Served::start(3 * kListed + effort_.few + 1, nullptr);
    if (!plain) return plain.error();
    auto secure = Served::start(kListed, &*certificate_);
    if (!secure) return secure.error();
    plain_ = std::move(*plain);
    secure_ = std::move(*secure);
    few_.server = own_.server = many_.server = plain_.get();
    tls_.server = secure_.get();
    own_.first_symbol = kListed;
    many_.first_symbol = 2 * kListed;
    tls_.more_bytes = kTlsMoreBytes;
    return Done{};
  }

  // Those of the second group follow one symbol more each, another one, which never changes: no two lists are
  // equal.
  std::string target_of(const Group& group, std::uint32_t client) const {
    std::string target = "/ws";
    for (std::size_t i = 0; i < kListed; ++i)
      target += fmt::format("/{}@bookTicker", market::to_lower_ascii(symbol_name(group.first_symbol + i)));
    if (&group == &own_)
      target += fmt::format("/{}@bookTicker", market::to_lower_ascii(symbol_name(3 * kListed + client)));
    return target;
  }

  // Fewer than `most` where connecting them takes too long.
  Status open(Group& group, std::uint32_t most) {
    const double resident = resident_bytes();
    const double slab = slab_bytes();
    const std::int64_t cpu_ns = shard_cpu_ns();
    CrowdOptions options;
    options.port = group.server->port();
    options.clients = most;
    options.clients_least = std::min<std::uint32_t>(most, kCrowdLeast);
    options.target = [&](std::uint32_t client) { return target_of(group, client); };
    if (&group == &tls_) options.tls = &*tls_context_;
    auto crowd = Crowd::open(options, drain_);
    if (!crowd) return crowd.error();
    drain_.wait_for_quiet();
    group.crowd.emplace(std::move(*crowd));
    const double clients = group.crowd->size();
    group.connect_ns = static_cast<double>(shard_cpu_ns() - cpu_ns) / clients;
    group.client_bytes = std::max(0.0, resident_bytes() - resident) / clients;
    group.kernel_bytes = std::max(0.0, slab_bytes() - slab) / clients;
    return Done{};
  }

  // So many for each, in turn; fewer where they take too long.
  Status go_rounds(std::span<Group* const> groups, int rounds) {
    const std::int64_t end_ns = steady_ns() + kRoundsLimitNs;
    for (int i = 0; i < rounds && (i < kRoundsLeast || steady_ns() < end_ns); ++i) {
      for (Group* group : groups) {
        if (const Status gone = go_round(*group); !gone) return gone.error();
      }
    }
    return Done{};
  }

  // One for each size.
  Status go_round(Group& group) {
    for (std::size_t size = 0; size < kEvents.size(); ++size) {
      const double bytes = static_cast<double>(kEvents[size]) * frame_bytes() + group.more_bytes;
      const std::uint32_t clients = group.crowd->size();
      drain_.expect(static_cast<std::uint64_t>(bytes) * clients);
      const std::int64_t before_ns = shard_cpu_ns();
      for (std::size_t i = 0; i < kEvents[size]; ++i) group.server->admit(group.first_symbol + i);
      group.server->publish();
      if (!drain_.wait(kRoundLimitNs))
        return Error{
            fmt::format("{} clients on this machine did not get their quotes within {} s: is it that busy?",
                        clients, kRoundLimitNs / kNsPerSecond)};
      group.costs_ns[size].push_back(static_cast<double>(shard_cpu_ns() - before_ns) / clients);
    }
    return Done{};
  }

  // Updates of a symbol that nobody follows, each alone: read, parsed and admitted by a thread of their own,
  // as a feed does.
  Status follow() {
    const std::size_t symbol = 3 * kListed + effort_.few;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
      return Error{"no descriptor is left; raise the limit (ulimit -n)"};
    const net::Socket exchange(ends[0]);
    const net::Socket feed(ends[1]);
    const std::int64_t before_ns = shard_cpu_ns();
    std::int64_t ingest_ns = 0;
    std::thread ingest([&] {
      ingest_updates(feed, symbol);
      ingest_ns = own_thread_cpu_ns();
    });
    const std::int64_t began_ns = steady_ns();
    for (int i = 1; i <= effort_.updates; ++i) {
      sleep_until(began_ns + i * kUpdateGapNs);
      const std::string event = event_text(symbol, i);
      if (send(exchange.fd(), event.data(), event.size(), MSG_NOSIGNAL) < 0) break;
    }
    shutdown(exchange.fd(), SHUT_WR);
    ingest.join();
    follow_ns_ = static_cast<double>(shard_cpu_ns() - before_ns - ingest_ns) / effort_.updates;
    ingest_ns_ = static_cast<double>(ingest_ns) / effort_.updates;
    return Done{};
  }

  void ingest_updates(const net::Socket& feed, std::size_t symbol) {
    char text[wire::kBookTickerBytesMax];
    ssize_t bytes = 0;
    while ((bytes = recv(feed.fd(), text, sizeof text, 0)) > 0) {
      wire::Ticker ticker;
      if (!wire::scan_ticker({text, static_cast<std::size_t>(bytes)}, ticker)) continue;
      plain_->admit(symbol);
      plain_->publish();
    }
  }

  // Of the shards: what the process took and neither this thread nor the drain did.
  std::int64_t shard_cpu_ns() const {
    const std::int64_t others_ns = drain_.cpu_ns() + own_thread_cpu_ns();
    return load::own_cpu_ns() - others_ns;
  }

  Measurement found() const {
    Measurement out;
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    out.machine = machine_text(cores);
    out.cores = cores;
    const SendCost few = few_.line();
    const SendCost many = many_.line();
    const SendCost tls = tls_.line();
    const std::size_t largest = kEvents.size() - 1;
    out.few_clients = few_.crowd->size();
    out.few_send_ns = few.base_ns;
    out.few_byte_ns = few.byte_ns;
    out.many_clients = many_.crowd->size();
    out.many_send_ns = many.base_ns;
    out.many_byte_ns = many.byte_ns;
    out.event_ns = std::max(0.0, own_.cost_ns(largest) - few_.cost_ns(largest)) / kListed;
    out.tls_record_ns = std::max(0.0, tls.base_ns - few.base_ns);
    out.tls_byte_ns = std::max(0.0, tls.byte_ns - few.byte_ns);
    out.connect_ns = many_.connect_ns;
    out.tls_connect_ns = tls_.connect_ns;
    out.ingest_ns = ingest_ns_;
    out.follow_ns = follow_ns_;
    out.client_bytes = many_.client_bytes;
    out.stream_bytes = std::max(0.0, own_.client_bytes - few_.client_bytes) / (kListed + 1);
    out.tls_bytes = std::max(0.0, tls_.client_bytes - many_.client_bytes);
    out.kernel_bytes = many_.kernel_bytes / 2;  // the other half is the clients'
    return out;
  }

  static constexpr double kTlsMoreBytes = 22;  // a record's, of TLS 1.3, which both ends speak

  const Effort effort_;
  std::uint32_t many_clients_ = 0;
  Drain drain_;
  std::optional<Certificate> certificate_;
  std::optional<net::TlsContext> tls_context_;
  std::unique_ptr<Served> plain_;
  std::unique_ptr<Served> secure_;
  Group few_;   // one list of all
  Group own_;   // a list each
  Group tls_;   // one list, under TLS
  Group many_;  // one list, of very many
  double follow_ns_ = 0;
  double ingest_ns_ = 0;
};

}  // namespace

SendCost fit(std::span<const Sample> samples) {
  // Least squares of the proportional error: each sample weighs 1 / cost^2.
  double weight = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const Sample& sample : samples) {
    const double w = 1 / (sample.cost_ns * sample.cost_ns);
    weight += w;
    x += w * sample.bytes;
    y += w * sample.cost_ns;
    xx += w * sample.bytes * sample.bytes;
    xy += w * sample.bytes * sample.cost_ns;
  }
  const double spread = weight * xx - x * x;
  const double slope = spread > 0 ? std::max(0.0, (weight * xy - x * y) / spread) : 0;
  return {(y - slope * x) / weight, slope};
}

Result<Measurement> measure(const Effort& effort) { return Measuring(effort).run(); }

}  // namespace tickcast::plan
