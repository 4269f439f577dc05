// SPDX-License-Identifier: Apache-2.0
//
// Stream: a connected socket, in clear or under TLS, read and written without blocking. Thread: its owner's
// loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "net/socket.h"

namespace tickcast::net {

enum class IoStatus : std::uint8_t {
  ok,           // `bytes` were moved, at least one
  would_block,  // nothing moved; wait for readiness (see Stream::wants_write for TLS)
  closed,       // the peer has closed its side
  failed,       // error text in Stream::failure()
};

struct IoResult {
  IoStatus status = IoStatus::would_block;
  std::size_t bytes = 0;
};

// One side's TLS settings, TLS 1.2 at least. Streams keep what they need of it: it may go before them.
class TlsContext {
 public:
  // The system's trust store (or `ca_file`), host name verified, SNI sent.
  static Result<TlsContext> client(const std::string& ca_file = "");
  // Shows the certificate, followed in its file by those that lead to an authority; both files PEM, the key
  // without a pass phrase. Fails when a file can't be read or the key is not the certificate's.
  static Result<TlsContext> server(const std::string& certificate_file, const std::string& key_file);
  TlsContext(TlsContext&&) noexcept;
  TlsContext& operator=(TlsContext&&) noexcept;
  ~TlsContext();

 private:
  friend class Stream;
  explicit TlsContext(const void* method);
  void* context_;  // SSL_CTX, owned
};

// Small: a server holds very many of those in clear.
class Stream {
 public:
  explicit Stream(Socket socket);
  // As a TLS client of `host_name` (a numeric address is checked against the certificate's addresses, and no
  // SNI is sent).
  Stream(Socket socket, const TlsContext& context, const std::string& host_name);
  // As a TLS server.
  Stream(Socket socket, const TlsContext& context);
  ~Stream();
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&&) = delete;

  int fd() const { return socket_.fd(); }

  // TLS only: one step of the handshake; `ok` when done (at once in clear). `closed`: the client has left, or
  // has reset the connection, before its first byte; an end after that is `failed`.
  IoStatus handshake();

  // REQUIRES: the span is not empty. Under TLS a write moves one record at most, and one that would block
  // must be repeated with the same first kTlsRecordBytes (or all, when they are fewer): the record is made
  // already.
  static constexpr std::size_t kTlsRecordBytes = 16 * 1024;  // RFC 8446 section 5.1
  IoResult read(std::span<char> into);
  IoResult write(std::span<const char> from) { return tls_ ? tls_write(from) : plain_write(from); }

  bool secure() const { return tls_ != nullptr; }
  // A read or handshake step waits for writability (TLS).
  bool wants_write() const;
  // More bytes may be had without the descriptor becoming readable: do not wait for it (TLS).
  bool has_pending() const;
  // What the last `failed` was about, for a log line: "Connection reset by peer", "the certificate of x.org
  // has expired".
  std::string failure() const;

  // Tells the peer that nothing more will be written; reading goes on.
  void shutdown_write();
  // Ends it: the kernel still delivers what was written.
  void close();
  // Ends it so that the peer sees a reset.
  void abort();

 private:
  struct Tls;

  IoResult plain_write(std::span<const char> from);
  IoResult tls_read(std::span<char> into);
  IoResult tls_write(std::span<const char> from);
  IoStatus tls_outcome(int returned);

  Socket socket_;
  int error_ = 0;             // errno of the last failure
  std::unique_ptr<Tls> tls_;  // null in clear
};

}  // namespace tickcast::net
