// SPDX-License-Identifier: Apache-2.0
#include "emitter/emitter.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <sched.h>

#include "base/check.h"
#include "base/log.h"
#include "emitter/lookups.h"
#include "emitter/shard.h"
#include "net/socket.h"
#include "net/tls_identity.h"

namespace tickcast::emitter {

namespace {

// In turn to the processors that this process may use.
void pin(std::vector<std::thread>& threads) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) == 0) return;
  std::size_t processor = CPU_SETSIZE - 1;
  for (std::thread& thread : threads) {
    do processor = (processor + 1) % CPU_SETSIZE;
    while (!CPU_ISSET(processor, &allowed));
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    if (pthread_setaffinity_np(thread.native_handle(), sizeof one, &one) != 0)
      log_warning("emitter", "a shard can't be pinned to processor {}", processor);
  }
}

}  // namespace

struct Emitter::Impl {
  Impl(const Options& from, const market::SymbolTable& symbols, const market::Book& book)
      : options(from), lookups(symbols, book) {
    if (options.shards == 0) options.shards = std::max(1u, std::thread::hardware_concurrency());
  }

  Options options;
  std::unique_ptr<net::TlsIdentity> tls;  // null: in clear
  Lookups lookups;
  const std::size_t descriptors = net::raise_descriptor_limit();  // free at the start
  std::uint16_t port = 0;
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<std::thread> threads;
};

Result<std::unique_ptr<Emitter>> Emitter::start(const Options& options, const market::SymbolTable& symbols,
                                                market::Book& book) {
  auto impl = std::make_unique<Impl>(options, symbols, book);
  if (!options.tls_certificate_file.empty()) {
    auto loaded = net::TlsIdentity::load(options.tls_certificate_file, options.tls_key_file);
    if (!loaded) return loaded.error();
    impl->tls = std::move(*loaded);
  }

  // Shards share the port, which the kernel would let another process of ours do too: so first take it alone.
  wire::ListenAddress address = options.listen;
  {
    auto alone = net::listen_tcp(address, {});
    if (!alone) return alone.error();
    const auto bound = net::local_endpoint(*alone);
    if (!bound) return bound.error();
    impl->port = address.port = bound->port();
  }
  for (std::size_t i = 0; i < impl->options.shards; ++i) {
    auto listener = net::listen_tcp(address, {.reuse_port = true,
                                              .send_buffer_bytes = options.send_buffer_bytes,
                                              .unsent_bytes = options.unsent_bytes});
    if (!listener) return listener.error();
    impl->shards.push_back(
        std::make_unique<Shard>(impl->options, impl->tls.get(), symbols, book, impl->lookups));
    impl->shards.back()->listen(std::move(*listener));
  }
  for (const auto& shard : impl->shards) impl->threads.emplace_back([&shard = *shard] { shard.run(); });
  if (options.pin) pin(impl->threads);
  log_info("emitter", "{} shards serve on port {}", impl->options.shards, impl->port);
  return std::unique_ptr<Emitter>(new Emitter(std::move(impl)));
}

Emitter::Emitter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Emitter::~Emitter() { stop(); }

void Emitter::stop() {
  if (impl_->threads.empty()) return;
  for (const auto& shard : impl_->shards) shard->stop();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->threads.clear();
}

std::size_t Emitter::shards() const { return impl_->shards.size(); }

void Emitter::post(std::size_t shard, std::function<void()> callback) {
  CHECK(shard < impl_->shards.size(), "there is no such shard");
  impl_->shards[shard]->post(std::move(callback));
}

void Emitter::set_admission(const Admission& admission) {
  for (const auto& shard : impl_->shards) shard->set_admission(admission);
}

void Emitter::set_fastest_pace(std::int64_t pace_ns) {
  for (const auto& shard : impl_->shards) shard->set_fastest_pace(pace_ns);
}

ClientReading Emitter::read_metrics() const {
  ClientReading out;
  for (const auto& shard : impl_->shards) shard->add_to(out);
  // Each shard may have what descriptors allow, all together no more.
  out.clients_max = std::min<std::uint64_t>(out.clients_max, impl_->descriptors);
  return out;
}

bool Emitter::under_tls() const { return impl_->tls != nullptr; }

Status Emitter::reload_certificate() { return impl_->tls ? impl_->tls->reload() : Done{}; }

std::uint16_t Emitter::port() const { return impl_->port; }

}  // namespace tickcast::emitter
