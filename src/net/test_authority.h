// SPDX-License-Identifier: Apache-2.0
//
// For tests: a certificate authority made on the spot, the certificates it signs, a TLS server that speaks
// with one client in a thread of its own, and a proxy that puts TLS before a server in clear.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/socket.h"

namespace tickcast::net {

class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();

  const std::string& ca_file() const {
    return ca_file_;
  }  // PEM, in the temporary folder; removed with the authority

  struct Certificate {
    std::string name = "DNS:localhost";  // as in subjectAltName
    long not_before_s = -3600;           // from now
    long not_after_s = 3600;
  };
  struct Issued;
  std::shared_ptr<Issued> issue(const Certificate& what) const;
  // The same as a server reads it; the files are removed with the object.
  struct Files {
    std::string certificate;
    std::string key;
    Files() = default;
    Files(Files&&) = default;
    ~Files();
  };
  Files issue_files(const Certificate& what) const;

 private:
  struct Key;
  std::unique_ptr<Key> key_;
  std::string ca_file_;
};

// Accepts one connection, shakes hands, and hands over to `serve`, which reads and writes through the
// functions it is given. Ends with it.
class TestTlsServer {
 public:
  struct Io {
    std::function<std::string()> read;              // what is there, at least a byte; "" at the end
    std::function<void(const std::string&)> write;  // all records of it in one packet, as far as they fit
  };
  TestTlsServer(std::shared_ptr<TestAuthority::Issued> certificate, std::function<void(Io&)> serve,
                int version_max = 0);
  ~TestTlsServer();  // waits for serve

  std::uint16_t port() const { return port_; }
  const std::string& server_name() const {
    return server_name_;
  }  // SNI of the client; read after the server has gone or answered

 private:
  void run(const std::function<void(Io&)>& serve);

  std::shared_ptr<TestAuthority::Issued> certificate_;
  int version_max_;
  Socket listener_;
  std::uint16_t port_ = 0;
  std::string server_name_;
  std::thread thread_;
};

// Takes any number of connections, each in a thread of its own, ends their TLS and passes their bytes on to
// and from a port of this machine.
class TestTlsProxy {
 public:
  TestTlsProxy(std::shared_ptr<TestAuthority::Issued> certificate, std::uint16_t to_port);
  ~TestTlsProxy();  // breaks what is open

  std::uint16_t port() const { return port_; }
  std::vector<std::string> server_names() const;  // SNI of each whose handshake went well

 private:
  void accept_clients();
  void serve(const Socket& client);
  bool readable(int fd, int other_fd) const;  // one of them is; false: the proxy ends

  std::shared_ptr<TestAuthority::Issued> certificate_;
  std::uint16_t to_port_;
  Socket listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> server_names_;  // guarded by mutex_
  std::vector<std::thread> clients_;       // of accept_clients() until it has ended
  std::thread thread_;
};

}  // namespace tickcast::net
