// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

#include <arpa/inet.h>

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/check.h"

namespace tickcast::net {
namespace {

std::string system_text(int error) { return std::generic_category().message(error); }

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

IoResult plain_outcome(ssize_t moved, int& error) {
  if (moved > 0) return {IoStatus::ok, static_cast<std::size_t>(moved)};
  if (moved == 0) return {IoStatus::closed, 0};
  if (would_block(errno)) return {IoStatus::would_block, 0};
  error = errno;
  return {IoStatus::failed, 0};
}

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL: a peer that has gone would kill the process by
// SIGPIPE.

int bio_fd(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int bio_result(BIO* bio, ssize_t moved, int retry_flag) {
  BIO_clear_retry_flags(bio);
  if (moved < 0 && would_block(errno)) BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
  return static_cast<int>(moved);
}

int bio_write(BIO* bio, const char* bytes, int size) {
  const ssize_t sent = send(bio_fd(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  return bio_result(bio, sent, BIO_FLAGS_WRITE);
}

int bio_read(BIO* bio, char* bytes, int size) {
  const ssize_t received = recv(bio_fd(bio), bytes, static_cast<std::size_t>(size), MSG_DONTWAIT);
  return bio_result(bio, received, BIO_FLAGS_READ);
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* bio_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tickcast socket");
    CHECK(made != nullptr && BIO_meth_set_write(made, bio_write) == 1 &&
              BIO_meth_set_read(made, bio_read) == 1 && BIO_meth_set_ctrl(made, bio_control) == 1,
          "OpenSSL refuses a socket method");
    return made;
  }();
  return method;
}

BIO* new_bio(int fd) {
  BIO* bio = BIO_new(bio_method());
  CHECK(bio != nullptr, "OpenSSL is out of memory");
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return bio;
}

bool is_numeric_address(const std::string& host) {
  in6_addr ignored{};
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 || inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

std::string newest_openssl_error() {
  unsigned long code = 0;
  while (const unsigned long next = ERR_get_error()) code = next;
  if (code == 0) return "unknown TLS error";
  if (ERR_GET_LIB(code) == ERR_LIB_SYS) return system_text(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? fmt::format("TLS error {}", code) : reason;
}

std::string certificate_text(long result, const std::string& host) {
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("the certificate of {} has expired", host);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("the certificate of {} is not valid yet; is this machine's clock right?", host);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("the certificate is not for {}", host);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format(
          "the certificate of {} is signed by an authority that is not trusted here; install "
          "ca-certificates, or name the authority's file",
          host);
    default:
      return fmt::format("the certificate of {} can't be trusted: {}", host,
                         X509_verify_cert_error_string(result));
  }
}

// The reasons a person meets, in words; the rest as OpenSSL has them. Empties OpenSSL's list of errors.
std::string openssl_text(const std::string& host) {
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  const std::string text = newest_openssl_error();
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST) {
    return fmt::format("{} does not speak TLS on this port", host);
  }
  if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION) {
    return fmt::format("{} speaks no TLS version from 1.2 on", host);
  }
  return text;
}

}  // namespace

struct Stream::Tls {
  ~Tls() { SSL_free(ssl); }

  SSL* ssl = nullptr;
  std::string host;
  std::string failure;
  bool wants_write = false;
  bool broken = false;  // after a fatal error OpenSSL must not be asked to shut down
};

TlsContext::TlsContext(const void* method) : context_(SSL_CTX_new(static_cast<const SSL_METHOD*>(method))) {
  CHECK(context_ != nullptr, "OpenSSL is out of memory");
  SSL_CTX* const context = static_cast<SSL_CTX*>(context_);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // An end without close_notify looks like any end: whether it was due is the WebSocket's closing handshake
  // to tell.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  ERR_clear_error();
}

Result<TlsContext> TlsContext::client(const std::string& ca_file) {
  TlsContext made(TLS_client_method());
  SSL_CTX* const context = static_cast<SSL_CTX*>(made.context_);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_read_ahead(context, 1);  // a record in one recv instead of two
  const bool trusted = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                       : SSL_CTX_load_verify_file(context, ca_file.c_str()) == 1;
  if (!trusted) {
    return Error{fmt::format("the trusted certificates can't be read from {}: {}",
                             ca_file.empty() ? "the system's store" : ca_file, newest_openssl_error())};
  }
  return made;
}

Result<TlsContext> TlsContext::server(const std::string& certificate_file, const std::string& key_file) {
  TlsContext made(TLS_server_method());
  SSL_CTX* const context = static_cast<SSL_CTX*>(made.context_);
  // Clients talk little: no read-ahead, whose buffer each of them would hold.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets resume sessions
  SSL_CTX_set_num_tickets(context, 1);
  // A key under a pass phrase would be asked for at the terminal.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return Error{
        fmt::format("no certificate can be read from {}: {}", certificate_file, newest_openssl_error())};
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Error{fmt::format("no key for the certificate in {} can be read from {}: {}", certificate_file,
                             key_file, newest_openssl_error())};
  }
  return made;
}

