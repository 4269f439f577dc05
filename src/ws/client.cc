// SPDX-License-Identifier: Apache-2.0
#include "ws/client.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/check.h"
#include "ws/random.h"

namespace tickcast::ws {

// The dial, step by step; afterwards the keeper of the connection.
struct Client::Impl final : private net::Ready, public std::enable_shared_from_this<Impl> {
  using Step = DialFailure::Step;

  Impl(net::Loop& its_loop, net::Background& its_background, const wire::Url& its_url, std::string its_target,
       const net::TlsContext* its_tls, const ClientOptions& its_options, ClientEvents& its_events)
      : loop(its_loop),
        background(its_background),
        url(its_url),
        target(std::move(its_target)),
        tls(its_tls),
        options(its_options),
        events(its_events) {}

  void start();
  void drop();

  void on_resolved(const Result<std::vector<net::Endpoint>>& result);
  void connect_next();
  void on_ready(std::uint32_t what) override;
  void on_connected();
  void shake_tls();
  void send_request();
  void read_response();
  void take_response();
  void open(std::size_t head_bytes);

  void watch(std::uint32_t interest);
  void release_socket();
  void time_out();
  void fail(DialFailure failure);
  void fail(Step at, std::string why) { fail(DialFailure{at, 0, {}, std::move(why)}); }

  net::Loop& loop;
  net::Background& background;
  const wire::Url url;
  const std::string target;
  const net::TlsContext* const tls;
  const ClientOptions options;
  ClientEvents& events;
  const ConnectionOwner owner{loop, wire::Role::client, options.connection, events};

  Step step = Step::resolve;
  bool finished = false;  // open, failed or dropped: the dial calls nobody any more
  std::int64_t deadline_ns = 0;
  net::Loop::TimerId deadline_timer = 0;
  net::Loop::TimerId address_timer = 0;
  std::vector<net::Endpoint> addresses;
  std::size_t next_address = 0;
  std::string last_error = "the host has no address";
  net::Socket connecting;               // step connect
  std::unique_ptr<net::Stream> stream;  // the steps after it
  std::string key;
  std::string out;
  std::size_t written = 0;
  std::string in;
  std::unique_ptr<Connection> connection;
};

void Client::Impl::start() {
  CHECK(!url.secure() || tls != nullptr, "a wss address was dialled without TLS settings");
  deadline_ns = steady_ns() + options.dial_timeout_ns;
  deadline_timer = loop.at(deadline_ns, [this] { time_out(); });
  if (options.to) {
    loop.post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->on_resolved(std::vector{*self->options.to});
    });
    return;
  }
  const bool queued =
      background.run([host = url.host, port = url.port] { return net::resolve(host, port); },
                     [weak = weak_from_this()](const Result<std::vector<net::Endpoint>>& result) {
                       if (const auto self = weak.lock()) self->on_resolved(result);
                     });
  if (!queued) {
    loop.post([weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->fail(Step::resolve, "too many host names wait to be looked up");
    });
  }
}

void Client::Impl::drop() {
  finished = true;
  loop.cancel(deadline_timer);
  loop.cancel(address_timer);
  release_socket();
  if (connection) connection->abandon();
}

void Client::Impl::on_resolved(const Result<std::vector<net::Endpoint>>& result) {
  if (finished) return;
  if (!result) return fail(Step::resolve, result.error().message);
  addresses = *result;
  step = Step::connect;
  connect_next();
}

void Client::Impl::connect_next() {
  release_socket();
  loop.cancel(address_timer);
  while (next_address < addresses.size()) {
    const std::size_t left = addresses.size() - next_address;
    auto socket = net::start_connect(addresses[next_address++], options.connect);
    if (!socket) {
      last_error = socket.error().message;
      continue;
    }
    connecting = std::move(socket).value();
    loop.add(connecting.fd(), net::kWritable, *this);
    if (left > 1) {
      // A black hole at one address must not use up the time of the others.
      const std::int64_t share = (deadline_ns - steady_ns()) / static_cast<std::int64_t>(left);
      address_timer = loop.after(share, [this] {
        last_error = "no answer";
        connect_next();
      });
    }
    return;
  }
  fail(Step::connect, fmt::format("can't connect to {}:{}: {}", url.host, url.port, last_error));
}

void Client::Impl::on_ready(std::uint32_t what) {
  switch (step) {
    case Step::connect:
      return on_connected();
    case Step::tls:
      return shake_tls();
    case Step::handshake:
      if (written < out.size()) return send_request();
      if ((what & ~net::kWritable) || stream->wants_write()) return read_response();
      return;
    case Step::resolve:
    case Step::timeout:
      return;
  }
}

