// SPDX-License-Identifier: Apache-2.0
//
// For tests: a certificate authority made on the spot, the certificates it signs, and a TLS server that
// speaks with one client at a time in a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

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

}  // namespace tickcast::net
