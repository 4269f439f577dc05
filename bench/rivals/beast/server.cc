// SPDX-License-Identifier: Apache-2.0
//
// A fan-out server as one writes it with Boost.Beast: follows the exchange's streams as a client, and sends
// each event to every session that asked for its symbol. A session has a queue of shared messages and one
// write under way; one io_context, one thread.
//
//   beast_server EXCHANGE_PORT SYMBOL...        says {"port":PORT}; ends with SIGTERM
//   beast_server --version                      of Boost
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/version.hpp>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using Event = std::shared_ptr<const std::string>;

class Session;

// Who wants which symbol.
class Hub {
 public:
  void join(const std::string& symbol, Session* session) { sessions_[symbol].insert(session); }
  void leave(Session* session) {
    for (auto& [symbol, sessions] : sessions_) sessions.erase(session);
  }
  void publish(const std::string& symbol, const Event& event);

 private:
  std::unordered_map<std::string, std::unordered_set<Session*>> sessions_;
};

// What a path such as /ws/btcusdt@bookTicker/ethusdt@bookTicker asks for, in upper case.
std::vector<std::string> symbols_in(std::string_view path) {
  std::vector<std::string> symbols;
  for (std::size_t at = path.find('@'); at != path.npos; at = path.find('@', at + 1)) {
    std::string symbol(path.substr(0, at).substr(path.rfind('/', at) + 1));
    for (char& c : symbol) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    symbols.push_back(std::move(symbol));
  }
  return symbols;
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Hub& hub) : ws_(std::move(socket)), hub_(hub) {}
  ~Session() { hub_.leave(this); }

  void start() {
    beast::get_lowest_layer(ws_).socket().set_option(tcp::no_delay(true));
    http::async_read(ws_.next_layer(), buffer_, request_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       if (!error && websocket::is_upgrade(self->request_)) self->accept();
                     });
  }

  void send(const Event& event) {
    queue_.push_back(event);
    if (queue_.size() == 1) write();
  }

 private:
  void accept() {
    ws_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
    ws_.async_accept(request_, [self = shared_from_this()](beast::error_code error) {
      if (error) return;
      self->ws_.text(true);
      for (const std::string& symbol :
           symbols_in({self->request_.target().data(), self->request_.target().size()}))
        self->hub_.join(symbol, self.get());
      self->read();
    });
  }

  void read() {
    ws_.async_read(buffer_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return self->hub_.leave(self.get());
      self->buffer_.consume(self->buffer_.size());
      self->read();
    });
  }

  void write() {
    ws_.async_write(asio::buffer(*queue_.front()),
                    [self = shared_from_this()](beast::error_code error, std::size_t) {
                      if (error) return self->hub_.leave(self.get());
                      self->queue_.pop_front();
                      if (!self->queue_.empty()) self->write();
                    });
  }

  websocket::stream<beast::tcp_stream> ws_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  Hub& hub_;
  std::deque<Event> queue_;
};

void Hub::publish(const std::string& symbol, const Event& event) {
  const auto found = sessions_.find(symbol);
  if (found == sessions_.end()) return;
  for (Session* session : found->second) session->send(event);
}

class Listener {
 public:
  Listener(asio::io_context& io, Hub& hub) : acceptor_(io, {asio::ip::address_v4::loopback(), 0}), hub_(hub) {
    accept();
  }
  unsigned short port() const { return acceptor_.local_endpoint().port(); }

 private:
  void accept() {
    acceptor_.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (!error) std::make_shared<Session>(std::move(socket), hub_)->start();
      accept();
    });
  }

  tcp::acceptor acceptor_;
  Hub& hub_;
};

// The exchange's raw events.
class Upstream {
 public:
  Upstream(asio::io_context& io, unsigned short port, const std::string& target, Hub& hub)
      : ws_(io), hub_(hub) {
    beast::get_lowest_layer(ws_).socket().connect({asio::ip::address_v4::loopback(), port});
    beast::get_lowest_layer(ws_).socket().set_option(tcp::no_delay(true));
    ws_.handshake("127.0.0.1:" + std::to_string(port), target);
    read();
  }

 private:
  void read() {
    ws_.async_read(buffer_, [this](beast::error_code error, std::size_t) {
      if (error) {
        std::fprintf(stderr, "the exchange ended the connection: %s\n", error.message().c_str());
        std::exit(1);
      }
      pass_on(std::make_shared<const std::string>(beast::buffers_to_string(buffer_.data())));
      buffer_.consume(buffer_.size());
      read();
    });
  }

  void pass_on(const Event& event) {
    constexpr std::string_view kKey = R"("s":")";
    const std::size_t key = event->find(kKey);
    if (key == event->npos) return;
    const std::size_t at = key + kKey.size();
    hub_.publish(event->substr(at, event->find('"', at) - at), event);
  }

  websocket::stream<beast::tcp_stream> ws_;
  beast::flat_buffer buffer_;
  Hub& hub_;
};

std::string target_of(int argc, char** argv) {
  std::string target = "/ws";
  for (int i = 2; i < argc; ++i) {
    std::string symbol = argv[i];
    for (char& c : symbol) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    target += "/" + symbol + "@bookTicker";
  }
  return target;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") return std::puts(BOOST_LIB_VERSION) < 0;
  if (argc < 3) {
    std::fprintf(stderr, "beast_server EXCHANGE_PORT SYMBOL...\n");
    return 2;
  }
  asio::io_context io(1);
  Hub hub;
  Listener listener(io, hub);
  Upstream upstream(io, static_cast<unsigned short>(std::atoi(argv[1])), target_of(argc, argv), hub);
  std::printf("{\"port\":%u}\n", listener.port());
  std::fflush(stdout);
  io.run();
}