TlsContext::TlsContext(TlsContext&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
TlsContext& TlsContext::operator=(TlsContext&& other) noexcept {
  std::swap(context_, other.context_);
  return *this;
}
TlsContext::~TlsContext() { SSL_CTX_free(static_cast<SSL_CTX*>(context_)); }

Stream::Stream(Socket socket) : socket_(std::move(socket)) {}

Stream::Stream(Socket socket, const TlsContext& context, const std::string& host_name)
    : socket_(std::move(socket)), tls_(std::make_unique<Tls>()) {
  SSL* ssl = SSL_new(static_cast<SSL_CTX*>(context.context_));
  CHECK(ssl != nullptr, "OpenSSL is out of memory");
  tls_->ssl = ssl;
  tls_->host = host_name;
  BIO* bio = new_bio(socket_.fd());
  SSL_set_bio(ssl, bio, bio);
  SSL_set_connect_state(ssl);
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl);
  bool set = false;
  if (is_numeric_address(host_name)) {
    set = X509_VERIFY_PARAM_set1_ip_asc(verify, host_name.c_str()) == 1;
  } else {
    X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    set = SSL_set1_host(ssl, host_name.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host_name.c_str()) == 1;
  }
  CHECK(set, "OpenSSL can't verify this host name");
}

Stream::Stream(Socket socket, const TlsContext& context)
    : socket_(std::move(socket)), tls_(std::make_unique<Tls>()) {
  tls_->ssl = SSL_new(static_cast<SSL_CTX*>(context.context_));
  CHECK(tls_->ssl != nullptr, "OpenSSL is out of memory");
  tls_->host = "the client";
  BIO* bio = new_bio(socket_.fd());
  SSL_set_bio(tls_->ssl, bio, bio);
  SSL_set_accept_state(tls_->ssl);
}

Stream::~Stream() = default;
Stream::Stream(Stream&& other) noexcept = default;

IoStatus Stream::handshake() {
  if (!tls_) return IoStatus::ok;
  ERR_clear_error();
  const int returned = SSL_do_handshake(tls_->ssl);
  if (returned == 1) {
    tls_->wants_write = false;
    return IoStatus::ok;
  }
  const IoStatus status = tls_outcome(returned);
  if (status == IoStatus::would_block) return status;
  if (SSL_is_server(tls_->ssl) == 1 && BIO_number_read(SSL_get_rbio(tls_->ssl)) == 0) return IoStatus::closed;
  if (status != IoStatus::closed) return status;
  tls_->failure = fmt::format("{} closed the connection during the TLS handshake", tls_->host);
  tls_->broken = true;
  return IoStatus::failed;
}

IoResult Stream::read(std::span<char> into) {
  if (tls_) return tls_read(into);
  return plain_outcome(recv(socket_.fd(), into.data(), into.size(), MSG_DONTWAIT), error_);
}

IoResult Stream::plain_write(std::span<const char> from) {
  return plain_outcome(send(socket_.fd(), from.data(), from.size(), MSG_NOSIGNAL | MSG_DONTWAIT), error_);
}

IoResult Stream::tls_read(std::span<char> into) {
  ERR_clear_error();
  const int moved =
      SSL_read(tls_->ssl, into.data(), static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX)));
  if (moved <= 0) return {tls_outcome(moved), 0};
  tls_->wants_write = false;
  return {IoStatus::ok, static_cast<std::size_t>(moved)};
}

IoResult Stream::tls_write(std::span<const char> from) {
  ERR_clear_error();
  const int moved =
      SSL_write(tls_->ssl, from.data(), static_cast<int>(std::min<std::size_t>(from.size(), INT_MAX)));
  if (moved > 0) return {IoStatus::ok, static_cast<std::size_t>(moved)};
  const bool read_waits = tls_->wants_write;
  const IoStatus status = tls_outcome(moved);
  tls_->wants_write = read_waits;  // a write that waits is its caller's to repeat
  return {status, 0};
}

IoStatus Stream::tls_outcome(int returned) {
  const int system_error = errno;
  const int code = SSL_get_error(tls_->ssl, returned);
  tls_->wants_write = code == SSL_ERROR_WANT_WRITE;
  if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) return IoStatus::would_block;
  if (code == SSL_ERROR_ZERO_RETURN) return IoStatus::closed;
  tls_->broken = true;
  const long verified = SSL_get_verify_result(tls_->ssl);
  if (code == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
    if (system_error == 0) return IoStatus::closed;
    error_ = system_error;
  } else if (verified != X509_V_OK) {
    tls_->failure = certificate_text(verified, tls_->host);
  } else {
    tls_->failure = openssl_text(tls_->host);
  }
  return IoStatus::failed;
}

bool Stream::wants_write() const { return tls_ && tls_->wants_write; }

bool Stream::has_pending() const { return tls_ && SSL_has_pending(tls_->ssl) == 1; }

std::string Stream::failure() const {
  if (tls_ && !tls_->failure.empty()) return tls_->failure;
  return error_ == 0 ? "" : system_text(error_);
}

void Stream::shutdown_write() {
  if (tls_ && !tls_->broken && SSL_is_init_finished(tls_->ssl) == 1) SSL_shutdown(tls_->ssl);
  shutdown(socket_.fd(), SHUT_WR);
}

void Stream::close() {
  if (!socket_) return;
  shutdown_write();
  socket_.reset();
}

void Stream::abort() { socket_.abort(); }

}  // namespace tickcast::net