void Client::Impl::on_connected() {
  const Status outcome = net::connect_outcome(connecting);
  if (!outcome) {
    last_error = outcome.error().message;
    return connect_next();
  }
  loop.cancel(address_timer);
  net::Socket socket = std::move(connecting);
  if (url.secure()) {
    stream = std::make_unique<net::Stream>(std::move(socket), *tls, url.host);
    step = Step::tls;
    return shake_tls();
  }
  stream = std::make_unique<net::Stream>(std::move(socket));
  step = Step::handshake;
  send_request();
}

void Client::Impl::shake_tls() {
  const net::IoStatus status = stream->handshake();
  if (status == net::IoStatus::would_block)
    return watch(stream->wants_write() ? net::kWritable : net::kReadable);
  if (status != net::IoStatus::ok) {
    return fail(Step::tls,
                fmt::format("no secure connection to {}:{}: {}", url.host, url.port, stream->failure()));
  }
  step = Step::handshake;
  send_request();
}

void Client::Impl::send_request() {
  if (out.empty()) {
    key = random_handshake_key();
    out = wire::handshake_request(url.authority(), target, key);
  }
  while (written < out.size()) {
    const net::IoResult result = stream->write(std::span<const char>(out).subspan(written));
    if (result.status == net::IoStatus::would_block) return watch(net::kWritable);
    if (result.status != net::IoStatus::ok) {
      return fail(Step::handshake,
                  fmt::format("{}:{} broke the connection: {}", url.host, url.port, stream->failure()));
    }
    written += result.bytes;
  }
  watch(net::kReadable);
}

void Client::Impl::read_response() {
  const std::span<char> buffer = loop.read_buffer();
  while (!finished) {
    const net::IoResult result = stream->read(buffer);
    if (result.status == net::IoStatus::would_block)
      return watch(net::kReadable | (stream->wants_write() ? net::kWritable : 0));
    if (result.status != net::IoStatus::ok) {
      const std::string why =
          result.status == net::IoStatus::closed ? "closed by the server" : stream->failure();
      return fail(Step::handshake,
                  fmt::format("the connection to {}:{} broke before the WebSocket was open: {}", url.host,
                              url.port, why));
    }
    in.append(buffer.data(), result.bytes);
    take_response();
  }
}

void Client::Impl::take_response() {
  const wire::ParsedResponse parsed = wire::parse_response_head(in);
  if (parsed.status == wire::HeadStatus::need_more) return;
  if (parsed.status != wire::HeadStatus::complete) {
    return fail(Step::handshake, fmt::format("{}:{} does not speak HTTP", url.host, url.port));
  }
  const wire::HttpResponse& response = parsed.response;
  if (response.status != 101) {
    return fail({Step::handshake, response.status, response.headers,
                 fmt::format("{}:{} answered {} instead of opening a WebSocket", url.host, url.port,
                             response.status)});
  }
  const Status checked = wire::check_handshake_response(response, key);
  if (!checked)
    return fail(Step::handshake, fmt::format("{}:{}: {}", url.host, url.port, checked.error().message));
  open(parsed.consumed);
}

void Client::Impl::open(std::size_t head_bytes) {
  finished = true;
  loop.cancel(deadline_timer);
  std::string rest = in.substr(head_bytes);
  in = {};
  out = {};
  loop.remove(stream->fd(), *this);
  connection = std::make_unique<Connection>(owner, std::move(*std::exchange(stream, nullptr)));
  events.on_open(*connection);
  if (!connection->ended()) connection->start(rest);
}

void Client::Impl::watch(std::uint32_t interest) { loop.change(stream->fd(), interest, *this); }

void Client::Impl::release_socket() {
  if (connecting) loop.remove(connecting.fd(), *this);
  connecting.reset();
  if (!stream) return;
  loop.remove(stream->fd(), *this);
  stream->abort();
  stream.reset();
}

void Client::Impl::time_out() {
  const char* doing = step == Step::resolve   ? "looking its name up"
                      : step == Step::connect ? "connecting"
                      : step == Step::tls     ? "the TLS handshake"
                                              : "waiting for its answer";
  fail(Step::timeout,
       fmt::format("{}:{} was not reached within {:.1f} s: the time ran out while {}", url.host, url.port,
                   static_cast<double>(options.dial_timeout_ns) * 1e-9, doing));
}

void Client::Impl::fail(DialFailure failure) {
  drop();
  events.on_dial_failed(failure);
}

Client::Client(net::Loop& loop, net::Background& background, const wire::Url& url, std::string target,
               const net::TlsContext* tls, const ClientOptions& options, ClientEvents& events)
    : impl_(std::make_shared<Impl>(loop, background, url, std::move(target), tls, options, events)) {
  impl_->start();
}

Client::~Client() {
  impl_->drop();
  // We may be inside one of its calls.
  net::Loop& loop = impl_->loop;
  loop.dispose(std::make_unique<std::shared_ptr<Impl>>(std::move(impl_)));
}

Connection* Client::connection() {
  Connection* const made = impl_->connection.get();
  return made != nullptr && !made->ended() ? made : nullptr;
}

}  // namespace tickcast::ws
