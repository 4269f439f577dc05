// SPDX-License-Identifier: Apache-2.0
#include "app/admin.h"

#include <thread>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include <fmt/core.h>

#include "app/process_metrics.h"
#include "net/loop.h"
#include "net/socket.h"
#include "ws/server.h"

namespace tickcast::app {
namespace {

constexpr int kNiceness = 10;
constexpr std::size_t kConnectionsMax = 64;

wire::HttpResponse text(int status, std::string body) {
  return {status,
          {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}},
          std::move(body)};
}

ws::ServerOptions server_options() {
  ws::ServerOptions out;
  out.connections_max = kConnectionsMax;
  return out;
}

}  // namespace

struct Admin::Impl final : ws::Application {
  Impl(std::string its_role, Collect its_collect, Ask its_ask)
      : role(std::move(its_role)),
        collect(std::move(its_collect)),
        ask(std::move(its_ask)),
        server(loop, server_options(), *this) {}
  ~Impl() {
    if (!thread.joinable()) return;
    loop.stop();
    thread.join();
  }

  void run() {
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);  // of this thread alone
    loop.run();
  }

  ws::Answer on_request(const wire::HttpRequest& request, bool, const net::Endpoint&) override {
    if (request.method != "GET" && request.method != "HEAD") return text(405, "Only GET is answered here.\n");
    if (request.path == "/metrics") return scrape();
    if (request.path == "/healthz") return text(200, "ok\n");
    if (request.path == "/readyz") return readiness();
    return text(404, "Here are /metrics, /healthz and /readyz.\n");
  }
  // No request is answered with an upgrade.
  void on_open(ws::Connection&, const wire::HttpRequest&) override {}
  void on_message(ws::Connection&, const wire::Message&, std::int64_t) override {}
  void on_writable(ws::Connection&) override {}
  void on_ended(ws::Connection&, const ws::Ended&) override {}

  Readiness now() const { return draining.load() ? Readiness{false, "draining"} : ask(); }

  wire::HttpResponse readiness() const {
    const Readiness readiness = now();
    wire::HttpResponse response = text(readiness.ready ? 200 : 503, readiness.word + "\n");
    if (!readiness.ready) response.headers.emplace_back("Retry-After", "1");
    return response;
  }

  wire::HttpResponse scrape() const {
    metrics::Exposition out;
    out.add("tickcast_build_info", {{"version", TICKCAST_VERSION}, {"role", role}}, 1);
    out.add("tickcast_ready", {}, now().ready ? 1 : 0);
    collect(out);
    add_process_metrics(out);
    wire::HttpResponse response = text(200, out.text());
    response.headers.front().second = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  }

  const std::string role;
  const Collect collect;
  const Ask ask;
  std::atomic<bool> draining{false};
  std::uint16_t port = 0;
  net::Loop loop;
  ws::Server server;
  std::thread thread;
};

Result<std::unique_ptr<Admin>> Admin::start(const wire::ListenAddress& listen, std::string role,
                                            Collect collect, Ask ask) {
  auto listener = net::listen_tcp(listen, {});
  if (!listener)
    return Error{
        fmt::format("metrics and health: {} (--admin chooses another address)", listener.error().message)};
  const auto endpoint = net::local_endpoint(*listener);
  if (!endpoint) return endpoint.error();
  auto impl = std::make_unique<Impl>(std::move(role), std::move(collect), std::move(ask));
  impl->port = endpoint->port();
  impl->server.listen(std::move(*listener));
  impl->thread = std::thread([&impl = *impl] { impl.run(); });
  return std::unique_ptr<Admin>(new Admin(std::move(impl)));
}

Admin::Admin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Admin::~Admin() = default;

std::uint16_t Admin::port() const { return impl_->port; }

void Admin::drain() { impl_->draining = true; }

}  // namespace tickcast::app
